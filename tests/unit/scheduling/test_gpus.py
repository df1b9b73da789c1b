"""Which GPUs a guest gets, and what is said where it gets none."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from pextra.scheduling.gpus.boards import BOARDS, Board, choose, from_links, unlinked
from pextra.scheduling.gpus.devices import WHOLE_MILLI, GpuType, Mode, Slice, mig_slots
from pextra.scheduling.gpus.wishes import GpuRequest, Wish
from pextra.scheduling.gpus.workload import SCALE, Shape, Workload
from pextra.scheduling.place import Decision, Placement, place, place_batch
from pextra.scheduling.request import Request
from pextra.scheduling.resources import Resources
from pextra.scheduling.snapshot import CellView, HostView, Snapshot
from tests.unit.scheduling.fleets import H100, L4, gpu_guest, gpu_host

LINKED = GpuRequest(count=4, nvlink=Wish.REQUIRED)
SHARE = GpuRequest(mode=Mode.SHARE, milli=250)
ONE = GpuRequest()


def modules(decision: Decision) -> str:
    """The module numbers of the GPUs that it gets: "1234"."""
    assert isinstance(decision, Placement), decision.explanation.why
    return "".join(sorted(claim.address.removeprefix("gpu-") for claim in decision.gpus))


def host_of(decision: Decision) -> str:
    """The name of the host."""
    assert isinstance(decision, Placement), decision.explanation.why
    return decision.host_name


@pytest.mark.parametrize(
    ("board", "pairs"),
    [
        ("hgx-a100-8", {"12", "34", "56", "78"}),
        ("hgx-h100-8", {"13", "24", "57", "68"}),
        ("hgx-h200-8", {"13", "24", "57", "68"}),
        ("hgx-b200-8", {"12", "34", "56", "78"}),
    ],
)
def test_linked_guests_of_two_get_the_pairs_that_the_fabric_can_activate(board: str, pairs: set[str]) -> None:
    wish = GpuRequest(count=2, nvlink=Wish.REQUIRED)
    batch = [gpu_guest(wish, f"g{number}") for number in range(5)]
    decisions = place_batch(Snapshot.of([gpu_host("h", board=board)]), batch)
    assert {modules(decision) for decision in decisions[:4]} == pairs
    assert not isinstance(decisions[4], Placement)


@pytest.mark.parametrize("board", BOARDS)
def test_partitions_of_one_guest_are_of_4_or_8_and_what_is_no_partition_is_refused(board: str) -> None:
    assert modules(place(Snapshot.of([gpu_host("h", board=board)]), gpu_guest(LINKED))) == "1234"
    three = gpu_guest(replace(LINKED, count=3))
    refused = place(Snapshot.of([gpu_host("h", board=board)]), three).explanation
    assert refused.why == "none of 1 hosts can take it: 1 without 3 GPUs linked by NVLink free"
    assert refused.remedy == (
        "host h, the closest: 3 GPUs linked by NVLink wanted, enough are free but not linked by NVLink; "
        "it is too small for it even empty"
    )


def test_guest_of_one_takes_what_is_no_longer_part_of_a_pair() -> None:
    # 1 and 3 are a pair, and so are 6 and 8; the partner of 5 has gone.
    assert modules(place(Snapshot.of([gpu_host("h", free="13568")]), gpu_guest(ONE))) == "5"


def test_guests_of_one_leave_a_half_whole_for_four() -> None:
    ones = [gpu_guest(ONE, f"g{number}") for number in range(4)]
    *_, last = place_batch(Snapshot.of([gpu_host("h")]), [*ones, gpu_guest(LINKED)])
    assert modules(last) == "5678"


def test_guest_goes_to_the_host_where_no_larger_partition_breaks() -> None:
    whole, broken = gpu_host("a-whole"), gpu_host("b-broken", free="1357")
    pair = gpu_guest(GpuRequest(count=2, nvlink=Wish.REQUIRED))
    assert host_of(place(Snapshot.of([whole, broken]), pair)) == "b-broken"


def test_parts_of_gpus_are_never_linked() -> None:
    wish = GpuRequest(count=2, mode=Mode.VF, nvlink=Wish.REQUIRED)
    refused = place(Snapshot.of([gpu_host("h")]), gpu_guest(wish)).explanation
    assert refused.why == "none of 1 hosts can take it: 1 without 2 GPU virtual functions linked by NVLink free"
    assert host_of(place(Snapshot.of([gpu_host("h")]), gpu_guest(replace(wish, nvlink=Wish.PREFERRED)))) == "h"
    assert host_of(place(Snapshot.of([gpu_host("h")]), gpu_guest(replace(wish, count=1)))) == "h"


def test_links_that_are_preferred_are_given_where_they_can_be() -> None:
    wish = gpu_guest(GpuRequest(count=2, nvlink=Wish.PREFERRED))
    apart, linked = gpu_host("a-apart", free="16"), gpu_host("b-linked", free="24")
    assert host_of(place(Snapshot.of([apart, linked]), wish)) == "b-linked"
    assert modules(place(Snapshot.of([apart]), wish)) == "16"


def test_cell_that_is_required_has_the_gpus_and_the_threads() -> None:
    cells = (CellView(Resources(8, 8_192, 0, 2)), CellView(Resources(8, 8_192, 0, 8)))
    host = replace(gpu_host("h"), capacity=Resources(16, 16_384, 100, dedicated_threads=10), cells=cells)
    wish = GpuRequest(count=2, numa=Wish.REQUIRED)
    request = Request("g", "t", Resources(0, 1_024, 1, dedicated_threads=4), gpus=wish)
    decision = place(Snapshot.of([host]), request)
    assert isinstance(decision, Placement)
    assert decision.cell == 1
    assert set(modules(decision)) <= set("5678")
    refused = place(Snapshot.of([host]), replace(request, resources=Resources(0, 1_024, 1, dedicated_threads=9)))
    assert refused.explanation.rejected == {"gpus": 1}
    remedy = refused.explanation.remedy or ""
    assert "not in one NUMA cell with the processors, memory and hugepages" in remedy
    assert remedy.endswith("of its cells, 1 lacks least: 9 dedicated threads wanted, 8 free")


def test_cell_that_is_required_has_the_processors_and_the_memory() -> None:
    cells = (CellView(Resources(8, 2_048)), CellView(Resources(4, 8_192)))
    host = replace(gpu_host("h"), capacity=Resources(12, 10_240, 100), cells=cells)
    request = Request("g", "t", Resources(8, 2_048, 1), gpus=GpuRequest(count=2, numa=Wish.REQUIRED))
    decision = place(Snapshot.of([host]), request)
    assert isinstance(decision, Placement)
    assert decision.cell == 0
    refused = place(Snapshot.of([host]), replace(request, resources=Resources(8, 2_560, 1)))
    assert (refused.explanation.remedy or "").endswith("0 lacks least: 2560 MiB of memory wanted, 2048 free")


def test_cell_that_is_preferred_is_given_up_where_the_guest_does_not_fit_into_it() -> None:
    host = replace(gpu_host("h"), capacity=Resources(8, 8_192, 100), cells=(CellView(Resources(4, 4_096)),) * 2)
    wish = GpuRequest(count=2, numa=Wish.PREFERRED)
    small = place(Snapshot.of([host]), Request("g", "t", Resources(4, 1_024, 1), gpus=wish))
    large = place(Snapshot.of([host]), Request("g", "t", Resources(6, 1_024, 1), gpus=wish))
    assert isinstance(small, Placement)
    assert isinstance(large, Placement)
    assert small.cell is not None
    assert large.cell is None  # wherever its GPUs are


def test_cells_are_used_up_by_a_batch() -> None:
    cells = (CellView(Resources(0, 8, 0, 4)), CellView(Resources(0, 8, 0, 4)))
    host = replace(gpu_host("h"), capacity=Resources(16, 16_384, 100, dedicated_threads=8), cells=cells)
    wish = GpuRequest(count=1, numa=Wish.REQUIRED)
    batch = [Request(f"g{n}", "t", Resources(0, 1, 1, dedicated_threads=3), gpus=wish) for n in range(3)]
    first, second, third = place_batch(Snapshot.of([host]), batch)
    assert isinstance(first, Placement)
    assert isinstance(second, Placement)
    assert {first.cell, second.cell} == {0, 1}
    assert third.explanation.rejected == {"dedicated_threads": 1}


def test_any_of_several_models_will_do_and_no_other() -> None:
    fleet = Snapshot.of([gpu_host("l4", board="", kind=L4), gpu_host("h100")])
    assert host_of(place(fleet, gpu_guest(GpuRequest(models=frozenset({"l4", "a10"}))))) == "l4"
    refused = place(fleet, gpu_guest(GpuRequest(count=2, models=frozenset({"a10", "b200"})))).explanation
    assert refused.why == "none of 2 hosts can take it: 2 without 2 GPUs a10 or b200"
    assert refused.rejected == {"gpu_models": 2}


def test_shares_are_put_together_and_a_whole_gpu_is_left() -> None:
    batch = [gpu_guest(SHARE, f"g{number}") for number in range(4)]
    decisions = place_batch(Snapshot.of([gpu_host("h", free="12")], _workload()), [*batch, gpu_guest(ONE)])
    assert len({modules(decision) for decision in decisions[:4]}) == 1
    assert isinstance(decisions[4], Placement)


def test_what_excludes_each_other_is_never_on_one_gpu() -> None:
    kinds = [
        SHARE,
        GpuRequest(mode=Mode.VF),
        GpuRequest(mode=Mode.MIG, profile="1g"),
        GpuRequest(mode=Mode.VGPU, profile="quarter"),
        GpuRequest(mode=Mode.VGPU, profile="third"),
    ]
    for first in kinds:
        for second in kinds:
            pair = [gpu_guest(first, "a"), gpu_guest(second, "b")]
            one, two = place_batch(Snapshot.of([gpu_host("h", free="1")]), pair)
            assert isinstance(one, Placement)
            assert isinstance(two, Placement) == (first == second)


def test_small_mig_instances_leave_the_slots_of_a_large_one() -> None:
    small, large = H100.slices[Mode.MIG, "1g"], H100.slices[Mode.MIG, "3g"]
    used = 0
    for _ in range(3):
        used |= mig_slots(H100, small, used)
    assert mig_slots(H100, large, used) == 0b1111


def test_vgpus_with_numbers_are_as_many_as_there_are_numbers() -> None:
    wish = GpuRequest(mode=Mode.VGPU, profile="third")
    host = gpu_host("h", free="1")
    placed = place_batch(Snapshot.of([host]), [gpu_guest(wish, f"g{number}") for number in range(4)])
    assert [each.gpus[0].slots for each in placed if isinstance(each, Placement)] == [1 << 1, 1 << 2, 1 << 30]
    assert not isinstance(placed[-1], Placement)


def test_guest_of_more_vgpus_than_a_gpu_has_numbers_gets_the_others_of_another() -> None:
    wish = gpu_guest(GpuRequest(mode=Mode.VGPU, profile="third", count=4))
    decision = place(Snapshot.of([gpu_host("h", free="12")]), wish)
    assert isinstance(decision, Placement)
    assert len({(claim.address, claim.slots) for claim in decision.gpus}) == 4
    assert not isinstance(place(Snapshot.of([gpu_host("h", free="1")]), wish), Placement)


def test_guest_of_several_parts_takes_them_of_as_few_gpus_as_can_be() -> None:
    wish = GpuRequest(count=4, mode=Mode.VGPU, profile="quarter")
    decision = place(Snapshot.of([gpu_host("h")]), gpu_guest(wish))
    assert isinstance(decision, Placement)
    assert len({claim.address for claim in decision.gpus}) == 1


def test_guest_without_gpus_keeps_away_from_those_that_would_starve() -> None:
    plain = HostView("plain", "z-plain", "a", True, True, Resources(4, 8_192, 100), Resources())
    guest = Request("g", "t", Resources(2, 2_048, 1))
    hosts = [replace(gpu_host("a-gpus"), capacity=Resources(8, 8_192, 100)), plain]
    assert host_of(place(Snapshot.of(hosts, _workload()), guest)) == "z-plain"


def test_refusal_says_how_many_gpus_are_free_where_most_are() -> None:
    fleet = Snapshot.of([gpu_host("a", free="1"), gpu_host("b", free="123")])
    explanation = place(fleet, gpu_guest(LINKED)).explanation
    assert explanation.why == "none of 2 hosts can take it: 2 without 4 GPUs linked by NVLink free"
    assert explanation.remedy == "host b, the closest: 4 GPUs linked by NVLink wanted, 3 free"


def test_closest_host_that_could_never_give_what_is_asked_for_is_called_too_small() -> None:
    explanation = place(Snapshot.of([gpu_host("h", board="")]), gpu_guest(LINKED)).explanation
    assert explanation.closest is not None
    assert explanation.closest.too_small


def test_sick_gpu_is_given_to_nobody() -> None:
    host = gpu_host("h", free="12")
    sick = replace(host, gpus=(replace(host.gpus[0], usable=False), *host.gpus[1:]))
    assert modules(place(Snapshot.of([sick]), gpu_guest(ONE))) == "2"


def test_meshed_gpus_are_linked_in_any_set_of_which_all_are_joined() -> None:
    # A ring of four with one diagonal.
    board = from_links(4, frozenset({(0, 1), (1, 2), (2, 3), (0, 3), (0, 2)}))
    assert set(board.partitions) == {0b0011, 0b0110, 0b1100, 0b1001, 0b0101, 0b0111, 0b1101}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_chosen_gpus_are_free_and_as_many_as_asked_for_whatever_is_free(board: Board) -> None:
    for free in range(256):
        for count in range(1, 9):
            choice = choose(board, free, count, linked=False)
            assert (choice is not None) == (free.bit_count() >= count)
            if choice is not None:
                assert choice.gpus & ~free == 0
                assert choice.gpus.bit_count() == count
            linked = choose(board, free, count, linked=True)
            if linked is not None and count > 1:
                assert linked.gpus in board.partitions
                assert choice is not None
                assert linked.loss >= choice.loss


def test_board_refuses_partitions_of_gpus_that_it_does_not_have() -> None:
    with pytest.raises(ValueError, match="two and more of the board's 2"):
        Board("odd", 2, (0b101,))
    with pytest.raises(ValueError, match="at most 32"):
        unlinked(33)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"count": 0}, "1 to 16 GPUs"),
        ({"count": 17}, "1 to 16 GPUs"),
        ({"milli": 500}, "thousandths are of shared GPUs"),
        ({"mode": Mode.SHARE, "milli": 0}, "1 to 1000"),
        ({"mode": Mode.MIG}, "a profile goes with MIG and vGPU"),
        ({"profile": "1g"}, "a profile goes with MIG and vGPU"),
    ],
)
def test_wishes_that_cannot_be_are_refused(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        GpuRequest(**fields)  # type: ignore[arg-type]


def test_gpu_that_is_divided_is_not_free_for_whole_ones() -> None:
    divided = GpuType("h100", slices=MappingProxyType({(Mode.VF, ""): Slice(250, 1, (0, 1, 2, 3))}), whole=False)
    snapshot = Snapshot.of([gpu_host("divided", kind=divided), gpu_host("whole")], _workload())
    free = snapshot.gpus.open(snapshot.fleet.everyone)
    assert [row.tolist() for row in free] == [[0] * 8, [WHOLE_MILLI] * 8]


def test_guest_without_gpus_need_not_keep_away_from_divided_ones_which_whole_guests_cannot_have() -> None:
    divided = GpuType("h100", slices=MappingProxyType({(Mode.VF, ""): Slice(250, 1, (0, 1, 2, 3))}), whole=False)
    plain = HostView("plain", "z-plain", "a", True, True, Resources(8, 8_192, 100), Resources())
    guest = Request("g", "t", Resources(2, 2_048, 1))
    hosts = [replace(gpu_host("a-divided", kind=divided), capacity=Resources(8, 8_192, 100)), plain]
    assert host_of(place(Snapshot.of(hosts, _workload()), guest)) == "a-divided"


def test_gpus_that_no_usual_guest_can_use_count_whole() -> None:
    workload = Workload({Shape(Resources(4, 4_096), 1, WHOLE_MILLI): 1})
    starved, rich = (replace(gpu_host(name), used=Resources(used)) for name, used in (("s", 14), ("r", 8)))
    snapshot = Snapshot.of([rich, starved], workload)
    waste = workload.waste(snapshot.free, snapshot.gpus.open(snapshot.fleet.everyone), snapshot.fleet.usable)
    # Two more guests fit on the one: six of its GPUs stay, in the view of filling. On the other none does.
    assert [round(float(found) / SCALE, 2) for found in waste] == [3.0, 7.75]


def _workload() -> Workload:
    return Workload({Shape(Resources(1, 1_024), 1, 250): 3, Shape(Resources(1, 1_024), 1, WHOLE_MILLI): 1})
