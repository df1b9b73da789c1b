"""The one place where it is decided who may do what.

A principal does everything in its own tenant and in its descendants, but changes its own tenant and its own quota
only from above. Cloud-wide kinds are written by the cloud's own tenant; flavors are read by all. An object that may
not be read does not exist for the caller.
"""

from __future__ import annotations

from typing import NoReturn

from pextra.declaration.kind import Kind, Scope
from pextra.errors import PextraError
from pextra.services.cloud import Address, Principal

READ = "read"
_READ_BY_ALL = frozenset({"flavor"})
_WRITTEN_FROM_ABOVE = frozenset({"tenant", "quota"})


def absent(address: Address) -> NoReturn:
    """The answer for what is not there and for what may not be seen.

    Raises:
        PextraError: `object.not_found`.
    """
    raise PextraError("object.not_found", f"There is no {address}.")


def may_read(principal: Principal, kind: Kind, tenant: str | None, name: str) -> bool:
    """Whether the principal may read the object that is, or would be, at this address."""
    if kind.scope is Scope.TENANT:
        return tenant is not None and principal.reaches(tenant)
    if kind.name == "tenant":
        return principal.reaches(name)
    return principal.is_cloud or kind.name in _READ_BY_ALL


def may_list(principal: Principal, kind: Kind, tenant: str | None) -> bool:
    """Whether the principal may list the kind there.

    Every principal may list tenants: it sees those that it reaches.
    """
    if kind.scope is Scope.TENANT:
        return tenant is not None and principal.reaches(tenant)
    return kind.name == "tenant" or principal.is_cloud or kind.name in _READ_BY_ALL


def require(principal: Principal, address: Address, verb: str) -> None:
    """Refuse unless the principal may do `verb` to what is at `address`.

    Args:
        verb: `read`, `create`, `update`, `delete` or the name of an action.

    Raises:
        PextraError: `object.not_found` when it may not even read it; `auth.denied` with the action's name.
    """
    kind = address.kind
    if not may_read(principal, kind, address.tenant, address.name):
        absent(address)
    if verb == READ:
        return
    if kind.scope is Scope.CLOUD and kind.name != "tenant":
        allowed = principal.is_cloud
    elif kind.name in _WRITTEN_FROM_ABOVE:
        allowed = principal.is_above(address.name if kind.name == "tenant" else address.tenant or "")
    else:
        allowed = True
    if not kind.writable and verb in ("create", "update", "delete"):
        raise denied(kind, verb, f"{kind.plural} are made by the product only")
    if not allowed:
        raise denied(kind, verb, f"user {principal.name!r} of tenant {principal.tenant_path!r} may not")


def denied(kind: Kind, verb: str, why: str) -> PextraError:
    """The refusal of something that the caller may see."""
    action = f"{kind.name}.{verb}"
    return PextraError("auth.denied", f"Not allowed: {action}: {why}.", action=action)
