"""Look-ups by the plugin, so that they follow the provider that a program names."""

from __future__ import annotations

from typing import Any, cast

import pulumi
from pulumi import Input

from pulumi_pextra.declared import PACKAGE
from pulumi_pextra.looking import Found


def look(kind_name: str, name: str, *, tenant: str | None, opts: pulumi.InvokeOptions | None) -> Found:
    """An object, now."""
    value: Any = pulumi.runtime.invoke(_token(kind_name), _asked(name, tenant), opts or pulumi.InvokeOptions()).value
    return Found(value or {})


def look_output(
    kind_name: str, name: Input[str], *, tenant: Input[str | None], opts: pulumi.InvokeOptions | None
) -> pulumi.Output[Found]:
    """An object, once its name is known."""
    told = pulumi.runtime.invoke_output(_token(kind_name), _asked(name, tenant), opts or pulumi.InvokeOptions())
    return told.apply(lambda each: Found(cast("dict[str, Any]", each or {})))


def _token(kind_name: str) -> str:
    return f"{PACKAGE}:index:get{''.join(part.capitalize() for part in kind_name.split('_'))}"


def _asked(name: Any, tenant: Any) -> dict[str, Any]:
    return {"name": name} if tenant is None else {"name": name, "tenant": tenant}
