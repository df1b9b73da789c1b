"""A cloud with something to use, and tenants that may."""

from __future__ import annotations

import itertools
from typing import Final

from pextra_client.client import Client
from tests.cli.cloud import RunningCloud

LIMITS: Final = {
    "instances": 500, "vcpus": 1000, "memory_mib": 1_000_000, "volumes": 500, "volume_gib": 10_000, "networks": 100,
    "subnets": 100, "security_groups": 100, "ssh_keys": 100, "users": 100, "api_tokens": 100, "images": 20,
    "image_gib": 50, "shares": 50, "groups": 50, "service_accounts": 50, "application_credentials": 50, "roles": 50,
    "role_bindings": 50, "policies": 50, "secrets": 100, "floating_ips": 50, "identity_providers": 10,
    "placement_groups": 100, "routers": 50, "load_balancers": 50, "address_groups": 100,
}  # fmt: skip
_numbers = itertools.count(1)


def stocked(cloud: RunningCloud) -> None:
    """Flavors, three hosts and the images that come with the cloud, all ready."""
    with Client(cloud.url, cloud.admin_token) as client:
        client.put("flavor", "small", {"vcpus": 1, "memory_mib": 1024, "disk_gib": 5})
        client.put("flavor", "large", {"vcpus": 4, "memory_mib": 8192, "disk_gib": 20})
        for number in range(1, 4):
            client.put("host", f"sim-{number}", {"driver": "sim", "zone": f"zone-{number}"})
        for number in range(1, 4):
            client.wait_ready("host", f"sim-{number}", timeout_s=30)
        for image in ("sim-linux", "tiny"):
            client.wait_ready("image", image, tenant="system", timeout_s=30)


def new_tenant(cloud: RunningCloud, **limits: int) -> str:
    """A tenant of the caller's own.

    Args:
        cloud: where.
        limits: in place of those that are plenty.
    """
    name = f"l{next(_numbers)}"
    with Client(cloud.url, cloud.admin_token) as client:
        client.put("tenant", name, {})
        client.put("quota", "default", {"limits": LIMITS | limits}, tenant=name)
        client.wait_ready("tenant", name, timeout_s=30)
    return name
