"""A configuration of the plugin, for stacks that speak to several clouds or as several users."""

from __future__ import annotations

import pulumi
from pulumi import Input

from pulumi_pextra.declared import PACKAGE


class Provider(pulumi.ProviderResource):
    """How to reach one cloud; what is not given is the stack's configuration's, the environment's or the profile's.

    Args:
        resource_name: what the program calls it.
        opts: of the resource.
        endpoint: address of the API, or several of the same cloud, separated by commas.
        token: the bearer token; kept as a secret.
        tenant: whose the objects are when a resource does not say.
        ca: file with certificates to trust instead of the system's.
        profile: of the `pextra` command.
        timeout_s: deadline of one call, retries included.
        ready_timeout_s: how long an object may take to become ready or to go.
    """

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        endpoint: Input[str] | None = None,
        token: Input[str] | None = None,
        tenant: Input[str] | None = None,
        ca: Input[str] | None = None,
        profile: Input[str] | None = None,
        timeout_s: Input[float] | None = None,
        ready_timeout_s: Input[float] | None = None,
    ) -> None:
        given = {
            "endpoint": endpoint,
            "token": None if token is None else pulumi.Output.secret(token),
            "tenant": tenant,
            "ca": ca,
            "profile": profile,
            "timeout_s": timeout_s,
            "ready_timeout_s": ready_timeout_s,
        }
        merged = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(additional_secret_outputs=["token"]), opts)
        super().__init__(
            PACKAGE, resource_name, {name: each for name, each in given.items() if each is not None}, merged
        )
