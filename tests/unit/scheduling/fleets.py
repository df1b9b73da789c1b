"""Fleets and requests for the tests of the scheduler: a few by hand, and strategies for any."""

from __future__ import annotations

from hypothesis import strategies as st

from pextra.scheduling.request import AntiAffinity, Request
from pextra.scheduling.resources import DIMENSIONS, Resources
from pextra.scheduling.snapshot import HostView

ROOMY = Resources(16, 16_384, 100)


def host(
    name: str,
    *,
    used: Resources | None = None,
    capacity: Resources = ROOMY,
    groups: dict[str, int] | None = None,
    features: frozenset[str] = frozenset(),
) -> HostView:
    """A host that is ready and, unless told otherwise, empty."""
    return HostView(
        uid=f"uid-{name}",
        name=name,
        zone="a",
        ready=True,
        schedulable=True,
        capacity=capacity,
        used=used or Resources(),
        groups=groups or {},
        features=features,
    )


def guest(uid: str = "g1", *, anti_affinity: AntiAffinity | None = None) -> Request:
    """A small guest."""
    return Request(uid, "tenant", Resources(2, 2_048, 10), anti_affinity=anti_affinity)


NAMES = st.sampled_from([f"h{number}" for number in range(12)])
ZONES = st.sampled_from(["a", "b"])
LABELS = st.dictionaries(st.sampled_from(["disk", "cpu"]), st.sampled_from(["x", "y"]))
GROUPS = st.sampled_from(["red", "blue"])
FEATURES = st.frozensets(st.sampled_from(["uefi", "tpm"]))
AMOUNTS = st.builds(Resources, *(st.integers(0, 8) for _ in DIMENSIONS))


@st.composite
def host_views(draw: st.DrawFn, name: str) -> HostView:
    """Any host of that name; it may use more than it has."""
    return HostView(
        uid=f"uid-{name}",
        name=name,
        zone=draw(ZONES),
        ready=draw(st.integers(0, 4)) > 0,
        schedulable=draw(st.integers(0, 4)) > 0,
        capacity=draw(AMOUNTS),
        used=draw(st.just(Resources()) | AMOUNTS),
        labels=draw(LABELS),
        groups=draw(st.dictionaries(GROUPS, st.integers(0, 2))),
        features=draw(FEATURES),
    )


@st.composite
def fleets(draw: st.DrawFn) -> list[HostView]:
    """Any hosts, in any order."""
    return [draw(host_views(name)) for name in draw(st.lists(NAMES, unique=True))]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Any request; most of them ask for little."""
    pinned = draw(st.none() | NAMES)
    return Request(
        uid=f"guest-{draw(st.integers(0, 999))}",
        tenant_uid="tenant",
        resources=draw(st.builds(Resources, *(st.integers(0, 4) for _ in DIMENSIONS))),
        zone=draw(st.none() | ZONES),
        host=draw(st.none() | st.none() | NAMES),
        pinned_host_uid=None if pinned is None or draw(st.booleans()) else f"uid-{pinned}",
        host_labels=draw(st.just(dict[str, str]()) | LABELS),
        anti_affinity=draw(st.none() | st.builds(AntiAffinity, GROUPS, hard=st.booleans())),
        features=draw(st.just(frozenset[str]()) | FEATURES),
    )
