"""The documents of the API as Python types. They are plain dictionaries at run time."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict, cast


class Metadata(TypedDict):
    """Who an object is. A client writes `name`, `tenant`, `labels` and `annotations`; the rest is read."""

    name: str
    tenant: NotRequired[str]
    uid: NotRequired[str]
    site: NotRequired[str]
    labels: NotRequired[dict[str, str]]
    annotations: NotRequired[dict[str, str]]
    generation: NotRequired[int]
    revision: NotRequired[int]
    etag: NotRequired[str]
    created_at: NotRequired[str]
    updated_at: NotRequired[str]
    deleting: NotRequired[bool]


class Condition(TypedDict):
    """One observation about an object; `reason` is from a closed list, `message` is for people."""

    type: str
    status: Literal["true", "false", "unknown"]
    reason: str
    message: str
    since: str


class Object(TypedDict):
    """An object as the API reads it, or a manifest as it is written."""

    kind: str
    metadata: Metadata
    spec: dict[str, Any]
    resolved: NotRequired[dict[str, Any]]
    status: NotRequired[dict[str, Any]]
    minted: NotRequired[dict[str, Any]]
    """A credential, in the answer that made it and never again."""


class PlanRequest(TypedDict):
    """One change of a batch to be planned."""

    verb: Literal["put", "delete"]
    object: Object


class Prune(TypedDict):
    """What a plan may delete besides: objects with these labels that the batch does not name."""

    labels: str
    tenant: str
    kinds: NotRequired[list[str]]


class FieldChange(TypedDict):
    """How one field would change. A secret's value reads `(secret)`."""

    path: str
    before: NotRequired[Any]
    after: NotRequired[Any]
    effect: Literal["in_place", "restart", "replace"]


class Placement(TypedDict):
    """Where an instance would run, and how many hosts each filter rejected."""

    host: NotRequired[str]
    why: NotRequired[str]
    hosts: NotRequired[int]
    eligible: NotRequired[int]
    rejected: NotRequired[dict[str, int]]
    score: NotRequired[dict[str, float]]
    gpus: NotRequired[list[str]]
    remedy: NotRequired[str]


class FilterReason(TypedDict):
    """How many hosts a filter rejected, and what is wrong with them."""

    name: str
    rejected: int
    why: str


class ClosestHost(TypedDict):
    """The host that lacks nothing but room, and of that least."""

    host: str
    shortfall: dict[str, int]
    too_small: bool
    lacks: str


class PlacementReasons(TypedDict):
    """Why an object is on its host, or why on none now; the closest host only for who runs the cloud."""

    uid: str
    host: str
    waits: bool
    message: str
    filters: list[FilterReason]
    decision: NotRequired[Placement]
    closest: NotRequired[ClosestHost]


class Unfit(TypedDict):
    """The first instance of a plan that no host can take."""

    kind: str
    tenant: str
    name: str
    placement: Placement


class Placements(TypedDict):
    """What came of the instances of a plan, placed one after the other: how many fit, and how many on which host."""

    wanted: int
    fit: int
    hosts: dict[str, int]
    first_unfit: NotRequired[Unfit]


class Preconditions(TypedDict):
    """Under which the plan of one change holds."""

    uid: NotRequired[str]
    etag: NotRequired[str]
    absent: NotRequired[bool]


class Along(TypedDict):
    """An object that goes along with one that is deleted."""

    kind: str
    tenant: str | None
    name: str
    uid: str


class TakenAlong(TypedDict):
    """What goes along with one that is deleted: all of it counted, and by name what the caller may read."""

    count: int
    kinds: dict[str, int]
    objects: list[Along]


class Change(TypedDict):
    """What one change of a batch would do."""

    verb: Literal["put", "delete"]
    kind: str
    tenant: NotRequired[str | None]
    name: str
    uid: NotRequired[str]
    action: Literal["create", "update", "restart", "replace", "delete", "none"]
    fields: NotRequired[list[FieldChange]]
    quota: NotRequired[dict[str, int]]
    placement: NotRequired[Placement]
    unknown: NotRequired[list[str]]
    problems: NotRequired[list[dict[str, Any]]]
    preconditions: NotRequired[Preconditions]
    takes_along: NotRequired[TakenAlong]


class QuotaEffect(TypedDict):
    """One countable of one tenant before and after a plan; no limit is absent or null."""

    limit: NotRequired[int | None]
    used: int
    after: int


class Plan(TypedDict):
    """What a batch would do, in the order in which it has to be done."""

    changes: list[Change]
    quota: NotRequired[dict[str, dict[str, QuotaEffect]]]
    summary: NotRequired[dict[str, int]]
    placement: NotRequired[Placements]


def conditions(obj: Object) -> list[Condition]:
    """Every condition of an object, in the server's order."""
    found = obj.get("status", {}).get("conditions")
    return cast("list[Condition]", found) if isinstance(found, list) else []


def condition(obj: Object, type_: str) -> Condition | None:
    """The condition of that type, or None when the object does not have it."""
    return next((each for each in conditions(obj) if each["type"] == type_), None)


def is_current(obj: Object) -> bool:
    """Whether the status speaks of the desired state as it is now."""
    return obj.get("status", {}).get("observed_generation") == obj["metadata"].get("generation")


def is_ready(obj: Object) -> bool:
    """Whether the object is as desired: the condition `ready` is true for the present generation."""
    ready = condition(obj, "ready")
    return ready is not None and ready["status"] == "true" and is_current(obj)
