"""Kind `gpu_profile`: a way in which GPUs are handed out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel
from pextra.declaration.markers import Filterable

GpuModel = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=48)]
"""A model's name, such as `h100-80gb-hbm3`; `status.gpus` of hosts has those that there are."""


class GpuProfileSpec(SpecModel):
    """What is handed out. Changing it leaves the instances that were made by it as they are."""

    models: Annotated[list[GpuModel], Field(max_length=16)] = []
    """Models of which any will do, as hosts report them; without one, every model."""
    mode: Annotated[Literal["whole", "share", "vf", "mig", "vgpu"], Filterable()] = "whole"
    """`whole`: the GPU itself; `share`: a share of its time; `vf`: an SR-IOV virtual function; `mig`: a MIG instance;
    `vgpu`: a mediated device. A GPU is used in one mode at a time."""
    slice: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$", max_length=63)] | None = None
    """Which MIG profile, such as `1g.10gb`, or which vGPU type; only with `mig` and `vgpu`."""
    share_milli: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Thousandths of the GPU; only with `share`."""

    @model_validator(mode="after")
    def _mode_says_what_goes_with_it(self) -> GpuProfileSpec:
        if (self.slice is not None) != (self.mode in ("mig", "vgpu")):
            raise ValueError("`slice` goes with `mode: mig` and `mode: vgpu`, which need it, and with no other")
        if (self.share_milli is not None) != (self.mode == "share"):
            raise ValueError("`share_milli` goes with `mode: share`, which needs it, and with no other")
        if len(set(self.models)) < len(self.models):
            raise ValueError("`models` names one model twice")
        return self


GPU_PROFILE = Kind(
    name="gpu_profile",
    plural="gpu_profiles",
    description="A way in which GPUs are handed out, offered to every tenant.",
    scope=Scope.CLOUD,
    area=Area.INFRASTRUCTURE,
    spec=GpuProfileSpec,
    longest_name=48,
    columns=(
        Column(title="MODE", path="spec.mode"),
        Column(title="MODELS", path="spec.models"),
        Column(title="SLICE", path="spec.slice"),
        Column(title="MILLI", path="spec.share_milli"),
    ),
    example={
        "kind": "gpu_profile",
        "metadata": {"name": "h100"},
        "spec": {"models": ["h100-80gb-hbm3"]},
    },
)
