"""Kind `bucket`, which the product does not have: all that it takes to have a new kind."""

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Action, Column, Kind, SpecModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, Ref, Restart, SecretText, Unit


class BucketSpec(SpecModel):
    """What a bucket should be."""

    size_gib: Annotated[int, Field(ge=1, le=100), Unit("GiB"), Filterable()]
    """How much it may hold."""
    region: Annotated[str, Field(max_length=20), Immutable()] = "home"
    """Where it is."""
    network: Annotated[ObjectName, Ref("network"), Restart()] | None = None
    """From where it is reached."""
    password: SecretText | None = None
    """What opens it."""


BUCKET = Kind(
    name="bucket",
    plural="buckets",
    description="A place for files.",
    spec=BucketSpec,
    charge=lambda spec, resolved: {"bucket_gib": spec["size_gib"]},  # noqa: ARG005
    countables={"bucket_gib": "GiB of buckets."},
    actions=(Action(name="scrub", description="Read all of it once."),),
    short_names=("bkt",),
    columns=(Column(title="SIZE GIB", path="spec.size_gib"),),
    example={"kind": "bucket", "metadata": {"name": "files"}, "spec": {"size_gib": 10}},
)
