"""What guests count and say of themselves reaches their tenant, and nobody else, through the agent of their host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pextra import agent_protocol as protocol
from pextra.agent_protocol import GuestSample, SyncRequest
from pextra.drivers.interface import AgentReport
from pextra.drivers.sim.compute import SimCompute
from pextra.errors import PextraError
from pextra.services import bootstrap, measuring
from pextra.services.agents import SAMPLE_S
from pextra.services.cloud import Address, Context, Principal
from pextra.store import samples
from pextra.store.records import timestamp
from tests.agent.world import AgentCloud
from tests.controllers.cloud import TENANT, LoopedCloud


def measured(cloud: LoopedCloud, name: str, who: Principal | None = None) -> dict[str, Any]:
    address = Address(cloud.cloud.registry["instance"], TENANT, name)
    principal = who or bootstrap.root_principal(cloud.cloud)
    return cloud.database.read(lambda tx: measuring.latest(Context(cloud.cloud, tx, principal), address))


def let_pass(cloud: AgentCloud, seconds: float) -> None:
    """Let so much time pass in steps that no agent is silent for."""
    until = cloud.clock.now() + seconds
    while cloud.clock.now() < until:
        cloud.clock.advance(5.0)
        cloud.settle()


def test_counters_of_a_guest_are_those_of_the_last_minute_and_grow(cloud: AgentCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    let_pass(cloud, SAMPLE_S + 5)
    first = measured(cloud, "web")
    assert first["uid"] == cloud.uid("web")
    assert first["cpu_ns"] > 0
    assert [d["volume_uid"] for d in first["disks"]] == [cloud.uid("web")]
    assert [c["card"] for c in first["cards"]] == [0]
    assert timestamp(int((cloud.clock.now() - SAMPLE_S - 5) * 1_000_000)) <= first["at"]
    let_pass(cloud, SAMPLE_S + 5)
    assert measured(cloud, "web")["cpu_ns"] > first["cpu_ns"]


def test_a_guest_that_does_not_run_has_no_counters(cloud: AgentCloud) -> None:
    cloud.instance("web", power="off")
    let_pass(cloud, SAMPLE_S + 5)
    assert measured(cloud, "web") | {"uid": ""} == {
        "uid": "", "at": "", "cpu_ns": 0, "memory_mib": 0, "resident_mib": 0, "disks": [], "cards": [],
    }  # fmt: skip


def test_samples_are_told_once_a_minute_and_change_no_object(
    cloud: AgentCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.instance("web")
    let_pass(cloud, SAMPLE_S)
    sent: list[int] = []
    link = next(iter(cloud.hosts.values())).link
    sync = link.sync

    def noting(request: SyncRequest) -> protocol.SyncAnswer:
        sent.append(request.samples is not None)
        return sync(request)

    monkeypatch.setattr(link, "sync", noting)
    before = cloud.get("instance", "web")
    let_pass(cloud, 5 * SAMPLE_S)
    assert 4 <= sum(sent) <= 6
    assert len(sent) > 50
    assert cloud.get("instance", "web") == before


def test_a_foreigner_and_a_name_that_is_not_there_get_the_same_404(cloud: AgentCloud) -> None:
    cloud.instance("web")
    let_pass(cloud, SAMPLE_S + 5)
    stranger = replace(bootstrap.root_principal(cloud.cloud), tenant_path="globex", grants=())
    codes: list[str] = []
    for who, name in ((stranger, "web"), (stranger, "nobody"), (None, "nobody")):
        with pytest.raises(PextraError) as caught:
            measured(cloud, name, who)
        codes.append(caught.value.code)
    assert codes == ["object.not_found"] * 3


def test_an_agent_can_say_nothing_of_guests_on_other_hosts(cloud: AgentCloud) -> None:
    cloud.instance("web")
    let_pass(cloud, SAMPLE_S + 5)
    true = measured(cloud, "web")
    liar = cloud.add_host("liar")
    cloud.settle(5.0)
    request = SyncRequest(boot_id="b", version="v", samples=[GuestSample(uid=cloud.uid("web"), cpu_ns=1)])
    assert liar.link.sync(request).refused is False
    assert cloud.database.read(lambda tx: samples.of(tx, liar.uid, cloud.uid("web"))) is not None
    assert measured(cloud, "web") == true


def test_a_host_that_goes_takes_its_samples_along(cloud: AgentCloud) -> None:
    host = next(iter(cloud.hosts.values()))
    cloud.instance("web")
    let_pass(cloud, SAMPLE_S + 5)
    uid = cloud.uid("web")
    cloud.delete("instance", "web")
    cloud.settle(10.0)
    cloud.delete("host", host.name, tenant=None, cascade=True)
    let_pass(cloud, 60.0)
    assert cloud.find("host", host.name, tenant=None) is None
    assert cloud.database.read(lambda tx: samples.of(tx, host.uid, uid)) is None


def test_what_a_guest_says_of_itself_is_in_its_status_until_it_is_off(cloud: AgentCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    let_pass(cloud, 35.0)
    status = cloud.get("instance", "web").status
    assert status["guest"] == {"hostname": "web", "os": "Linux 6.1.0-sim", "addresses": status["addresses"]}
    for host in cloud.hosts.values():
        host.restart()  # it has to ask anew: meanwhile what was said stands
        host.agent.exchange()
        host.agent.look(limit=8)
        host.agent.exchange()
    cloud.loop.step()
    assert cloud.get("instance", "web").status["guest"] == status["guest"]
    cloud.instance("web", networks=[{"network": "front"}], power="off")
    assert cloud.get("instance", "web").status["guest"] is None


def test_what_a_guest_makes_up_is_bounded(cloud: AgentCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    lies = AgentReport("a\x1b[2J" + "b" * 400, "os", ("not an address", *(f"10.0.0.{n}" for n in range(200))))
    monkeypatch.setattr(SimCompute, "observe_agent", lambda _driver, _uid: lies)
    cloud.instance("web")
    let_pass(cloud, 35.0)
    guest = cloud.get("instance", "web").status["guest"]
    assert guest["addresses"] == [f"10.0.0.{n}" for n in range(16)]
    assert guest["hostname"].startswith("a[2Jb")
    assert len(guest["hostname"]) < 256
