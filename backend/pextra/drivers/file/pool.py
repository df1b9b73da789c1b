"""Where images and volumes lie in a pool, and who may touch them.

    images/IMAGE/SHA256.FORMAT     an image's bytes, never changed; its name says all there is to know
    images/IMAGE/part              an image that is being fetched
    volumes/TENANT/VOLUME.qcow2    a volume
    volumes/TENANT/VOLUME.base     the image that it was cloned from: a hard link, so that the file system
                                   counts who still uses the bytes of an image that was removed
    volumes/TENANT/.VOLUME.part    a volume that is being made

Directories are ours alone (0700). Where guests run as another account it may pass through them (0710) and
opens the files that belong to it or to its group, but can neither list nor change a directory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account
from pextra.drivers.uids import file_name

_IMAGE_NAME: Final = re.compile(r"([0-9a-f]{64})\.(qcow2|raw)")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in the pool."""

    path: Path
    sha256: str
    format: str


@dataclass(frozen=True, slots=True)
class VolumeFiles:
    """A volume's files; none of them need exist."""

    disk: Path
    base: Path
    part: Path


class Pool:
    """The directories of a pool.

    Args:
        root: the pool's directory, made when absent; its parents let the guests' account pass.
        account: whom guests run as; None is ourselves.
    """

    def __init__(self, root: Path, account: Account | None) -> None:
        self.root = root
        self.account = account

    def image_dir(self, uid: str) -> Path:
        """The directory of an image."""
        return self.root / "images" / file_name(uid)

    def image(self, uid: str) -> StoredImage | None:
        """The stored image, or None."""
        try:
            names = sorted(path.name for path in self.image_dir(uid).iterdir())
        except FileNotFoundError:
            return None
        for name in names:
            if named := _IMAGE_NAME.fullmatch(name):
                return StoredImage(self.image_dir(uid) / name, named.group(1), named.group(2))
        return None

    def images(self) -> list[str]:
        """The uid of every image that is stored or being fetched."""
        return sorted(path.name for path in self.root.glob("images/*"))

    def tenant_dir(self, tenant_uid: str) -> Path:
        """The directory of a tenant's volumes."""
        return self.root / "volumes" / file_name(tenant_uid)

    def volume(self, tenant_uid: str, uid: str) -> VolumeFiles:
        """The files of a volume."""
        directory, name = self.tenant_dir(tenant_uid), file_name(uid)
        return VolumeFiles(directory / f"{name}.qcow2", directory / f"{name}.base", directory / f".{name}.part")

    def volumes(self) -> Iterator[tuple[str, str]]:
        """Tenant and uid of every volume."""
        for disk in sorted(self.root.glob("volumes/*/*.qcow2")):
            if not disk.name.startswith("."):
                yield disk.parent.name, disk.name.removesuffix(".qcow2")

    def make_directory(self, path: Path) -> None:
        """Make a directory of the pool, and those above it, unless it exists."""
        if path != self.root:
            self.make_directory(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            return
        if self.account is not None:
            os.chown(path, -1, self.account.gid)
            path.chmod(0o710)

    def give_image(self, path: Path) -> None:
        """Let guests read a finished image, and nobody write it."""
        if self.account is not None:
            os.chown(path, -1, self.account.gid)
        path.chmod(0o440)

    def give_volume(self, path: Path) -> None:
        """Let guests read and write a finished volume."""
        if self.account is not None:
            self.account.own(path)
        path.chmod(0o600)
