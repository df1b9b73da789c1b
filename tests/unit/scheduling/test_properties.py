"""What holds of every placement on every fleet."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pextra.scheduling.filters import FILTERS, ROOM
from pextra.scheduling.place import NoPlacement, Placement, place, place_batch
from pextra.scheduling.request import Request
from pextra.scheduling.resources import Resources
from pextra.scheduling.scores import PACK, SPREAD, Policy
from pextra.scheduling.snapshot import HostView, Snapshot
from tests.unit.scheduling.fleets import AMOUNTS, fleets, requests

POLICIES = st.sampled_from([SPREAD, PACK])
BATCHES = st.lists(requests(), max_size=12)


def first_rejection(host: HostView, request: Request) -> str | None:
    """The filter that rejects the host, by the plain meaning of the request; None when it can take it."""
    free = [have - used for have, used in zip(host.capacity.vector, host.used.vector, strict=True)]
    lacks = [0 < want > left for want, left in zip(request.resources.vector, free, strict=True)]
    wish = request.anti_affinity
    pinned_here = request.host in (None, host.name) and request.pinned_host_uid in (None, host.uid)
    reasons = {
        "ready": not host.ready,
        "schedulable": not host.schedulable,
        "pinned": not pinned_here,
        "zone": request.zone not in (None, host.zone),
        "labels": any(host.labels.get(key) != value for key, value in request.host_labels.items()),
        "features": not request.features <= host.features,
        "anti_affinity": wish is not None and wish.hard and host.groups.get(wish.group, 0) > 0,
        "cpu": lacks[0],
        "memory": lacks[1],
        "disk": lacks[2],
        "dedicated_threads": lacks[3],
        "hugepages_2m": lacks[4],
        "hugepages_1g": lacks[5],
    }
    assert list(reasons) == [one.name for one in FILTERS]
    return next((name for name, rejects in reasons.items() if rejects), None)


def with_guest(host: HostView, request: Request) -> HostView:
    """The host after the request has been placed on it."""
    used = (has + want for has, want in zip(host.used.vector, request.resources.vector, strict=True))
    groups = Counter(host.groups)
    if request.anti_affinity is not None:
        groups[request.anti_affinity.group] += 1
    return replace(host, used=Resources(*used), groups=dict(groups))


@given(fleets(), requests())
def test_each_host_is_eligible_or_counted_under_the_first_filter_that_rejects_it(
    hosts: list[HostView], request: Request
) -> None:
    explanation = place(Snapshot.of(hosts), request).explanation
    expected = Counter(first_rejection(host, request) for host in hosts)
    assert explanation.eligible == expected.pop(None, 0)
    assert explanation.rejected == expected
    assert explanation.hosts == len(hosts)


@given(fleets(), requests())
def test_request_is_placed_exactly_when_some_host_can_take_it(hosts: list[HostView], request: Request) -> None:
    able = {host.uid for host in hosts if first_rejection(host, request) is None}
    decision = place(Snapshot.of(hosts), request)
    if isinstance(decision, Placement):
        assert decision.host_uid in able
    else:
        assert not able


@given(fleets(), BATCHES)
def test_no_host_is_filled_beyond_its_capacity_and_no_wish_is_broken(
    hosts: list[HostView], batch: list[Request]
) -> None:
    now = {host.uid: host for host in hosts}
    for request, decision in zip(batch, place_batch(Snapshot.of(hosts), batch), strict=True):
        if isinstance(decision, Placement):
            assert first_rejection(now[decision.host_uid], request) is None
            now[decision.host_uid] = with_guest(now[decision.host_uid], request)


@given(fleets(), BATCHES)
def test_batch_decides_as_one_after_the_other_would(hosts: list[HostView], batch: list[Request]) -> None:
    now = {host.uid: host for host in hosts}
    for request, decision in zip(batch, place_batch(Snapshot.of(hosts), batch), strict=True):
        assert decision == place(Snapshot.of(now.values()), request)
        if isinstance(decision, Placement):
            now[decision.host_uid] = with_guest(now[decision.host_uid], request)


@given(fleets(), BATCHES)
def test_deciding_changes_nothing(hosts: list[HostView], batch: list[Request]) -> None:
    snapshot = Snapshot.of(hosts)
    first = place_batch(snapshot, batch)
    assert place_batch(snapshot, batch) == first


@given(fleets(), BATCHES, POLICIES, st.randoms(use_true_random=False))
def test_order_of_the_hosts_does_not_matter(
    hosts: list[HostView], batch: list[Request], policy: Policy, chance: Random
) -> None:
    shuffled = list(hosts)
    chance.shuffle(shuffled)
    assert place_batch(Snapshot.of(shuffled), batch, policy) == place_batch(Snapshot.of(hosts), batch, policy)


@given(fleets(), requests())
def test_names_of_the_hosts_do_not_matter_to_what_is_feasible(hosts: list[HostView], request: Request) -> None:
    request = replace(request, host=None)
    renamed = [replace(host, name=f"z{99 - number}") for number, host in enumerate(hosts)]
    before, after = place(Snapshot.of(hosts), request), place(Snapshot.of(renamed), request)
    assert type(before) is type(after)
    assert before.explanation.rejected == after.explanation.rejected
    assert before.explanation.eligible == after.explanation.eligible


@given(fleets(), st.data())
def test_updated_snapshot_is_the_snapshot_of_the_updated_hosts(hosts: list[HostView], data: st.DataObject) -> None:
    used = {host.uid: data.draw(AMOUNTS) for host in hosts if data.draw(st.booleans())}
    request = data.draw(requests())
    updated = [replace(host, used=used.get(host.uid, host.used)) for host in hosts]
    before = Snapshot.of(hosts)
    kept = place(before, request)
    assert place(before.with_used(used), request) == place(Snapshot.of(updated), request)
    assert place(before, request) == kept


@given(fleets(), requests())
def test_closest_host_would_take_the_request_if_its_shortfall_were_freed(
    hosts: list[HostView], request: Request
) -> None:
    decision = place(Snapshot.of(hosts), request)
    closest = decision.explanation.closest
    rooms = {one.name for one in ROOM}
    lacking_room = [host for host in hosts if first_rejection(host, request) in rooms]
    assert (closest is not None) == (isinstance(decision, NoPlacement) and lacking_room != [])
    if closest is not None:
        host = next(one for one in lacking_room if one.uid == closest.host_uid)
        enough = Resources(
            *(have + short for have, short in zip(host.capacity.vector, closest.shortfall.vector, strict=True))
        )
        freed = place(Snapshot.of([replace(host, capacity=enough)]), request)
        assert isinstance(freed, Placement)
        wants = zip(request.resources.vector, host.capacity.vector, strict=True)
        assert closest.too_small == any(want > have for want, have in wants)


@given(fleets(), requests())
def test_explanation_is_json_and_its_sentence_for_tenants_names_no_host(
    hosts: list[HostView], request: Request
) -> None:
    explanation = place(Snapshot.of(hosts), replace(request, host=None)).explanation
    document = json.loads(json.dumps(explanation.as_dict()))
    assert document["eligible"] + sum(document["rejected"].values()) == document["hosts"] == len(hosts)
    assert not any(host.name in document["why"].split() for host in hosts)
