"""Kind `board`, which the product does not have: it is counted by its model, as accelerators are."""

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Kind, SpecModel


class BoardSpec(SpecModel):
    """What a board should be."""

    model: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")]
    """Which model."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many of them."""


BOARD = Kind(
    name="board",
    plural="boards",
    description="Accelerators.",
    spec=BoardSpec,
    charge=lambda spec, resolved: {"gpus": spec["count"], f"gpus/{spec['model']}": spec["count"]},  # noqa: ARG005
    families={"gpus": "Accelerators."},
    example={"kind": "board", "metadata": {"name": "one"}, "spec": {"model": "a100"}},
)
