"""Images that are uploaded, as tests need them."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from tests.api.caller import Answer, Caller

MINE: Final = "tenants/acme/images/mine"


def described(content: bytes, image_format: str = "raw") -> dict[str, Any]:
    """The spec of an image with this content."""
    return {
        "upload": {"size_bytes": len(content)},
        "sha256": hashlib.sha256(content).hexdigest(),
        "format": image_format,
        "size_gib": 1,
    }


def state(caller: Caller, path: str, **query: Any) -> Answer:
    """Where the upload is."""
    return caller.send("HEAD", f"{path}/content", query=query)


def upload(caller: Caller, path: str, offset: int, piece: bytes, **query: Any) -> Answer:
    """Send what comes next."""
    headers = {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset)}
    return caller.send("PATCH", f"{path}/content", raw=piece, headers=headers, query=query)


def offset_of(answer: Answer) -> tuple[int, bool]:
    """Where an answer says that the upload is, and whether it is over."""
    assert answer.status < 300, answer.text
    return int(answer.headers["Upload-Offset"]), answer.headers["Upload-Complete"] == "?1"
