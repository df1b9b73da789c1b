"""How GPUs are called: PCI addresses, models, lists of threads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_ADDRESS: Final = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", re.ASCII)
_VENDORS: Final = ("nvidia", "amd", "intel", "tesla", "geforce")
_LONGEST_MODEL: Final = 63
_LONGEST_PRODUCT: Final = 96


def canonical_address(address: str) -> str:
    """A PCI address as the kernel writes it: lower case, with a domain of four digits unless it needs more.

    Raises:
        ValueError: it is none.
    """
    match = _ADDRESS.fullmatch(address.strip().lower())
    if match is None:
        raise ValueError(f"{address[:40]!r} is no PCI address such as 0000:17:00.0")
    domain, bus, device, function = (int(part, 16) for part in match.groups())
    return f"{domain:04x}:{bus:02x}:{device:02x}.{function}"


def model_of(product: str) -> str:
    """A product's name as a label's value and a quota's key: `NVIDIA H100 80GB HBM3` is `h100-80gb-hbm3`.

    The vendor, and brands that say nothing of the model, are left out. Empty where nothing is left.
    """
    words = re.sub(r"[^a-z0-9]+", "-", product.lower()).strip("-").split("-")
    while len(words) > 1 and words[0] in _VENDORS:
        del words[0]
    return "-".join(words)[:_LONGEST_MODEL].strip("-")


def unnamed_model(vendor: str, device: str) -> str:
    """The model of a GPU of which only the PCI ids are known."""
    return f"pci-{vendor}-{device}"


def product_name(text: str) -> str:
    """A product's name as it is told: printable, one line, bounded."""
    return "".join(character for character in text if character.isprintable()).strip()[:_LONGEST_PRODUCT]


def cpu_list(cpus: Iterable[int]) -> str:
    """Threads as the kernel writes lists: `0-3,8`."""
    runs: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
