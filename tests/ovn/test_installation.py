"""Real guests on two hosts, on one network: what `pextra` is told is what packets do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agent.manifests import instance
from tests.drivers.hypervisor import reason_unavailable
from tests.labs.ovn.lab import OvnLab
from tests.labs.waiting import wait_until
from tests.ovn.installation import Installation

GUEST_S = 90
PAGE = (
    "#!/bin/sh\nmkdir /www\necho hello from $(hostname) >/www/index.html\n"
    "for port in 80 8080; do httpd -p $port -h /www; done\n"
)
ASKING = (
    "#!/bin/sh\n"
    "ask() { printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 web $1 2>/dev/null | tail -n 1; }\n"
    'echo "allowed: $(ask 80)."\necho "forbidden: $(ask 8080)."\n'
)


@pytest.fixture
def installation(lab: OvnLab) -> Iterator[Installation]:
    if reason := reason_unavailable():
        pytest.skip(reason)
    made = Installation(lab)
    try:
        yield made
    finally:
        made.close()


def test_guests_on_two_hosts_reach_each_other_by_name_and_not_what_security_groups_forbid(
    installation: Installation,
) -> None:
    where = {"image": "linux", "zone": "h1"}
    installation.apply(instance("web", PAGE, **where))
    wait_until(lambda: "PEXTRA-GUEST ready" in installation.console("web"), GUEST_S, "the server")
    installation.apply(instance("asker", ASKING, **{**where, "zone": "h2"}))
    wait_until(lambda: "cloud-init marker" in installation.console("asker"), GUEST_S, "the guest that asks")
    said = installation.console("asker")
    assert "allowed: hello from web." in said
    assert "forbidden: ." in said
    for name in ("web", "asker"):
        installation.pextra("delete", "instance", name, "-t", "acme", "--wait")
    assert installation.lab.nbctl("--bare", "--columns=name", "find", "Logical_Switch_Port", 'type=""') == ""
