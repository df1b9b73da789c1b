"""Exchanges that are lost on the way, answered in vain, or arrive late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pextra.agent.agent import LinkDown
from pextra.agent_protocol import SyncAnswer, SyncRequest
from pextra.drivers.interface import Retryable
from tests.agent.world import AgentCloud


class Tapped:
    """Hears what the agent of host `h0` says, and what it is answered.

    Attributes:
        deaf: the agent does not hear the answers.
    """

    def __init__(self, cloud: AgentCloud, patch: pytest.MonkeyPatch) -> None:
        self.requests: list[SyncRequest] = []
        self.deaf = False
        self.sync: Callable[[SyncRequest], SyncAnswer] = cloud.hosts["h0"].link.sync
        patch.setattr(cloud.hosts["h0"].link, "sync", self._sync)

    def _sync(self, request: SyncRequest) -> SyncAnswer:
        self.requests.append(request)
        answer = self.sync(request)
        if self.deaf:
            raise LinkDown("the test has lost the answer")
        return answer


@pytest.fixture
def tapped(cloud: AgentCloud, monkeypatch: pytest.MonkeyPatch) -> Tapped:
    return Tapped(cloud, monkeypatch)


def test_a_report_that_arrives_again_late_does_not_take_back_what_was_said_since(
    cloud: AgentCloud, tapped: Tapped
) -> None:
    cloud.world.fail_next("ensure_running", Retryable("PoolFull", "for a moment"))
    cloud.instance("web")
    cloud.settle(5.0)
    assert cloud.ready("instance", "web")["reason"] == "Running"
    late = next(r for r in tapped.requests if any("failure" in str(report.content) for report in r.reports))
    answer = tapped.sync(late)
    assert answer.refused
    cloud.settle(5.0)
    assert cloud.ready("instance", "web")["reason"] == "Running"


def test_what_was_said_when_the_answer_was_lost_is_said_again(cloud: AgentCloud, tapped: Tapped) -> None:
    tapped.deaf = True
    cloud.instance("web")
    cloud.settle(2.0)
    tapped.deaf = False
    cloud.settle(5.0)
    assert cloud.ready("instance", "web")["reason"] == "Running"
    assert cloud.get("instance", "web").status["boots"] == 1


def test_an_agent_that_was_restarted_is_heard_again(cloud: AgentCloud, tapped: Tapped) -> None:
    cloud.hosts["h0"].restart()
    cloud.instance("web")
    assert cloud.ready("instance", "web")["reason"] == "Running"


def test_an_instance_is_not_ready_before_its_agent_has_made_a_change(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.hosts["h0"].link.up = False
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "off"})
    cloud.settle(5.0)
    assert not cloud.get("instance", "web").ready
    cloud.hosts["h0"].link.up = True
    cloud.settle(30.0)
    assert cloud.get("instance", "web").ready
