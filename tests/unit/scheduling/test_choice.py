"""Which host is chosen among those that could take a guest, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pextra.scheduling.groups import Group, Rule
from pextra.scheduling.place import Decision, NoPlacement, Placement, place, place_batch
from pextra.scheduling.request import Request
from pextra.scheduling.resources import Resources
from pextra.scheduling.scores import PACK, POLICIES, SPREAD, Policy
from pextra.scheduling.snapshot import Snapshot
from tests.unit.scheduling.fleets import ROOMY, guest, host

EMPTY = host("empty")
HALF = host("half", used=Resources(8, 8_192, 50))
NEARLY_FULL = host("nearly-full", used=Resources(14, 14_336, 90))


def chosen(decision: Decision) -> str:
    """The name of the host."""
    assert isinstance(decision, Placement)
    return decision.host_name


def test_spreading_prefers_the_emptiest_host() -> None:
    assert chosen(place(Snapshot.of([NEARLY_FULL, HALF, EMPTY]), guest(), SPREAD)) == "empty"


def test_packing_prefers_the_fullest_host() -> None:
    assert chosen(place(Snapshot.of([EMPTY, HALF, NEARLY_FULL]), guest(), PACK)) == "nearly-full"


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_processor_and_memory_are_used_up_together(policy: Policy) -> None:
    lopsided = host("a-lopsided", used=Resources(12, 4_096, 0))
    even = host("b-even", used=Resources(8, 8_192, 0))
    assert chosen(place(Snapshot.of([lopsided, even]), guest(), policy)) == "b-even"


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_guest_that_would_rather_be_alone_outweighs_load(policy: Policy) -> None:
    busy = host("busy", used=HALF.used)
    shared = host("shared", groups={"web": 1})
    wish = guest(group=Group("web", Rule.ANTI_AFFINITY))
    assert chosen(place(Snapshot.of([busy, shared]), wish, policy)) == "busy"


def test_guest_that_would_rather_be_alone_shares_when_it_must() -> None:
    one, two = host("one", groups={"web": 2}), host("two", groups={"web": 1})
    wish = guest(group=Group("web", Rule.ANTI_AFFINITY))
    assert chosen(place(Snapshot.of([one, two]), wish, PACK)) == "two"


def test_batch_that_insists_on_being_apart_gets_one_host_each_and_no_more() -> None:
    batch = [guest(f"g{n}", group=Group("db", Rule.ANTI_AFFINITY, required=True)) for n in range(4)]
    decisions = place_batch(Snapshot.of([EMPTY, HALF, NEARLY_FULL]), batch)
    assert {chosen(decision) for decision in decisions[:3]} == {"empty", "half", "nearly-full"}
    assert isinstance(decisions[3], NoPlacement)
    assert decisions[3].explanation.rejected == {"placement_group": 3}


def test_equal_hosts_are_taken_in_the_order_of_their_names() -> None:
    assert chosen(place(Snapshot.of([host("b"), host("a"), host("c")]), guest())) == "a"


def test_floating_point_noise_decides_nothing() -> None:
    # A third is left on both; summed in floating point, that of `b` is the larger by 5.6e-17.
    noisy = host("a", capacity=Resources(3, 3_000, 100), used=Resources(2, 2_000, 0))
    exact = host("b", capacity=Resources(9, 9_000, 100), used=Resources(6, 6_000, 0))
    nothing = Request("g1", "tenant", Resources())
    assert chosen(place(Snapshot.of([exact, noisy]), nothing)) == "a"


def test_host_without_processors_can_hold_what_needs_none() -> None:
    shelf = host("shelf", capacity=Resources(0, 0, 100))
    assert chosen(place(Snapshot.of([shelf]), Request("v", "tenant", Resources(disk_gib=100)))) == "shelf"


def test_overfull_resource_does_not_hinder_a_guest_that_wants_none_of_it() -> None:
    shrunk = host("shrunk", capacity=Resources(16, 16_384, 10), used=Resources(0, 0, 50))
    assert chosen(place(Snapshot.of([shrunk]), Request("g1", "tenant", Resources(1, 1_024, 0)))) == "shrunk"
    assert isinstance(place(Snapshot.of([shrunk]), guest()), NoPlacement)


def test_choice_shows_the_best_three_with_their_terms() -> None:
    hosts = [EMPTY, HALF, NEARLY_FULL, host("other", used=Resources(12, 12_288, 0))]
    document = place(Snapshot.of(hosts), guest()).explanation.as_dict()
    assert document == {
        "hosts": 4,
        "rejected": {},
        "eligible": 4,
        "why": "the best of 4 eligible among 4 hosts (spread)",
        "best": [
            {"host": "empty", "score": 1.375, "terms": {"room": 0.875, "balance": 1.0}},
            {"host": "half", "score": 0.875, "terms": {"room": 0.375, "balance": 1.0}},
            {"host": "other", "score": 0.625, "terms": {"room": 0.125, "balance": 1.0}},
        ],
    }


def test_refusal_for_want_of_room_says_how_much_is_wanted_where() -> None:
    document = place(Snapshot.of([NEARLY_FULL, HALF]), Request("g", "t", Resources(9, 12_288, 1))).explanation
    assert document.as_dict() == {
        "hosts": 2,
        "rejected": {"cpu": 2},
        "eligible": 0,
        "why": "none of 2 hosts can take it: 2 without enough cpu",
        "closest": {
            "host": "half",
            "shortfall": {"vcpus": 1, "memory_mib": 4_096},
            "too_small": False,
            "lacks": "9 vCPUs wanted, 8 free, 12288 MiB of memory wanted, 8192 free",
        },
        "remedy": "host half, the closest: 9 vCPUs wanted, 8 free, 12288 MiB of memory wanted, 8192 free",
    }


def test_refusal_of_a_giant_says_that_no_emptying_helps() -> None:
    explanation = place(Snapshot.of([EMPTY]), Request("g", "t", Resources(1, 20_480, 1))).explanation
    assert explanation.remedy == (
        "host empty, the closest: 20480 MiB of memory wanted, 16384 free; it is too small for it even empty"
    )


def test_refusal_for_other_reasons_names_every_one_of_them() -> None:
    wish = Request("g", "t", Resources(1), zone="b", host_labels={"gpu": "yes", "disk": "nvme"})
    explanation = place(Snapshot.of([EMPTY, HALF]), wish).explanation
    assert explanation.rejected == {"zone": 2}
    assert explanation.why == "none of 2 hosts can take it: 2 outside zone b"
    assert explanation.remedy == "change what is asked for, or the hosts: 2 outside zone b"
    assert explanation.closest is None


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (Request("g", "t", Resources(), host="h9"), "1 not host h9"),
        (Request("g", "t", Resources(), pinned_host_uid="u9"), "1 not the host with the volumes"),
        (
            Request("g", "t", Resources(), host="empty", pinned_host_uid="u9"),
            "1 not host empty with the volumes",
        ),
        (
            Request("g", "t", Resources(), host_labels={"gpu": "yes", "disk": "nvme"}),
            "1 without labels disk=nvme,gpu=yes",
        ),
    ],
)
def test_refusal_says_what_was_asked_for(wish: Request, reason: str) -> None:
    explanation = place(Snapshot.of([EMPTY]), wish).explanation
    assert explanation.why == f"none of 1 hosts can take it: {reason}"


def test_dedicated_threads_and_hugepages_are_counted_and_what_is_wanted_and_free_is_said() -> None:
    capacity = replace(ROOMY, dedicated_threads=4, hugepages_2m=512)
    pinned = host("h3", capacity=capacity, used=Resources(dedicated_threads=2, hugepages_2m=512))
    wish = Request("g", "t", Resources(disk_gib=1, dedicated_threads=4))
    explanation = place(Snapshot.of([EMPTY, pinned]), wish).explanation
    assert explanation.rejected == {"dedicated_threads": 2}
    assert explanation.why == "none of 2 hosts can take it: 2 without 4 free dedicated threads"
    assert explanation.remedy == "host h3, the closest: 4 dedicated threads wanted, 2 free"
    pages = place(Snapshot.of([EMPTY, pinned]), Request("g", "t", Resources(hugepages_2m=256))).explanation
    assert pages.why == "none of 2 hosts can take it: 2 without 256 free hugepages of 2 MiB"
    assert chosen(place(Snapshot.of([EMPTY, pinned]), Request("g", "t", Resources(dedicated_threads=2)))) == "h3"


def test_a_batch_gives_no_dedicated_thread_twice() -> None:
    one = host("one", capacity=replace(ROOMY, dedicated_threads=3))
    wishes = [Request(uid, "t", Resources(dedicated_threads=2)) for uid in ("a", "b")]
    first, second = place_batch(Snapshot.of([one]), wishes)
    assert chosen(first) == "one"
    assert second.explanation.rejected == {"dedicated_threads": 1}


def test_hosts_that_cannot_be_the_machine_that_is_asked_for_are_refused() -> None:
    modern = host("modern", features=frozenset({"uefi", "secure_boot", "tpm"}))
    half = host("partly", features=frozenset({"uefi"}))
    wish = replace(guest(), features=frozenset({"secure_boot", "tpm"}))
    assert chosen(place(Snapshot.of([EMPTY, half, modern]), wish)) == "modern"
    refused = place(Snapshot.of([EMPTY, half]), wish).explanation
    assert refused.why == "none of 2 hosts can take it: 2 without secure_boot,tpm"


def test_cloud_without_hosts_says_so() -> None:
    explanation = place(Snapshot.of([]), guest()).explanation
    assert (explanation.why, explanation.remedy) == ("there are no hosts", "add a host")


def test_hosts_with_one_name_or_uid_are_refused() -> None:
    with pytest.raises(ValueError, match="in common"):
        Snapshot.of([EMPTY, EMPTY])


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        Resources(memory_mib=-1)


def test_guests_of_an_unknown_host_are_refused() -> None:
    with pytest.raises(KeyError):
        Snapshot.of([EMPTY]).with_guests([(EMPTY, replace(EMPTY, uid="uid-of-nobody"))])
