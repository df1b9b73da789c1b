"""Load balancers, from what is desired, through loops and agents, to connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.labs.ovn.lab import OvnLab
from tests.labs.ovn.layout import OUTSIDE_V4, PROVIDER
from tests.labs.ovn.machine import Peer
from tests.labs.waiting import wait_until
from tests.ovn.cloud import FabricCloud

RANGE = {"cidr": "203.0.113.0/24", "gateway": OUTSIDE_V4, "first": "203.0.113.130", "last": "203.0.113.150"}
CHECK = {"interval_s": 1, "timeout_s": 1, "successes": 1, "failures": 1}


@pytest.fixture
def cloud(lab: OvnLab, tmp_path: Path) -> Iterator[FabricCloud]:
    made = FabricCloud(lab, tmp_path)
    try:
        made.furnish()
        made.put("address_pool", "public", {"physical": PROVIDER, "ranges": [RANGE]}, tenant=None)
        made.put("network", "back", {})
        made.put("subnet", "back", {"network": "back", "cidr": "10.2.0.0/24"})
        joined = [{"network": "front"}, {"network": "back"}]
        made.put("router", "core", {"interfaces": joined, "gateway": {"pool": "public"}})
        made.settle(2.0)
        yield made
    finally:
        made.close()


def answering(client: Peer, address: str, port: int) -> set[str]:
    """Who answers some connections: the servers' namespaces."""
    said = [client.greeting(address, port, 2) for _ in range(12)]
    return {each.split()[0] for each in said if each}


def test_connections_are_spread_over_members_that_serve_from_inside_and_outside(cloud: FabricCloud) -> None:
    clients = [{"direction": "ingress", "remote_cidr": cidr} for cidr in ("10.0.0.0/24", f"{OUTSIDE_V4}/32")]
    cloud.put("security_group", "web", {"rules": [*clients, {"direction": "egress"}]})  # none for who checks
    servers: dict[str, Any] = {"networks": [{"network": "back", "security_groups": ["web"]}]}
    cloud.order("client", "h1")
    cloud.order("one", "h1", **servers)
    cloud.order("two", "h2", **servers)
    cloud.until_ready("client", "one", "two")
    client = cloud.switch_on("client", gateway="10.0.0.1")
    one, two = (cloud.switch_on(name, gateway="10.2.0.1") for name in ("one", "two"))
    listeners = [{"port": 80, "to_port": 8080, "check": CHECK}]
    spec = {"router": "core", "listeners": listeners, "members": [{"instance": "one"}, {"instance": "two"}]}
    cloud.put("load_balancer", "inside", spec | {"network": "back"})
    cloud.put("load_balancer", "outside", spec)
    cloud.until(lambda: all(cloud.ready("load_balancer", n)["status"] == "true" for n in ("inside", "outside")), "both")
    inside, outside = (cloud.get("load_balancer", name).status["address"] for name in ("inside", "outside"))
    both = {one.namespace, two.namespace}
    with ExitStack() as serving, two.listening(8080):
        serving.enter_context(one.listening(8080))
        wait_until(lambda: answering(client, inside, 80) == both, 30, "both members")
        wait_until(lambda: answering(cloud.lab.outside, outside, 80) == both, 30, "both members, from outside")
        assert (cloud.lab.outside.greeting(outside, 80, 2) or "").endswith(OUTSIDE_V4), "members see who asks"
        serving.close()
        wait_until(lambda: answering(client, inside, 80) == {two.namespace}, 30, "the first to be left out")
    cloud.delete("load_balancer", "inside")
    cloud.delete("load_balancer", "outside")
    cloud.settle(1.0)
    cloud.lab.sync()
    with two.listening(8080):
        assert not answering(client, inside, 80)
