"""What holds of every placement on every fleet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pextra.scheduling.filters import FILTERS, ROOM, WHERE
from pextra.scheduling.gpus.devices import WHOLE_MILLI, GpuClaim, GpuView, Mode
from pextra.scheduling.gpus.wishes import GpuRequest, Wish
from pextra.scheduling.gpus.workload import Workload
from pextra.scheduling.groups import Rule, Topology
from pextra.scheduling.place import NoPlacement, Placement, place, place_batch
from pextra.scheduling.request import Request
from pextra.scheduling.resources import MEMORY, VCPUS, Resources
from pextra.scheduling.scores import PACK, SPREAD, Policy
from pextra.scheduling.snapshot import IN_CELLS, CellView, HostView, Snapshot
from pextra.scheduling.taints import Effect, Taint
from tests.unit.scheduling.fleets import WORKLOADS, fleets, guests_of, requests

POLICIES = st.sampled_from([SPREAD, PACK])
BATCHES = st.lists(requests(), max_size=12)


def first_rejection(host: HostView, request: Request, hosts: Iterable[HostView]) -> str | None:
    """The filter that rejects one of the hosts, by the plain meaning of the request; None when it can take it."""
    reasons = rejections(host, request) | {"placement_group": not group_admits(host, request, list(hosts))}
    assert list(reasons) == [one.name for one in FILTERS]
    return next((name for name, rejects in reasons.items() if rejects), None)


def rejections(host: HostView, request: Request) -> dict[str, bool]:
    """Which filters reject the host, whoever else is where."""
    free = [have - used for have, used in zip(host.capacity.vector, host.used.vector, strict=True)]
    lacks = [0 < want > left for want, left in zip(request.resources.vector, free, strict=True)]
    stored = request.storage
    pinned_here = request.host in (None, host.name) and request.pinned_host_uid in (None, host.uid)
    wanted = request.gpus
    return {
        "ready": not host.ready,
        "schedulable": not host.schedulable,
        "pinned": not pinned_here,
        "zone": request.zone not in (None, host.zone),
        "labels": any(host.labels.get(key) != value for key, value in request.host_labels.items()),
        "taints": any(t.effect is Effect.NO_SCHEDULE and not tolerated(t, request) for t in host.taints),
        "features": not request.features <= host.features,
        "storage": stored is not None
        and host.pool not in stored.pools
        and (not stored.fetchable or host.pool_shared or host.pool in stored.unfit),
        "gpu_models": wanted is not None and not has_gpus(emptied(host), plain(wanted)),
        "placement_group": False,
        "cpu": lacks[0],
        "memory": lacks[1],
        "disk": lacks[2],
        "dedicated_threads": lacks[3],
        "hugepages_2m": lacks[4],
        "hugepages_1g": lacks[5],
        "gpus": wanted is not None and not has_gpus(host, request),
    }


def tolerated(taint: Taint, request: Request) -> bool:
    """Whether the request says that it does not mind the taint."""
    return any(
        each.key == taint.key
        and (each.value is None or each.value == taint.value)
        and (each.effect is None or each.effect is taint.effect)
        for each in request.tolerations
    )


def domain_of(host: HostView, topology: Topology) -> object:
    """What is one and the same for hosts that the topology does not tell apart."""
    return {Topology.HOST: host.uid, Topology.RACK: (host.zone, host.rack), Topology.ZONE: host.zone}[topology]


def group_admits(host: HostView, request: Request, hosts: list[HostView]) -> bool:
    """Whether the rule of the request's group would be kept with it there; always, where it is only preferred."""
    wish = request.group
    if wish is None or not wish.required:
        return True
    members = Counter({domain_of(each, wish.topology): 0 for each in hosts})
    for each in hosts:
        members[domain_of(each, wish.topology)] += each.groups.get(wish.uid, 0)
    here = members[domain_of(host, wish.topology)]
    if wish.rule is Rule.ANTI_AFFINITY:
        return here == 0
    if wish.rule is Rule.AFFINITY:
        return here > 0 or not any(members.values())
    places = [one.name for one in WHERE]
    possible = [each for each in hosts if not any(rejections(each, request)[name] for name in places)]
    return all(here <= members[domain_of(each, wish.topology)] for each in possible)


def plain(wish: GpuRequest) -> Request:
    """The wish without where its GPUs should be."""
    return Request("g", "t", Resources(), gpus=replace(wish, nvlink=Wish.NONE, numa=Wish.NONE))


def emptied(host: HostView) -> HostView:
    """The host with all of its GPUs free."""
    free = (replace(gpu, used_milli=0, mode=None, profile="", slots=0) for gpu in host.gpus)
    return replace(host, gpus=tuple(free))


def parts_of(gpu: GpuView, wish: GpuRequest) -> int:
    """Into how many parts like the wanted one what is free of the GPU can be handed out, by trying."""
    if not gpu.usable or (wish.models and gpu.kind.model not in wish.models):
        return 0
    if gpu.mode not in (None, wish.mode) or (gpu.mode is Mode.VGPU and gpu.profile != wish.profile):
        return 0
    if wish.mode is Mode.WHOLE:
        return int(gpu.used_milli == 0)
    if wish.mode is Mode.SHARE:
        return (WHOLE_MILLI - gpu.used_milli) // wish.milli if gpu.kind.shareable else 0
    part = gpu.kind.slices.get((wish.mode, wish.profile))
    if part is None:
        return 0
    left = (WHOLE_MILLI - gpu.used_milli) // part.milli
    return min(left, most_disjoint(part.masks(), gpu.slots)) if part.starts else left


def most_disjoint(masks: list[int], used: int) -> int:
    """How many of the sets of slots go beside each other."""
    free = [(place, mask) for place, mask in enumerate(masks, 1) if not mask & used]
    return max((1 + most_disjoint(masks[place:], used | mask) for place, mask in free), default=0)


def has_gpus(host: HostView, request: Request) -> bool:
    """Whether a set of the host's GPUs is what the request asks for, by trying all of them."""
    wish = request.gpus
    assert wish is not None
    vectors = [(cell.capacity.vector, cell.used.vector) for cell in host.cells]
    wants = request.resources.vector
    for size in range(1, wish.count + 1):
        for places in combinations(range(len(host.gpus)), size):
            chosen = [host.gpus[place] for place in places]
            if sum(parts_of(gpu, wish) for gpu in chosen) < wish.count or not all(parts_of(g, wish) for g in chosen):
                continue
            mask = sum(1 << place for place in places)
            linked = host.board is not None and wish.mode is Mode.WHOLE and mask in host.board.partitions
            if wish.nvlink is Wish.REQUIRED and wish.count > 1 and not linked:
                continue
            if wish.numa is Wish.REQUIRED:
                cells = {gpu.cell for gpu in chosen}
                cell = next(iter(cells))
                if len(cells) > 1 or cell < 0:
                    continue
                if host.cells:
                    have, used = vectors[cell]
                    if any(0 < wants[d] > have[d] - used[d] for d in IN_CELLS):
                        continue
            return True
    return False


def check_claims(host: HostView, request: Request, decision: Placement) -> None:
    """What is handed out of the host's GPUs is free there, and what was asked for."""
    wish = request.gpus
    if wish is None:
        assert decision.gpus == ()
        return
    assert len(decision.gpus) == wish.count
    by_address = {gpu.address: gpu for gpu in host.gpus}
    now = dict(by_address)
    for claim in decision.gpus:
        gpu = now[claim.address]
        assert parts_of(gpu, wish) > 0
        assert gpu.slots & claim.slots == 0
        part = gpu.kind.slices.get((wish.mode, wish.profile))
        if part is not None and part.starts:
            assert claim.slots in part.masks()
        now[claim.address] = claimed(gpu, claim)
        assert now[claim.address].used_milli <= WHOLE_MILLI
    used = {claim.address for claim in decision.gpus}
    places = [place for place, gpu in enumerate(host.gpus) if gpu.address in used]
    if wish.nvlink is Wish.REQUIRED and wish.count > 1:
        assert host.board is not None
        assert sum(1 << place for place in places) in host.board.partitions
    if wish.numa is Wish.REQUIRED:
        assert {host.gpus[place].cell for place in places} == {decision.cell}


def claimed(gpu: GpuView, claim: GpuClaim) -> GpuView:
    """The GPU once so much is handed out of it."""
    profile = claim.profile if claim.mode is Mode.VGPU else ""
    used, slots = gpu.used_milli + claim.milli, gpu.slots | claim.slots
    return replace(gpu, used_milli=used, mode=claim.mode, profile=profile, slots=slots)


def with_guest(host: HostView, request: Request, decision: Placement) -> HostView:
    """The host after the request has been placed on it."""
    gpus = {gpu.address: gpu for gpu in host.gpus}
    for claim in decision.gpus:
        gpus[claim.address] = claimed(gpus[claim.address], claim)
    host = replace(host, gpus=tuple(gpus.values()), cells=cells_with(host, request, decision.cell))
    used = (has + want for has, want in zip(host.used.vector, request.resources.vector, strict=True))
    groups = Counter(host.groups)
    if request.group is not None:
        groups[request.group.uid] += 1
    return replace(host, used=Resources(*used), groups=dict(groups))


def cells_with(host: HostView, request: Request, cell: int | None) -> tuple[CellView, ...]:
    """The host's cells once the request is placed: in its cell, in the fullest that has it all, or in several."""
    cells = [[list(c.capacity.vector), list(c.used.vector)] for c in host.cells]
    for dimension in IN_CELLS:
        wanted = request.resources.vector[dimension]
        if cell is None and dimension in (VCPUS, MEMORY):
            continue
        free = [have[dimension] - used[dimension] for have, used in cells]
        enough = sorted((left, place) for place, left in enumerate(free) if left >= wanted)
        if cell is not None and cells:
            cells[cell][1][dimension] += wanted
        elif enough:
            cells[enough[0][1]][1][dimension] += wanted
        else:
            for place, left in enumerate(free):
                taken = min(wanted, max(0, left))
                cells[place][1][dimension] += taken
                wanted -= taken
    return tuple(CellView(Resources(*have), Resources(*used)) for have, used in cells)


@given(fleets(), requests())
def test_each_host_is_eligible_or_counted_under_the_first_filter_that_rejects_it(
    hosts: list[HostView], request: Request
) -> None:
    explanation = place(Snapshot.of(hosts), request).explanation
    expected = Counter(first_rejection(host, request, hosts) for host in hosts)
    assert explanation.eligible == expected.pop(None, 0)
    assert explanation.rejected == expected
    assert explanation.hosts == len(hosts)


@given(fleets(), requests())
def test_request_is_placed_exactly_when_some_host_can_take_it(hosts: list[HostView], request: Request) -> None:
    able = {host.uid for host in hosts if first_rejection(host, request, hosts) is None}
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
            assert first_rejection(now[decision.host_uid], request, now.values()) is None
            check_claims(now[decision.host_uid], request, decision)
            now[decision.host_uid] = with_guest(now[decision.host_uid], request, decision)


@given(fleets(), BATCHES, WORKLOADS)
def test_batch_decides_as_one_after_the_other_would(
    hosts: list[HostView], batch: list[Request], workload: Workload | None
) -> None:
    now = {host.uid: host for host in hosts}
    for request, decision in zip(batch, place_batch(Snapshot.of(hosts, workload), batch), strict=True):
        assert decision == place(Snapshot.of(now.values(), workload), request)
        if isinstance(decision, Placement):
            now[decision.host_uid] = with_guest(now[decision.host_uid], request, decision)


@given(fleets(), BATCHES)
def test_deciding_changes_nothing(hosts: list[HostView], batch: list[Request]) -> None:
    snapshot = Snapshot.of(hosts)
    first = place_batch(snapshot, batch)
    assert place_batch(snapshot, batch) == first


@given(fleets(), BATCHES, POLICIES, WORKLOADS, st.randoms(use_true_random=False))
def test_order_of_the_hosts_does_not_matter(
    hosts: list[HostView], batch: list[Request], policy: Policy, workload: Workload | None, chance: Random
) -> None:
    shuffled = list(hosts)
    chance.shuffle(shuffled)
    before = place_batch(Snapshot.of(hosts, workload), batch, policy)
    assert place_batch(Snapshot.of(shuffled, workload), batch, policy) == before


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
    others = {host.uid: data.draw(guests_of(host)) for host in hosts if data.draw(st.booleans())}
    request = data.draw(requests())
    updated = [others.get(host.uid, host) for host in hosts]
    before = Snapshot.of(hosts)
    kept = place(before, request)
    after = before.with_guests((host, others[host.uid]) for host in hosts if host.uid in others)
    assert place(after, request) == place(Snapshot.of(updated), request)
    assert place(before, request) == kept
    back = after.with_guests((others[host.uid], host) for host in hosts if host.uid in others)
    assert place(back, request) == kept


@given(fleets(), requests())
def test_closest_host_would_take_the_request_if_its_shortfall_were_freed(
    hosts: list[HostView], request: Request
) -> None:
    decision = place(Snapshot.of(hosts), request)
    closest = decision.explanation.closest
    rooms = {one.name for one in ROOM}
    lacking_room = [host for host in hosts if first_rejection(host, request, hosts) in rooms]
    assert (closest is not None) == (isinstance(decision, NoPlacement) and lacking_room != [])
    if closest is not None:
        host = next(one for one in lacking_room if one.uid == closest.host_uid)
        enough = Resources(
            *(have + short for have, short in zip(host.capacity.vector, closest.shortfall.vector, strict=True))
        )
        free = replace(emptied(host), capacity=enough, cells=())
        possible = request.gpus is None or has_gpus(free, request)
        assert isinstance(place(Snapshot.of([free]), request), Placement) == possible
        wants = zip(request.resources.vector, host.capacity.vector, strict=True)
        assert closest.too_small == (any(want > have for want, have in wants) or not possible)


@given(fleets(), requests())
def test_explanation_is_json_and_its_sentence_for_tenants_names_no_host(
    hosts: list[HostView], request: Request
) -> None:
    explanation = place(Snapshot.of(hosts), replace(request, host=None)).explanation
    document = json.loads(json.dumps(explanation.as_dict()))
    assert document["eligible"] + sum(document["rejected"].values()) == document["hosts"] == len(hosts)
    assert not any(host.name in document["why"].split() for host in hosts)
