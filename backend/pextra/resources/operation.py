"""Kind `operation`: an imperative act that was asked for, and how far it got."""

from __future__ import annotations

from typing import Any, Literal

from pextra.declaration.kind import Action, Column, Kind, SpecModel, StatusModel


class OperationTarget(SpecModel):
    """What is acted on."""

    kind: str
    """Its kind."""
    name: str
    """Its name when the act was asked for."""
    uid: str
    """Its uid."""


class OperationSpec(SpecModel):
    """What was asked for."""

    target: OperationTarget
    """What is acted on."""
    action: str
    """The act."""
    arguments: dict[str, Any] = {}
    """The act's arguments."""
    cancelable: bool = False
    """Whether it can be canceled while it runs."""


class OperationStatus(StatusModel):
    """How far it got."""

    phase: Literal["pending", "running", "succeeded", "failed", "canceled"] = "pending"
    """Where it stands."""
    progress: int = 0
    """Percent."""
    steps: list[str] = []
    """What was done."""
    result: dict[str, Any] = {}
    """What came of it."""
    error: str = ""
    """Why it failed."""


OPERATION = Kind(
    name="operation",
    plural="operations",
    description="An imperative act and how far it got. Operations are made by actions only.",
    spec=OperationSpec,
    status=OperationStatus,
    conditions={"finished": "Whether it has ended, however it did."},
    writable=False,
    counted=False,
    controlled=True,
    actions=(Action(name="cancel", description="Stop the operation when it has not begun, or can be canceled."),),
    short_names=("op",),
    columns=(
        Column(title="ACTION", path="spec.action"),
        Column(title="KIND", path="spec.target.kind"),
        Column(title="TARGET", path="spec.target.name"),
        Column(title="PHASE", path="status.phase"),
    ),
)
