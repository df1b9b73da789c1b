"""cloud-init's NoCloud seed: an ISO 9660 image with the volume id `cidata`.

Source: https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account
from pextra.drivers.interface import Permanent, Retryable, Seed

# The first that is installed makes the image; all understand genisoimage's options.
ISO_MAKERS: Final = (("genisoimage",), ("xorriso", "-as", "mkisofs"), ("mkisofs",))
_TIMEOUT_S: Final = 60
_WORK_PREFIX: Final = ".seed-"


def seed_path(guest_dir: Path, seed: Seed) -> Path:
    """Where the image of these documents lies: named by their content, so that it never changes."""
    digest = hashlib.sha256()
    for document in (seed.meta_data, seed.user_data, seed.network_config):
        encoded = document.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return guest_dir / f"seed-{digest.hexdigest()[:32]}.iso"


def ensure_seed(guest_dir: Path, seed: Seed, account: Account | None) -> Path:
    """Make the image unless it is there; readable by the guests' account alone.

    Args:
        guest_dir: the guest's own directory.
        seed: the documents.
        account: whom guests run as; None is ourselves.

    Raises:
        Permanent: `SeedToolMissing`.
        Retryable: `SeedFailed`: the image could not be written.
    """
    image = seed_path(guest_dir, seed)
    if image.exists():
        return image
    for leftover in guest_dir.glob(f"{_WORK_PREFIX}*"):
        shutil.rmtree(leftover)
    try:
        with tempfile.TemporaryDirectory(prefix=_WORK_PREFIX, dir=guest_dir) as work:
            made = _make(Path(work), seed)
            made.chmod(0o600)
            if account is not None:
                account.own(made)
            with made.open("rb") as file:
                os.fsync(file.fileno())
            made.replace(image)
    except OSError as error:
        raise Retryable("SeedFailed", f"the seed below {guest_dir} could not be written: {error}") from error
    return image


def remove_other_seeds(guest_dir: Path, keep: Path | None) -> None:
    """Remove the guest's seeds of earlier definitions."""
    for image in guest_dir.glob("seed-*.iso"):
        if image != keep:
            image.unlink(missing_ok=True)


def _make(work_dir: Path, seed: Seed) -> Path:
    tool = next((tool for tool in ISO_MAKERS if shutil.which(tool[0])), None)
    if tool is None:
        raise Permanent(
            "SeedToolMissing",
            "no program makes ISO images: apt-get install --no-install-recommends genisoimage",
        )
    documents = {"meta-data": seed.meta_data, "user-data": seed.user_data}
    if seed.network_config:
        documents["network-config"] = seed.network_config
    for name, text in documents.items():
        (work_dir / name).write_text(text)
    image = work_dir / "seed.iso"
    command = [*tool, "-quiet", "-output", str(image), "-volid", "cidata", "-joliet", "-rock"]
    try:
        # The documents are named relative to work_dir: xorriso cannot tell long paths from options.
        done = subprocess.run(
            [*command, *documents],
            cwd=work_dir,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Retryable("SeedFailed", f"{tool[0]} was still running after {_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise Retryable("SeedFailed", f"{tool[0]} failed: {done.stderr.strip()[-400:]}")
    return image
