"""Reading what a client sent: the parts of a manifest, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, cast

from pextra.errors import PextraError, invalid
from pextra.services.cloud import Address

LABEL_KEY: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
MAX_LABELS: Final = 64
MAX_ANNOTATION: Final = 4096

_BLOCKS: Final = frozenset({"kind", "metadata", "spec", "resolved", "status", "minted"})
_METADATA: Final = frozenset(
    {
        "name", "tenant", "uid", "site", "labels", "annotations", "generation", "revision", "etag", "created_at",
        "updated_at", "deleting",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """What a client may write of an object."""

    labels: dict[str, str]
    annotations: dict[str, str]
    spec: dict[str, Any]
    uid: str | None


def mapping(value: Any, field: str, what: str) -> dict[str, Any]:
    """`value` as an object; an absent one is empty.

    Raises:
        PextraError: `spec.invalid`.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid([{"field": field, "message": "must be an object"}], what)
    return cast("dict[str, Any]", value)


def read(address: Address, body: Any) -> Document:
    """The writable parts of a manifest whose other parts agree with `address`.

    Raises:
        PextraError: `spec.invalid`, with every fault that is not the spec's own.
    """
    what = str(address)
    document = mapping(body, "(body)", what)
    metadata = mapping(document.get("metadata"), "metadata", what)
    faults = [{"field": k[:80], "message": "there is no such field"} for k in document if k not in _BLOCKS]
    faults += [
        {"field": f"metadata.{k[:80]}", "message": "there is no such field"} for k in metadata if k not in _METADATA
    ]
    for field, given, expected in (
        ("kind", document.get("kind"), address.kind.name),
        ("metadata.name", metadata.get("name"), address.name),
        ("metadata.tenant", metadata.get("tenant"), address.tenant),
    ):
        if given is not None and given != expected:
            faults.append({"field": field, "message": f"differs from the address, which says {expected!r}"})
    uid = metadata.get("uid")
    if uid is not None and not isinstance(uid, str):
        faults.append({"field": "metadata.uid", "message": "must be a string"})
    labels = _texts(metadata.get("labels"), "metadata.labels", what, LABEL_VALUE.fullmatch, faults)
    annotations = _texts(metadata.get("annotations"), "metadata.annotations", what, _short, faults)
    if faults:
        raise invalid(faults, what)
    return Document(labels, annotations, mapping(document.get("spec"), "spec", what), uid)


def _short(text: str) -> bool:
    return len(text) <= MAX_ANNOTATION


def _texts(value: Any, field: str, what: str, fits: Any, faults: list[dict[str, Any]]) -> dict[str, str]:
    texts = mapping(value, field, what)
    if len(texts) > MAX_LABELS:
        faults.append({"field": field, "message": f"at most {MAX_LABELS} entries"})
    for key, text in texts.items():
        if not LABEL_KEY.fullmatch(key):
            faults.append({"field": field, "message": f"{key[:80]!r} is not a valid key"})
        elif not isinstance(text, str) or not fits(text):
            faults.append({"field": f"{field}.{key}", "message": "is not a valid value"})
    return texts


def check_request_text(name: str, value: str, limit: int) -> None:
    """Refuse a header or parameter that is empty, too long or not printable ASCII.

    Raises:
        PextraError: `request.parameter`.
    """
    if not 1 <= len(value) <= limit or not (value.isascii() and value.isprintable()):
        raise PextraError("request.parameter", f"{name} must be 1 to {limit} printable ASCII characters.")
