"""Kind `policy`: rules by attributes, written in Cedar."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel


class PolicySpec(SpecModel):
    """What a policy says."""

    text: Annotated[str, Field(min_length=1, max_length=65_536)]
    """One or several Cedar policies, checked against the schema at `/v1/schemas/cedar.json`. What any of them forbids
    is forbidden; what one permits is allowed as if by a role."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the policy is for."""
    enabled: bool = True
    """Whether it counts."""


POLICY = Kind(
    name="policy",
    plural="policies",
    description="Rules by attributes of who asks, of the object and of the request, for this tenant and all below it. "
    "They bind everybody but those who act from a tenant above.",
    area=Area.IDENTITY,
    spec=PolicySpec,
    columns=(Column(title="DESCRIPTION", path="spec.description"), Column(title="ENABLED", path="spec.enabled")),
    example={
        "kind": "policy",
        "metadata": {"name": "small-volumes"},
        "spec": {
            "text": 'forbid (principal, action in Action::"volume", resource is Volume)\n'
            "when { resource.spec.size_gib > 100 };",
        },
    },
)
