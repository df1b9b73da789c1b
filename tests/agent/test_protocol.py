"""The agents' protocol, version 1: a recorded conversation that every later agent and control plane understands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pextra import agent_protocol as protocol
from pextra.drivers import documents
from pextra.drivers.convergence import DesiredGuest
from pextra.drivers.gpu.interface import VgpuInterface, VgpuType
from pextra.drivers.interface import DeviceKind, GuestDevice, ImageSource, Power

RECORDED = Path(__file__).parent / "protocol"
DOCUMENTS: dict[str, type[Any]] = {
    "guest": DesiredGuest,
    "volume": documents.Volume,
    "image": ImageSource,
    "act": documents.Act,
}


def recorded(name: str) -> dict[str, Any]:
    """A message as it was recorded. A file here is never changed: it is what deployed agents say and hear."""
    return json.loads((RECORDED / f"{name}.json").read_text())


def says(now: Any, before: Any) -> bool:
    """Whether all that was said before is said now, whatever has been added since."""
    if isinstance(before, dict):
        return isinstance(now, dict) and all(name in now and says(now[name], before[name]) for name in before)
    if isinstance(before, list):
        return isinstance(now, list) and len(now) == len(before) and all(map(says, now, before))
    return now == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("join-request", protocol.JoinRequest),
        ("certificate", protocol.Certificate),
        ("certificate-request", protocol.CertificateRequest),
        ("sync-request", protocol.SyncRequest),
        ("sync-request-gpus", protocol.SyncRequest),
        ("sync-request-vgpus", protocol.SyncRequest),
        ("sync-request-gpu-samples", protocol.SyncRequest),
        ("sync-request-guest-gpu-samples", protocol.SyncRequest),
        ("sync-answer", protocol.SyncAnswer),
        ("sync-answer-settings", protocol.SyncAnswer),
    ],
)
def test_every_recorded_message_is_understood_and_said_again_with_all_that_it_says(
    name: str, kind: type[protocol.Message]
) -> None:
    written = recorded(name)
    assert kind.model_validate(written).model_dump(mode="json", exclude_unset=True) == written


def test_every_recorded_assignment_is_understood() -> None:
    answer = protocol.SyncAnswer.model_validate(recorded("sync-answer"))
    kinds = {a.kind: documents.read(DOCUMENTS[a.kind], a.document) for a in answer.assignments if not a.removed}
    assert kinds.keys() == DOCUMENTS.keys()
    guest = kinds["guest"]
    assert isinstance(guest, DesiredGuest)
    assert guest.vcpus == 1
    assert guest.cards[0].port.addresses == ("10.0.0.2",)
    assert any(a.removed for a in answer.assignments)
    assert next(a for a in answer.assignments if a.kind == "guest").secrets == {"user_data": "#cloud-config\n{}\n"}


def test_every_recorded_report_is_understood() -> None:
    request = protocol.SyncRequest.model_validate(recorded("sync-request"))
    reports = [documents.read(documents.Report, r.content) for r in request.reports if not r.gone]
    guest = next(r.guest for r in reports if r.guest is not None)
    assert guest.observed.power is Power.RUNNING
    assert any(r.volume is not None for r in reports)
    assert any(r.image is not None for r in reports)
    assert any(r.act is not None for r in reports)
    failure = next(r.failure for r in reports if r.failure is not None)
    assert documents.error_of(failure).reason == "PoolFull"
    assert any(r.gone for r in request.reports)
    assert documents.read(documents.Inventory, request.inventory or {}).vcpus == 8


def test_recorded_gpus_are_understood_and_an_agent_that_tells_of_none_has_none() -> None:
    request = protocol.SyncRequest.model_validate(recorded("sync-request-gpus"))
    told = documents.read(documents.Inventory, request.inventory or {})
    in_use, given_away = told.gpus
    assert (in_use.model, in_use.module, in_use.mig.instances[0].profile) == ("h100-80gb-hbm3", 3, "3g.40gb")
    assert (in_use.health.state, in_use.health.xids) == ("degraded", (48,))
    assert (given_away.visible, given_away.driver, given_away.links) == (False, "vfio-pci", None)
    assert told.gpu_board == "hgx-h100-8"
    assert says(documents.write(told), request.inventory)
    assert told.sriov is None  # it divides nothing
    assert (in_use.vgpu_interface, in_use.vgpu_types[0].available) == (None, None)  # it knows of the library alone
    before = protocol.SyncRequest.model_validate(recorded("sync-request"))
    assert documents.read(documents.Inventory, before.inventory or {}).gpus == ()


def test_recorded_vgpus_are_understood() -> None:
    request = protocol.SyncRequest.model_validate(recorded("sync-request-vgpus"))
    told = documents.read(documents.Inventory, request.inventory or {})
    (gpu,) = told.gpus
    assert gpu.vgpu_interface == VgpuInterface.VF
    assert gpu.vgpu_types == (VgpuType("H100XM-20C", 1131, 20_480, 4, 1, 1),)
    assert [function.vgpu for function in gpu.vfs.functions] == [True, False]
    assert says(documents.write(told), request.inventory)


@pytest.mark.parametrize("name", ["sync-request", "sync-answer"])
def test_fields_of_a_later_version_are_passed_over(name: str) -> None:
    kind = protocol.SyncRequest if name == "sync-request" else protocol.SyncAnswer
    later = recorded(name) | {"of_a_later_version": {"x": 1}}
    assert kind.model_validate(later) == kind.model_validate(recorded(name))
    guest = _guest()
    assert documents.read(DesiredGuest, guest | {"of_a_later_version": 1}) == documents.read(DesiredGuest, guest)


def test_devices_of_a_guest_travel_and_a_document_from_before_them_has_none() -> None:
    guest = documents.read(DesiredGuest, _guest())
    assert guest.devices == ()
    given = replace(
        guest,
        devices=(
            GuestDevice(DeviceKind.VFIO, "0000:41:00.0", numa_node=1, root_complex="0000:40"),
            GuestDevice(
                DeviceKind.MDEV, "0000:3b:00.4", uuid="5c1bff6c-7e2b-4a52-9b0a-2f2f8b1c7d11", type="nvidia-699"
            ),
        ),
    )
    assert documents.read(DesiredGuest, json.loads(json.dumps(documents.write(given)))) == given


def _guest() -> dict[str, Any]:
    return next(
        a["document"]
        for a in recorded("sync-answer")["assignments"]
        if a["kind"] == "guest" and not a.get("removed", False)
    )


def test_a_document_that_is_none_is_refused_with_the_place() -> None:
    with pytest.raises(ValueError, match=r"DesiredGuest: vcpus"):
        documents.read(DesiredGuest, _guest() | {"vcpus": "many"})
