"""A registry finds kinds, refuses contradictions and knows in which order they depend on one another."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import pytest

from pextra.declaration.kind import Kind, SpecModel
from pextra.declaration.markers import Ref
from pextra.declaration.registry import Registry
from pextra.errors import PextraError
from pextra.resources import REGISTRY
from tests.unit.declaration.gadget import GADGET


class Pointing(SpecModel):
    """A spec with a reference to nothing that is there."""

    at: Annotated[str, Ref("nothing")]
    """Nothing."""


def test_a_kind_is_found_by_name_and_by_route() -> None:
    assert REGISTRY.named("volume") is REGISTRY["volume"]
    assert REGISTRY.routed("volumes") is REGISTRY["volume"]
    assert REGISTRY.routed("volume") is None
    assert "volume" in REGISTRY
    assert "volumes" not in REGISTRY


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(PextraError, match="there are tenant, quota") as caught:
        REGISTRY.named("x" * 500)
    assert caught.value.code == "spec.invalid"
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("change", [{"plural": "others"}, {"name": "other"}])
def test_two_kinds_cannot_share_a_name_or_a_route(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="declared twice"):
        Registry([GADGET, replace(GADGET, **change)])


def test_a_reference_to_a_kind_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pointer\.at refers to unknown kind nothing"):
        Registry([Kind(name="pointer", plural="pointers", description="", spec=Pointing)])


def test_a_registry_can_be_extended_and_stays_itself() -> None:
    extended = REGISTRY.plus(GADGET)
    assert list(extended) == [*REGISTRY, GADGET]
    assert "gadget" not in REGISTRY
    assert "gadget_gib" in extended.countables
    assert "gadget_gib" not in REGISTRY.countables


def test_every_kind_comes_after_those_that_it_refers_to_with_tenants_first() -> None:
    order = [kind.name for kind in REGISTRY.order]
    assert order[:2] == ["tenant", "quota"]
    assert sorted(order) == sorted(kind.name for kind in REGISTRY)
    for kind in REGISTRY:
        for field in kind.references:
            if field.ref is not None and field.ref.kind is not None:
                assert field.ref.kind in order[: order.index(kind.name) + 1]  # its own kind may be meant


def test_kinds_that_refer_to_themselves_are_ordered_too() -> None:
    assert [kind.name for kind in Registry([GADGET]).order] == ["gadget"]


def test_whatever_counts_against_quota_is_a_countable_with_a_description() -> None:
    assert {"instances", "volumes", "vcpus", "memory_mib", "volume_gib", "image_gib"} <= set(REGISTRY.countables)
    assert not {"operations", "quotas", "tenants", "hosts", "flavors"} & set(REGISTRY.countables)
    assert all(REGISTRY.countables.values())
