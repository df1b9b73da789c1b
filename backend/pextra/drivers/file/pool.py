"""Where images and volumes lie in a pool, and who may touch them.

    images/IMAGE/SHA256.FORMAT       an image's bytes, never changed; its name says all there is to know
    images/IMAGE/part, part.json     an image that is being fetched, and what is known of it
    volumes/TENANT/VOLUME/           a volume
        volume.json                  what it consists of: see `manifest`
        OWNER.N.qcow2                its layers: the one on top is written, all others are never changed again
        image.IMAGE.FORMAT           the image that it was cloned from
    volumes/TENANT/.VOLUME.work/     held by whoever changes the volume; what is in it is of no use to anybody else
    volumes/TENANT/.VOLUME.gone/     a volume that is being destroyed
    volumes/TENANT/.ID.group         a change of several volumes that was decided: see `manifest`
    trash/TENANT/VOLUME/             a volume that can be restored, with trash.json: until when

What a clone shares with an image or another volume it has as hard links of its own, so that the file system counts who
still uses which bytes, and nothing has to be looked after when either goes.

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
from pextra.drivers.file.durable import step
from pextra.drivers.uids import file_name

_IMAGE_NAME: Final = re.compile(r"([0-9a-f]{64})\.(qcow2|raw)")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in the pool."""

    path: Path
    sha256: str
    format: str


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """Where a volume is, or would be."""

    tenant_uid: str
    uid: str
    tenant_dir: Path
    trash: Path

    @property
    def dir(self) -> Path:
        """The volume itself."""
        return self.tenant_dir / self.uid

    @property
    def work(self) -> Path:
        """What is held while it is changed, and where files are made."""
        return self.tenant_dir / f".{self.uid}.work"

    @property
    def gone(self) -> Path:
        """What is left of it while it is destroyed."""
        return self.tenant_dir / f".{self.uid}.gone"


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

    def volume(self, tenant_uid: str, uid: str) -> VolumePlace:
        """Where a volume is, or would be."""
        tenant, name = file_name(tenant_uid), file_name(uid)
        return VolumePlace(tenant_uid, uid, self.root / "volumes" / tenant, self.root / "trash" / tenant / name)

    def volumes(self) -> Iterator[VolumePlace]:
        """Every volume that is not in the trash."""
        yield from self._places("volumes")

    def trash(self) -> Iterator[VolumePlace]:
        """Every volume in the trash."""
        yield from self._places("trash")

    def _places(self, where: str) -> Iterator[VolumePlace]:
        for path in sorted(self.root.glob(f"{where}/*/*")):
            if not path.name.startswith("."):
                yield self.volume(path.parent.name, path.name)

    def make_directory(self, path: Path) -> None:
        """Make a directory of the pool, and those above it, unless it exists."""
        if path != self.root:
            self.make_directory(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            step(f"make {path.name}")
            path.mkdir(mode=0o700)
        except FileExistsError:
            return
        if self.account is not None:
            os.chown(path, -1, self.account.gid)
            path.chmod(0o710)

    def give_image(self, path: Path) -> None:
        """Let guests read a finished image or layer, and nobody write it."""
        if self.account is not None:
            os.chown(path, 0, self.account.gid)
        path.chmod(0o440)

    def give_volume(self, path: Path) -> None:
        """Let guests read and write the layer on top."""
        if self.account is not None:
            self.account.own(path)
        path.chmod(0o600)
