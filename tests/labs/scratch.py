"""Where throw-away servers keep their files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # a mount point; only fresh directories are made there
_ENOUGH_BYTES: Final = 1 << 30  # containers tend to give 64 MiB


def scratch_directory(prefix: str) -> Path:
    """A new directory of this user's own, in memory where there is room, for each database is 300 files."""
    try:
        roomy = shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES
    except OSError:
        roomy = False
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else None))
