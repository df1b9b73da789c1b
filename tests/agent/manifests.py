"""What tests ask a cloud for, as documents of the command line."""

from __future__ import annotations

from typing import Any, Final

TENANT: Final = "acme"


def thing(kind: str, name: str, spec: dict[str, Any], tenant: str | None = TENANT) -> dict[str, Any]:
    """An object of the tenant `acme`, or with `tenant=None` of none."""
    where = {"tenant": tenant} if tenant is not None else {}
    return {"kind": kind, "metadata": {"name": name, **where}, "spec": spec}


def surroundings(cidr: str = "10.1.0.0/24", memory_mib: int = 128) -> list[dict[str, Any]]:
    """What `instance` refers to, and the tenant."""
    web = [{"direction": "ingress", "protocol": "tcp", "port_min": 80}, {"direction": "egress"}]
    return [
        thing("tenant", TENANT, {}, tenant=None),
        thing("quota", "default", {"unlisted": "unlimited"}),
        thing("flavor", "tiny", {"vcpus": 1, "memory_mib": memory_mib, "disk_gib": 1}, tenant=None),
        thing("network", "front", {}),
        thing("subnet", "front", {"network": "front", "cidr": cidr}),
        thing("security_group", "web", {"rules": web}),
    ]


def instance(name: str, user_data: str = "#!/bin/sh\n", **spec: Any) -> dict[str, Any]:
    """A tiny instance on the network `front`."""
    card = {"network": "front", "security_groups": ["web"]}
    given = {"flavor": "tiny", "image": "system/tiny", "networks": [card], "user_data": user_data, **spec}
    return thing("instance", name, given)
