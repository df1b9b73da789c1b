"""Uids as names of files: drivers keep what they make in files that are named by uid."""

from __future__ import annotations

import re
from typing import Final

from pextra.drivers.interface import Permanent

_UID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")


def file_name(uid: str) -> str:
    """The uid itself, when it cannot lead out of a directory.

    Raises:
        Permanent: `UidInvalid`.
    """
    if not _UID.fullmatch(uid):
        raise Permanent(
            "UidInvalid",
            f"{uid!r} cannot name a file: use at most 128 letters, digits, '.', '_' and '-'",
        )
    return uid
