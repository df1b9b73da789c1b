"""Look-ups by the program itself, with the configuration that the dynamic provider has too."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Input

from pextra_client.client import Client
from pextra_client.discovery import Catalog
from pextra_client.errors import ClientError
from pulumi_pextra import properties, settings
from pulumi_pextra.failures import Failure, told_of

_lock = threading.Lock()
_client: Client | None = None


class Found(dict[str, Any]):
    """An object that is there: its properties, as items and as attributes. Secrets and credentials are not told."""

    def __getattr__(self, name: str) -> Any:
        """A property, by its name."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no property {name!r}; there are {', '.join(sorted(self))}") from None


def found(client: Client, kind_name: str, name: str, tenant: str | None) -> dict[str, Any]:
    """The properties of an object.

    Raises:
        Failure: there is none, or the API cannot be asked.
    """
    kind = Catalog.bundled().find(kind_name)
    with told_of(kind.label(name, tenant or client.tenant)):
        obj = client.get(kind, name, tenant=tenant)
    told = properties.outputs_of(kind, obj, {})
    del told[properties.MEMORY]
    return {"id": properties.identifier(obj), **told}


def look(kind_name: str, name: str, *, tenant: str | None, opts: pulumi.InvokeOptions | None) -> Found:
    """An object, now.

    Raises:
        Failure: there is none, or the API cannot be asked.
    """
    del opts  # the dynamic provider has one configuration
    return Found(found(_configured(), kind_name, name, tenant))


def look_output(
    kind_name: str, name: Input[str], *, tenant: Input[str | None], opts: pulumi.InvokeOptions | None
) -> pulumi.Output[Found]:
    """An object, once its name is known."""

    def asked(given: Mapping[str, Any]) -> Found:
        return look(kind_name, given["name"], tenant=given.get("tenant"), opts=opts)

    return pulumi.Output.all(name=name, tenant=tenant).apply(asked)


def _configured() -> Client:
    global _client  # noqa: PLW0603 - one connection for a program
    with _lock:
        if _client is None:
            config = pulumi.Config("pextra")
            try:
                _client = settings.connect({name: config.get(name) for name in settings.NAMES}).client
            except ClientError as error:
                raise Failure(str(error)) from error
        return _client
