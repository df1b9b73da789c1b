"""One object of every kind that users write, with every field set, in the order in which they depend on one another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from pextra.pki.authority import Authority
from tests.api.site import IMAGE, PUBLIC_KEY, Site

SECRET: Final = "correct-horse-battery-staple"  # what must not be seen anywhere

PUBLIC_AUTHORITY: Final = Authority.create("elsewhere", datetime(2026, 1, 1, tzinfo=UTC)).certificate_pem

SPECS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "tenant": ("tenants/acme.ops", {"display_name": "Operations"}),
    "quota": ("tenants/acme.ops/quotas/default", {"limits": {"volumes": 3, "vcpus": "unlimited"}, "unlisted": "none"}),
    "group": ("tenants/acme/groups/developers", {"description": "who builds the shop"}),
    "identity_provider": (
        "tenants/acme/identity_providers/company",
        {
            "enabled": True,
            "provision": True,
            "groups": [{"theirs": "staff", "group": "developers"}],
            "oidc": {
                "issuer": "https://login.example.com/acme",
                "audiences": ["pextra-acme"],
                "algorithms": ["ES256"],
                "authorized_parties": ["shop"],
                "accept_id_tokens": True,
                "leeway_s": 30,
                "username_claim": "email",
                "groups_claim": "roles",
                "authorities": PUBLIC_AUTHORITY,
            },
        },
    ),
    "user": (
        "tenants/acme/users/bob",
        {
            "display_name": "Bob",
            "email": "bob@example.com",
            "enabled": True,
            "groups": ["developers"],
            "identity": {"provider": "company", "subject": "7f3a"},
        },
    ),
    "service_account": (
        "tenants/acme/service_accounts/deployer",
        {"description": "the pipeline", "enabled": True, "groups": ["developers"]},
    ),
    "role": ("tenants/acme/roles/keeper", {"actions": ["image.*", "*.read"], "description": "keeps the images"}),
    "role_binding": (
        "tenants/acme/role_bindings/keepers",
        {"role": "keeper", "subject": {"kind": "group", "name": "developers"}},
    ),
    "policy": (
        "tenants/acme/policies/sizes",
        {
            "text": 'forbid (principal, action == Action::"volume.create", resource) '
            "when { resource.spec.size_gib > 900 };",
            "description": "no giants",
            "enabled": True,
        },
    ),
    "api_token": (
        "tenants/acme/api_tokens/bob",
        {"user": "bob", "description": "for tests", "expires_at": "2030-01-01T00:00:00Z"},
    ),
    "application_credential": (
        "tenants/acme/application_credentials/pipeline",
        {
            "subject": {"kind": "service_account", "name": "deployer"},
            "tenant": "acme",
            "roles": ["keeper"],
            "actions": ["image.*"],
            "description": "for tests",
            "expires_at": "2030-01-01T00:00:00Z",
        },
    ),
    "host": (
        "hosts/sim-1",
        {
            "driver": "sim",
            "zone": "zone-a",
            "schedulable": True,
            "cpu_overcommit": 2.5,
            "reserved_memory_mib": 256,
            "simulated": {
                "vcpus": 8,
                "memory_mib": 16_384,
                "disk_gib": 500,
                "gpus": {"model": "l4", "count": 1},
            },
        },
    ),
    "flavor": ("flavors/medium", {"vcpus": 2, "memory_mib": 1_024, "disk_gib": 8}),
    "address_pool": (
        "address_pools/public",
        {
            "physical": "public",
            "vlan": 100,
            "mtu": 1400,
            "ranges": [
                {
                    "cidr": "203.0.113.0/24",
                    "gateway": "203.0.113.1",
                    "first": "203.0.113.10",
                    "last": "203.0.113.20",
                }
            ],
            "description": "the world",
        },
    ),
    "bgp_peer": (
        "bgp_peers/leaf",
        {
            "address": "192.0.2.1",
            "peer_as": 65_000,
            "local_as": 4_200_000_001,
            "host_labels": {"disk": "fast"},
            "announce": ["public"],
            "announce_networks": ["198.51.100.0/24"],
            "accept": [{"prefix": "0.0.0.0/0", "le": 8}],
            "maximum_prefixes": 50,
            "password": "correct-horse-battery",
            "hold_s": 30,
            "bfd": True,
            "hops": 2,
            "description": "the leaf of rack 1",
        },
    ),
    "gpu_profile": ("gpu_profiles/quarter", {"mode": "share", "share_milli": 250, "models": ["l4"]}),
    "image": ("tenants/acme/images/mine", {**IMAGE, "format": "qcow2", "description": "ours"}),
    "ssh_key": ("tenants/acme/ssh_keys/ada", {"public_key": PUBLIC_KEY}),
    "secret": (
        "tenants/acme/secrets/bootstrap",
        {"data": {"password": SECRET, "secret": f"a {SECRET}"}, "description": "how they begin"},
    ),
    "network": ("tenants/acme/networks/front", {"mtu": 1_500, "description": "the front"}),
    "subnet": (
        "tenants/acme/subnets/front-v4",
        {"network": "front", "cidr": "10.1.0.0/24", "gateway": "10.1.0.254", "dns_servers": ["10.1.0.53", "fd00::53"]},
    ),
    "address_group": (
        "tenants/acme/address_groups/offices",
        {"addresses": ["192.0.2.0/24", "2001:db8::7"], "description": "where people sit"},
    ),
    "security_group": (
        "tenants/acme/security_groups/web",
        {
            "description": "the web",
            "rules": [
                {
                    "direction": "ingress",
                    "protocol": "tcp",
                    "port_min": 80,
                    "port_max": 81,
                    "remote_cidr": "10.0.0.0/8",
                }
            ],
        },
    ),
    "router": (
        "tenants/acme/routers/core",
        {
            "interfaces": [{"network": "front", "addresses": []}],
            "routes": [{"destination": "10.9.0.0/16", "next_hop": "10.1.0.9"}],
            "gateway": {"pool": "public", "translate": False},
            "description": "joins everything",
        },
    ),
    "volume": ("tenants/acme/volumes/data", {"size_gib": 3, "image": "mine"}),
    "placement_group": (
        "tenants/acme/placement_groups/web",
        {"rule": "spread", "topology": "rack", "mode": "preferred", "description": "web servers"},
    ),
    "instance": (
        "tenants/acme/instances/web-1",
        {
            "flavor": "medium",
            "image": "system/linux",
            "networks": [{"network": "front", "address": "10.1.0.7", "security_groups": ["web"]}],
            "volumes": ["data"],
            "ssh_keys": ["ada"],
            "user_data": f"#cloud-config\npassword: {SECRET}\n",
            "power": "on",
            "stop_timeout_s": 45,
            "rescue_image": "system/linux",
            "restart_policy": "always",
            "zone": "zone-a",
            "host_labels": {"disk": "fast"},
            "placement_group": "web",
            "tolerations": [{"key": "gpu", "value": "l4", "effect": "no_schedule"}],
            "gpus": {"profile": "quarter", "count": 1, "nvlink": "none", "numa": "preferred"},
        },
    ),
    "share": ("tenants/acme/shares/mine", {"kind": "image", "name": "mine", "tenants": ["globex"]}),
}


def make_everything(site: Site) -> None:
    """Make all of them, as the administrator."""
    for kind, (path, spec) in SPECS.items():
        labels = {"disk": "fast"} if kind == "host" else {"made-by": "tests"}
        site.admin.put(path, spec, labels=labels, annotations={"note": "whole"}).ok()
