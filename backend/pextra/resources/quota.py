"""Kind `quota`: what a tenant may use, carved out of its parent's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pextra.declaration.kind import Area, Kind, SpecModel, StatusModel

Limit = Annotated[int, Field(ge=0, le=2**53)] | Literal["unlimited"]


class QuotaSpec(SpecModel):
    """The limits of a tenant and of all its descendants together."""

    limits: Annotated[dict[Annotated[str, Field(max_length=63)], Limit], Field(max_length=200)] = {}
    """The most of each countable; of one that comes in several kinds also of each kind, such as `gpus/a100`."""
    unlisted: Literal["none", "unlimited"] = "none"
    """The limit of every countable that `limits` does not name. `unlimited` is possible only under an unlimited
    parent."""


class QuotaStatus(StatusModel):
    """What of the limits is in use."""

    usage: dict[str, dict[str, int | None]] = {}
    """For each countable: `limit` (null: unlimited), `used` by the tenant's own objects, those included that are being
    made or deleted, `granted` to its children, and what is `available` still (null: without limit)."""


QUOTA = Kind(
    name="quota",
    plural="quotas",
    description="What a tenant may use, carved out of its parent's. A new tenant may use nothing.",
    singleton="default",
    area=Area.GOVERNANCE,
    spec=QuotaSpec,
    status=QuotaStatus,
    example={
        "kind": "quota",
        "metadata": {"name": "default"},
        "spec": {"limits": {"instances": 10, "vcpus": 20, "memory_mib": 40_960}},
    },
)
