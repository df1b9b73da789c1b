"""One object of every kind that users write, with what each needs: what the clients must be able to make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from pextra.drivers.sim.images import digest_of, sim_url
from pextra.pki.authority import Authority
from pextra_client import Client
from pextra_client.discovery import Catalog
from tests.api.site import PUBLIC_KEY

Example = tuple[str, dict[str, Any]]
_KINDS: Final = Catalog.bundled()
_AUTHORITY: Final = Authority.create("elsewhere", datetime(2026, 1, 1, tzinfo=UTC)).certificate_pem


def written_examples(kind: str, tenant: str) -> Example:
    """Name and spec of the example of a kind.

    Args:
        kind: by its name.
        tenant: whose the objects are; what is cloud-wide is named after it.
    """
    return everything(tenant)[kind]


def everything(tenant: str) -> dict[str, Example]:
    """Every kind's example, by the kind's name. Each refers to others of them, and to what comes with a cloud."""
    url = sim_url(f"{tenant}-linux")
    found: dict[str, Example] = {
        "tenant": (f"{tenant}.ops", {"display_name": "Operations"}),
        "quota": ("default", {"limits": {"volumes": 3, "vcpus": 4}}),
        "group": ("developers", {"description": "who builds the shop"}),
        "identity_provider": (
            "company",
            {
                "groups": [{"theirs": "staff", "group": "developers"}],
                "oidc": {
                    "issuer": f"https://{tenant}.example.com",
                    "audiences": ["pextra"],
                    "authorities": _AUTHORITY,
                },
            },
        ),
        "user": ("bob", {"display_name": "Bob", "email": "bob@example.com", "groups": ["developers"]}),
        "service_account": ("deployer", {"description": "the pipeline"}),
        "role": ("keeper", {"actions": ["image.*", "*.read"]}),
        "role_binding": ("keepers", {"role": "keeper", "subject": {"kind": "group", "name": "developers"}}),
        "policy": (
            "sizes",
            {"text": 'forbid (principal, action == Action::"volume.create", resource) when { false };'},
        ),
        "api_token": ("bob", {"user": "bob", "expires_at": "2100-01-01T00:00:00Z"}),
        "application_credential": (
            "pipeline",
            {"subject": {"kind": "service_account", "name": "deployer"}, "actions": ["image.*"]},
        ),
        "share": ("mine", {"kind": "image", "name": "mine", "tenants": ["system"]}),
        "host": (f"host-{tenant}", {"driver": "sim", "simulated": {"vcpus": 8, "memory_mib": 16_384}}),
        "join_token": (f"join-{tenant}", {"host": f"host-{tenant}"}),
        "flavor": (f"medium-{tenant}", {"vcpus": 2, "memory_mib": 1024, "disk_gib": 8}),
        "gpu_profile": (f"quarter-{tenant}", {"mode": "share", "share_milli": 250, "models": ["l4"]}),
        "address_pool": (
            f"public-{tenant}",
            {"physical": "public", "ranges": [{"cidr": "203.0.113.0/24", "gateway": "203.0.113.1"}]},
        ),
        "bgp_peer": (
            f"leaf-{tenant}",
            {
                "address": "192.0.2.1",
                "peer_as": 65_000,
                "local_as": 65_001,
                "announce": [f"public-{tenant}"],
                "accept": [{"prefix": "0.0.0.0/0"}],
                "password": "correct-horse",
            },
        ),
        "image": ("mine", {"url": url, "sha256": digest_of(url), "size_gib": 1}),
        "ssh_key": ("ada", {"public_key": PUBLIC_KEY}),
        "secret": ("bootstrap", {"data": {"user-data": "#cloud-config\npassword: correct-horse\n"}}),
        "network": ("front", {"description": "the front"}),
        "subnet": ("front-v4", {"network": "front", "cidr": "10.1.0.0/24", "dns_servers": ["10.1.0.53"]}),
        "address_group": ("offices", {"addresses": ["192.0.2.0/24"]}),
        "router": ("core", {"interfaces": [{"network": "front"}], "gateway": {"pool": f"public-{tenant}"}}),
        "security_group": ("web", {"rules": [{"direction": "ingress", "protocol": "tcp", "port_min": 80}]}),
        "volume": ("data", {"size_gib": 3, "image": "mine"}),
        "placement_group": ("web", {"rule": "spread", "mode": "preferred"}),
        "instance": (
            "web-1",
            {
                "flavor": f"medium-{tenant}",
                "image": "mine",
                "networks": [{"network": "front", "security_groups": ["web"]}],
                "volumes": ["data"],
                "ssh_keys": ["ada"],
                "placement_group": "web",
                "user_data": "#cloud-config\npassword: correct-horse\n",
            },
        ),
        "floating_ip": ("web", {"instance": "web-1", "ports": [{"to_port": 80}]}),
        "load_balancer": (
            "web",
            {
                "router": "core",
                "network": "front",
                "listeners": [{"port": 80, "to_port": 8080, "check": {"interval_s": 2}}],
                "members": [{"instance": "web-1"}],
            },
        ),
    }
    missing = {kind.name for kind in _KINDS if kind.writable} - set(found)
    assert not missing, f"a kind has no example: {missing}"
    return found


def altered(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The example of a kind with something else in one field: where there is one, a field that can change."""
    return spec | _ALTERATIONS[kind]


_ALTERATIONS: Final[dict[str, dict[str, Any]]] = {
    "tenant": {"display_name": "Development"},
    "quota": {"limits": {"volumes": 2, "vcpus": 4}},
    "group": {"description": "who breaks it"},
    "identity_provider": {"enabled": False},
    "user": {"display_name": "Robert"},
    "service_account": {"description": "another pipeline"},
    "role": {"actions": ["*.read"]},
    "role_binding": {"subject": {"kind": "user", "name": "bob"}},
    "policy": {"enabled": False},
    "api_token": {"description": "for tests"},
    "application_credential": {"description": "for tests"},
    "share": {"tenants": "all"},
    "host": {"schedulable": False},
    "join_token": {"valid_for_s": 600},
    "flavor": {"memory_mib": 2048},
    "gpu_profile": {"share_milli": 500},
    "address_pool": {"mtu": 1400},
    "bgp_peer": {"maximum_prefixes": 50, "password": "battery-staple"},
    "image": {"description": "ours"},
    "ssh_key": {"public_key": PUBLIC_KEY.replace("AAAAI", "AAAAI", 1) + " other"},
    "secret": {"data": {"user-data": "#cloud-config\npassword: battery-staple\n"}},
    "network": {"description": "the back"},
    "subnet": {"dns_servers": []},
    "address_group": {"addresses": []},
    "router": {"routes": [{"destination": "10.9.0.0/16", "next_hop": "10.1.0.9"}]},
    "security_group": {"rules": []},
    "volume": {"size_gib": 4},
    "placement_group": {"description": "web servers"},
    "instance": {"power": "off"},
    "floating_ip": {"ports": [{"to_port": 81}]},
    "load_balancer": {"listeners": [{"port": 81, "affinity_s": 60}]},
}


def in_need(client: Client, kind: str, tenant: str) -> None:
    """Makes everything that the example of a kind needs, and what an alteration of it needs."""
    if kind == "quota":
        client.delete("quota", "default")  # the one that the test's tenant came with
    wanted = _needs(kind)
    for each in _KINDS.ordered():
        if each.name in wanted and each.name != kind:
            name, spec = written_examples(each.name, tenant)
            client.put(each, name, spec)


def _needs(kind: str) -> set[str]:
    found: set[str] = set()
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        for reference in _KINDS.find(one).references:
            if reference.kind is not None and reference.kind not in found:
                found.add(reference.kind)
                waiting.append(reference.kind)
    extra = {
        "role_binding": {"group", "user"}, "application_credential": {"service_account"}, "share": {"image"},
        "bgp_peer": {"host"}, "router": {"subnet"}, "load_balancer": {"subnet"},
    }  # fmt: skip
    return found | extra.get(kind, set())
