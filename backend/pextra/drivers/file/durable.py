"""Changes of directories that survive a power failure, one at a time.

Every change of a pool goes through here, so that a test can end the process before any one of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


class Steps:
    """Where a test stands beside the driver: `before` is called with the name of the step that comes next."""

    before: Callable[[str], None] | None = None


def step(name: str) -> None:
    """A step of this name is about to be taken."""
    if Steps.before is not None:
        Steps.before(name)


def sync(path: Path) -> None:
    """Write a file or directory through to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(part: Path, final: Path) -> None:
    """Give a finished file its name, in one step that survives a power failure."""
    step(f"sync {final.name}")
    sync(part)
    step(f"publish {final.name}")
    part.replace(final)
    step(f"sync the name {final.name}")
    sync(final.parent)


def write_file(path: Path, content: bytes) -> None:
    """Replace a file's content in one step; a reader sees the old or the new."""
    part = path.with_name(f"{path.name}.part")
    step(f"write {path.name}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    publish(part, path)


def link(target: Path, name: Path) -> None:
    """Give a file one more name; a name that is taken by the same file is left as it is."""
    step(f"link {name.name}")
    try:
        name.hardlink_to(target)
    except FileExistsError:
        if not name.samefile(target):
            raise


def move(path: Path, target: Path) -> None:
    """Give a directory another name, in one step; both parents are written through."""
    step(f"move {path.name}")
    path.rename(target)
    step(f"sync the move of {path.name}")
    sync(target.parent)
    sync(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file that may be gone already."""
    step(f"remove {path.name}")
    path.unlink(missing_ok=True)


def remove_tree(path: Path) -> None:
    """Remove a directory with what is in it; it may be gone already, and a killed removal is repeated."""
    step(f"remove {path.name}")
    if path.is_dir():
        shutil.rmtree(path)
        sync(path.parent)


def remove_if_empty(path: Path) -> None:
    """Remove a directory unless something is in it."""
    try:
        path.rmdir()
    except OSError:
        return
