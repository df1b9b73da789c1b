"""A resource that the plugin looks after."""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi

from pextra_client.discovery import Kind
from pulumi_pextra.declared import PACKAGE, Declared


class NativeObject(Declared, pulumi.CustomResource):
    """A resource that the plugin `pulumi-resource-pextra` looks after."""

    _token: ClassVar[str]

    def __init_subclass__(cls, type_name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._token = f"{PACKAGE}:index:{type_name}"

    def _register(self, kind: Kind, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        del kind  # the type says it
        pulumi.CustomResource.__init__(self, self._token, name, inputs, opts)
