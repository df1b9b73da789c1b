"""Which firmware images this host has, from the descriptors that its packages install for QEMU.

Source: QEMU, docs/interop/firmware.json: the first file name, over all directories, wins; a directory of
the administrator's masks one of the distribution's by a file of the same name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DESCRIPTOR_DIRS: Final = (Path("/etc/qemu/firmware"), Path("/usr/share/qemu/firmware"))
_LARGEST_DESCRIPTOR: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class UefiImage:
    """A UEFI build and the variables that a new guest begins with."""

    code: Path
    variables: Path


@dataclass(frozen=True, slots=True)
class UefiImages:
    """What a host has for guests with and without Secure Boot; None where it has nothing."""

    plain: UefiImage | None = None
    secure: UefiImage | None = None  # with Microsoft's keys enrolled


def find_uefi(directories: Sequence[Path] = DESCRIPTOR_DIRS) -> UefiImages:
    """The images for x86-64 guests on the q35 machine; a descriptor that cannot be read is passed over."""
    plain, secure = None, None
    for descriptor in _descriptors(directories):
        image = _image(descriptor)
        features = set(descriptor.get("features", ()))
        if image is None or "amd-sev" in features or "intel-tdx" in features:
            continue
        if secure is None and {"secure-boot", "enrolled-keys", "requires-smm"} <= features:
            secure = image
        if plain is None and not {"secure-boot", "enrolled-keys", "requires-smm"} & features:
            plain = image
    return UefiImages(plain, secure)


def _descriptors(directories: Sequence[Path]) -> Iterator[dict[str, Any]]:
    found: dict[str, Path] = {}
    for directory in directories:
        for path in directory.glob("*.json"):
            found.setdefault(path.name, path)
    for _, path in sorted(found.items()):
        try:
            if path.stat().st_size <= _LARGEST_DESCRIPTOR:
                document = json.loads(path.read_bytes())
                if isinstance(document, dict):
                    yield document
        except (OSError, ValueError):
            continue


def _image(descriptor: dict[str, Any]) -> UefiImage | None:
    match descriptor:
        case {
            "interface-types": [*interfaces],
            "mapping": {
                "device": "flash",
                "executable": {"filename": str(code), "format": "raw"},
                "nvram-template": {"filename": str(variables), "format": "raw"},
            },
            "targets": [*targets],
        } if "uefi" in interfaces and any(map(_is_q35, targets)):
            image = UefiImage(Path(code), Path(variables))
            return image if image.code.is_file() and image.variables.is_file() else None
        case _:
            return None


def _is_q35(target: Any) -> bool:
    match target:
        case {"architecture": "x86_64", "machines": [*machines]}:
            return any(str(machine).startswith("pc-q35-") for machine in machines)
        case _:
            return False
