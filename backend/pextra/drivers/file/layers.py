"""The layers of volumes: made, looked at, and merged where nothing needs them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pextra.drivers.file import manifest as manifests
from pextra.drivers.file.durable import publish, remove_file, step
from pextra.drivers.file.locking import closed
from pextra.drivers.file.manifest import KeptSnapshot, Manifest
from pextra.drivers.file.pool import Pool, VolumePlace
from pextra.drivers.file.qcow2 import Qcow2Header, holds_data, read_header
from pextra.drivers.file.qemu import argument, chain, qemu_img
from pextra.drivers.interface import Permanent, Retryable

SECTOR: Final = 512
_LONG_S: Final = 6 * 3600
_IMAGE: Final = "image."


def refuse_odd_size(size_bytes: int) -> None:
    """Sizes are kept to the byte, so those that a disk cannot have are refused rather than rounded.

    Raises:
        Permanent: `SizeUnsupported`.
    """
    if size_bytes <= 0 or size_bytes % SECTOR:
        raise Permanent("SizeUnsupported", f"a volume has a multiple of {SECTOR} bytes, not {size_bytes}")


def create(pool: Pool, path: Path, size_bytes: int, below: str | None) -> None:
    """Write a new layer with nothing in it, as guests may open it.

    Args:
        pool: whose guests.
        path: where; what is there is overwritten.
        size_bytes: what the guest will see.
        below: the name of the layer beneath it, in the directory where it will lie.
    """
    # Named relatively, so that a pool can be moved, and unsafely (-u), so that qemu-img opens nothing.
    backing = ["-u", "-b", below, "-F", below.rpartition(".")[2]] if below is not None else []
    step(f"create {path.name}")
    qemu_img("create", "-q", "-f", "qcow2", *backing, path, str(size_bytes), account=None)
    pool.give_volume(path)


def copy(pool: Pool, layers: list[Path], path: Path, size_bytes: int) -> None:
    """Write a new layer that has all the content of others, and needs none of them."""
    create(pool, path, size_bytes, None)
    source = argument(chain(layers))
    step(f"copy to {path.name}")
    # Into the file that is there (-n), which may be larger, and is empty, so that zeros need no bytes.
    qemu_img(
        "convert", "-n", "--target-is-zero", "-W", "-O", "qcow2", source, path,
        account=pool.account, timeout_s=_LONG_S, cpu_s=_LONG_S,
    )  # fmt: skip


def header_of(path: Path) -> Qcow2Header:
    """The header of a layer.

    Raises:
        Permanent: `PoolBroken`.
        FileNotFoundError: there is no such file.
    """
    with path.open("rb") as file:
        header = read_header(file)
    if header is None:
        raise Permanent("PoolBroken", f"{path} is no qcow2 file any more")
    return header


def size_of(path: Path) -> int:
    """The size in bytes of the disk that a layer is."""
    if path.suffix == ".raw":
        return -(-path.stat().st_size // SECTOR) * SECTOR  # as QEMU rounds a raw file
    return header_of(path).virtual_size_bytes


def is_written(path: Path) -> bool:
    """Whether the layer has content of its own."""
    with path.open("rb") as file:
        header = read_header(file)
        return header is None or holds_data(file, header)


def refuse_tampered(directory: Path, manifest: Manifest, layer: str) -> None:
    """A guest that broke out can write its volume's header: it must not lead QEMU to any other file.

    Raises:
        Permanent: `PoolBroken`.
        FileNotFoundError: a layer is missing.
    """
    for name in manifest.chain(layer):
        if name.endswith(".qcow2") and not name.startswith(_IMAGE):
            header, below = header_of(directory / name), manifest.layers[name]
            told = header.backing_file.decode(errors="replace") if header.backing_file is not None else None
            # Lower than it should be is what a killed merge leaves, and harms only who does it.
            if header.has_data_file or (told is not None and told not in manifest.chain(below)):
                raise Permanent(
                    "PoolBroken", f"{directory / name} lies on {told!r} instead of {below!r}: it was tampered with"
                )


def owner_of(layer: str) -> str:
    """The uid of the volume that the layer was made for, or "" for an image's."""
    return "" if layer.startswith(_IMAGE) else layer.rsplit(".", 2)[0]


def image_layer(uid: str, image_format: str) -> str:
    """The name of an image's bytes in a clone."""
    return f"{_IMAGE}{uid}.{image_format}"


def paths(directory: Path, names: tuple[str, ...]) -> list[Path]:
    """Where layers lie."""
    return [directory / name for name in names]


def used_bytes(pool: Pool, place: VolumePlace, directory: Path, manifest: Manifest) -> int:
    """What is allocated to the volume and its snapshots.

    What it shares is counted by the image or volume that it came from; when that has gone, those who still have it
    share its cost.
    """
    total = 0
    for name in manifest.layers:
        status = (directory / name).stat()
        allocated, owner = status.st_blocks * SECTOR, owner_of(name)
        if owner == place.uid:
            total += allocated
        elif not _owner_pays(pool, place, name, owner):
            total += -(-allocated // max(1, status.st_nlink))
    return total


def _owner_pays(pool: Pool, place: VolumePlace, layer: str, owner: str) -> bool:
    if not owner:
        uid = layer.removeprefix(_IMAGE).rpartition(".")[0]
        return pool.image(uid) is not None
    origin = pool.volume(place.tenant_uid, owner)
    return (origin.dir / layer).exists() or (origin.trash / layer).exists()


def snapshot_bytes(directory: Path, manifest: Manifest, snapshot: KeptSnapshot) -> int:
    """What would be freed if only the snapshot went: its layer, when nothing lies on it."""
    children = sum(below == snapshot.layer for below in manifest.layers.values())
    others = sum(s.layer == snapshot.layer for s in manifest.snapshots) - 1
    if children or others or owner_of(snapshot.layer) == "":
        return 0
    return (directory / snapshot.layer).stat().st_blocks * SECTOR


def install(pool: Pool, work: Path, directory: Path, name: str, size_bytes: int, below: str | None) -> None:
    """Make an empty layer in a volume's directory; it counts once the manifest names it."""
    create(pool, work / name, size_bytes, below)
    publish(work / name, directory / name)


def tidy(pool: Pool, directory: Path, manifest: Manifest) -> None:
    """Remove the layers that the manifest does not name, and let nobody write those beneath the top."""
    writable = {manifest.head} | ({manifest.pending.overlay} if manifest.pending else set[str]())
    for path in directory.iterdir():
        if (path.suffix in (".qcow2", ".raw") and path.name not in manifest.layers) or path.name.endswith(".part"):
            remove_file(path)
        elif path.suffix == ".qcow2" and path.name not in writable and path.stat().st_mode & 0o222:
            step(f"freeze {path.name}")
            pool.give_image(path)


def merge(pool: Pool, place: VolumePlace, manifest: Manifest) -> Manifest:
    """Merge layers that nothing is read from by themselves into the one above, where nobody else has either.

    What is open stays as it is until later. A merge that is killed has changed no content, and goes on.
    """
    while (found := _mergeable(place.dir, manifest)) is not None:
        below, above = found
        refuse_tampered(place.dir, manifest, above)
        try:
            _merge_into(pool, place.dir, manifest, below, above)
        except Retryable as error:
            if error.reason == "VolumeBusy":
                return manifest
            raise
        layers: Mapping[str, str | None] = {
            **{name: under for name, under in manifest.layers.items() if name != below},
            above: manifest.layers[below],
        }
        manifest = manifests.write(place.dir, replace(manifest, layers=layers))
        remove_file(place.dir / below)
    return manifest


def _mergeable(directory: Path, manifest: Manifest) -> tuple[str, str] | None:
    if manifest.pending is not None:
        return None
    for below in manifest.layers.keys() - manifest.roots():
        above = [name for name, under in manifest.layers.items() if under == below]
        alone = owner_of(below) and len(above) == 1
        if alone and all((directory / name).stat().st_nlink == 1 for name in (below, above[0])):
            return below, above[0]
    return None


def _merge_into(pool: Pool, directory: Path, manifest: Manifest, below: str, above: str) -> None:
    """Copy up what the upper layer shows of the lower one, then have it lie on what that lay on."""
    path, beneath = directory / above, manifest.layers[below]
    pool.give_volume(path)
    try:
        with closed(path):
            told = header_of(path).backing_file
        step(f"merge {below}")
        if told != (beneath.encode() if beneath is not None else None):
            onto = ["-b", beneath, "-F", beneath.rpartition(".")[2]] if beneath is not None else ["-b", ""]
            qemu_img("rebase", "-f", "qcow2", *onto, path, account=pool.account, timeout_s=_LONG_S, cpu_s=_LONG_S)
    finally:
        if above != manifest.head:
            pool.give_image(path)
