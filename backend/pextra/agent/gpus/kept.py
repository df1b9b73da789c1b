"""What was seen of GPUs, for the time when their vendor's library does not see them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from pextra.agent.gpus.cards import Card
from pextra.drivers.gpu.interface import MOST_GPUS, Gpu
from pextra.replacing import replace_file

log = logging.getLogger("pextra.agent")

_MOST_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class KeptGpu:
    """A GPU as it was when the library saw it last, and what the kernel knows it by.

    Attributes:
        subsystem: see `Card`.
        pci_serial: see `Card`.
    """

    gpu: Gpu
    subsystem: str = ""
    pci_serial: str | None = None

    def is_in(self, card: Card) -> bool:
        """Whether the card in that place can be this one, by all that the kernel can tell."""
        known = (self.gpu.vendor, self.gpu.device, self.subsystem)
        if known != (card.gpu.vendor, card.gpu.device, card.subsystem):
            return False
        return self.pci_serial is None or card.pci_serial is None or self.pci_serial == card.pci_serial


class KeptGpus:
    """The file that they are kept in; it is replaced as a whole.

    Args:
        path: in a directory that exists, or else nothing is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    @property
    def by_address(self) -> Mapping[str, KeptGpu]:
        """What is kept, by PCI address."""
        return self._known

    def replace(self, known: Mapping[str, KeptGpu]) -> None:
        """Keep these and no others. Where they cannot be written they are kept until this process ends."""
        known = dict(sorted(known.items())[:MOST_GPUS])
        if known == self._known:
            return
        self._known = known
        try:
            replace_file(self._path, _FILE.dump_json(known, indent=1))
        except OSError as error:
            log.warning("what is known of this host's GPUs cannot be kept in %s: %s", self._path, error)


_FILE: Final = TypeAdapter(dict[str, KeptGpu])


def _read(path: Path) -> dict[str, KeptGpu]:
    try:
        with path.open("rb") as file:
            return _FILE.validate_json(file.read(_MOST_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        log.warning("%s cannot be read, so that GPUs in guests are known by their PCI ids alone: %s", path, error)
        return {}
