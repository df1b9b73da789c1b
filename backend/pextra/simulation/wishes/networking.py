"""Wishes about networks, subnets, floating IPs and images."""

from __future__ import annotations

from typing import Any, Final

from pextra.drivers.sim.images import digest_of, sim_url
from pextra.simulation.letters import Where, Wish
from pextra.simulation.wishes.mind import Mind, deleted, replaced

FLOATING_IPS: Final = ("f1", "f2")
NETWORKS: Final = ("front", "back")
PORTS: Final[tuple[dict[str, Any], ...]] = (
    {"to_port": 80},
    {"to_port": 53, "protocol": "udp"},
    {"to_port": 443, "port": 30_000},
    {"to_port": 443, "port": 30_001},
)
RANGES: Final = {"front": ("10.1.0.0/28", "10.1.0.16/29"), "back": ("10.2.0.0/29", "fd00::/64")}
"""Small ones, so that addresses are used again."""


def put_network(mind: Mind) -> Wish:
    """Make or change a network."""
    where = Where(mind.place(), "networks", mind.rng.choice(NETWORKS))
    return replaced(mind, where, {"mtu": mind.rng.choice((1400, 1442))})


def delete_network(mind: Mind) -> Wish | None:
    """Delete a network, sometimes with its subnets."""
    where = Where(mind.place(), "networks", mind.rng.choice(NETWORKS))
    return deleted(mind, where, cascade=mind.rng.random() < 0.7)


def put_subnet(mind: Mind) -> Wish | None:
    """Give a known network a range of addresses."""
    tenant = mind.place()
    networks = mind.known(tenant, "networks")
    if not networks:
        return None
    network = mind.rng.choice(networks)
    number = mind.rng.randrange(2)
    where = Where(tenant, "subnets", f"{network}-{number}")
    return replaced(mind, where, {"network": network, "cidr": RANGES[network][number]})


def delete_subnet(mind: Mind) -> Wish | None:
    """Delete a known subnet."""
    tenant = mind.place()
    subnets = mind.known(tenant, "subnets")
    return deleted(mind, Where(tenant, "subnets", mind.rng.choice(subnets))) if subnets else None


def put_floating_ip(mind: Mind) -> Wish | None:
    """Lead ports to a known instance, or change which; two may want the same one."""
    tenant = mind.place()
    instances = mind.known(tenant, "instances")
    where = Where(tenant, "floating_ips", mind.rng.choice(FLOATING_IPS))
    known = mind.spec(where)
    if known is None and not instances:
        return None
    instance = known["instance"] if known is not None else mind.rng.choice(instances)
    ports = mind.rng.sample(PORTS, mind.rng.randint(1, len(PORTS)))
    return replaced(mind, where, {"instance": instance, "card": mind.rng.choice((0, 0, 0, 1)), "ports": ports})


def delete_floating_ip(mind: Mind) -> Wish | None:
    """Delete a floating IP."""
    return deleted(mind, Where(mind.place(), "floating_ips", mind.rng.choice(FLOATING_IPS)))


def put_image(mind: Mind) -> Wish:
    """Make an image of the tenant's own."""
    where = Where(mind.place(), "images", "own")
    return replaced(mind, where, image("own"))


def delete_image(mind: Mind) -> Wish | None:
    """Delete it; what was made from it stays."""
    return deleted(mind, Where(mind.place(), "images", "own"))


def image(name: str) -> dict[str, Any]:
    """The spec of a simulated image."""
    url = sim_url(name)
    return {"url": url, "sha256": digest_of(url)}
