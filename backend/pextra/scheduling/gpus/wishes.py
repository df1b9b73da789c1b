"""What a guest asks for of GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pextra.scheduling.gpus.devices import WHOLE_MILLI, Mode


class Wish(StrEnum):
    """How much something is wanted."""

    NONE = "none"
    PREFERRED = "preferred"
    REQUIRED = "required"


MOST_WANTED: Final = 16
"""GPUs of one guest."""


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """GPUs for one guest, all of them on its host.

    Args:
        count: how many.
        models: any of these will do; empty: any model.
        mode: how they are handed out.
        profile: which of a mode's sizes: a MIG profile or a vGPU type, by name.
        milli: thousandths of each, of a shared GPU.
        nvlink: that all are linked to each other, which only whole ones can be: several parts never are.
        numa: that all are of one NUMA cell, and with them the threads and hugepages that the guest has of its own.

    Raises:
        ValueError: what cannot be.
    """

    count: int = 1
    models: frozenset[str] = frozenset()
    mode: Mode = Mode.WHOLE
    profile: str = ""
    milli: int = WHOLE_MILLI
    nvlink: Wish = Wish.NONE
    numa: Wish = Wish.NONE

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_WANTED:
            raise ValueError(f"1 to {MOST_WANTED} GPUs, not {self.count}")
        if not 1 <= self.milli <= WHOLE_MILLI:
            raise ValueError(f"1 to {WHOLE_MILLI} thousandths, not {self.milli}")
        if self.milli != WHOLE_MILLI and self.mode is not Mode.SHARE:
            raise ValueError("thousandths are of shared GPUs")
        if bool(self.profile) != (self.mode in (Mode.MIG, Mode.VGPU)):
            raise ValueError("a profile goes with MIG and vGPU, and with nothing else")

    @property
    def words(self) -> str:
        """What is asked for, in a sentence: "4 GPUs h100-80gb-hbm3 linked by NVLink in one NUMA cell"."""
        what = {
            Mode.WHOLE: "GPU",
            Mode.SHARE: f"share of {self.milli}/{WHOLE_MILLI} of a GPU",
            Mode.VF: "GPU virtual function",
            Mode.MIG: f"MIG {self.profile} instance",
            Mode.VGPU: f"vGPU {self.profile}",
        }[self.mode]
        if self.count > 1:
            what = what.replace("share", "shares", 1) if self.mode is Mode.SHARE else f"{what}s"
        models = " or ".join(sorted(self.models))
        return (
            f"{self.count} {what}"
            + (f" {'of ' if self.mode is not Mode.WHOLE else ''}{models}" if models else "")
            + (" linked by NVLink" if self.nvlink is Wish.REQUIRED and self.count > 1 else "")
            + (" in one NUMA cell" if self.numa is Wish.REQUIRED else "")
        )
