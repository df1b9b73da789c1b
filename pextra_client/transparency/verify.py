"""Checks an export of the audit log, or a proof, against nothing but a key and heads that were kept elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pextra_client.errors import ClientError
from pextra_client.transparency import tree
from pextra_client.transparency.canonical import canonical

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEAD: Final = "pextra audit head 1"
_SUCCESSION: Final = "pextra audit key succession 1"
_CHAIN: Final = "pextra audit chain 1"


class VerificationError(ClientError):
    """What was checked does not hold; the message says what, and where."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head as the API gives it: `{"head": {…}, "signature": "…"}`."""

    head: Mapping[str, Any]
    signature: str

    @classmethod
    def of(cls, document: Any, what: str) -> SignedHead:
        """The head in a document.

        Raises:
            VerificationError: there is none in it.
        """
        try:
            found = cls(dict(document["head"]), str(document["signature"]))
            size = found.head["size"]
            well = isinstance(size, int) and size > 0 and found.head["purpose"] == _HEAD
            texts = all(isinstance(found.head[n], str) for n in ("site", "tenant", "root", "chain_hash", "at", "key"))
        except (KeyError, TypeError, ValueError) as error:
            raise VerificationError(f"{what} holds no signed head") from error
        if not (well and texts and _HEX.fullmatch(found.key)):
            raise VerificationError(f"{what} holds no signed head")
        return found

    @property
    def size(self) -> int:
        """How many entries the chain had."""
        return self.head["size"]

    @property
    def key(self) -> str:
        """The key that signed, hex."""
        return self.head["key"]

    def check_signature(self, what: str) -> None:
        """Check that the key which the head names has signed it.

        Raises:
            VerificationError: it has not.
        """
        if not signed_by(self.key, self.signature, canonical(dict(self.head))):
            raise VerificationError(f"{what}: the signature of the head of {self.size} entries does not hold")


@dataclass(slots=True)
class Report:
    """What was found to hold.

    Attributes:
        first: sequence number of the first entry that was there.
        earlier: sizes of the earlier heads that the chain continues.
        pinned: whether the key was one that the caller knew, and not only what the file itself says.
    """

    tenant: str
    size: int
    first: int
    key: str
    at: str
    pinned: bool
    earlier: list[int] = field(default_factory=list[int])


def signed_by(key: str, signature: str, message: bytes) -> bool:
    """Whether the Ed25519 key has signed the message.

    Raises:
        ClientError: the package `cryptography` is not installed.
    """
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only verification needs it
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    except ImportError as error:
        raise ClientError(
            "checking signatures needs the package `cryptography`: pip install 'pextra[audit]'"
        ) from error
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_of_text(text: str) -> str:
    """A public key, given as PEM or as 64 hex digits, as hex.

    Raises:
        VerificationError: it is neither.
    """
    text = text.strip()
    if _HEX.fullmatch(text):
        return text
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415
    except ImportError as error:
        raise ClientError("reading PEM needs the package `cryptography`: pip install 'pextra[audit]'") from error
    try:
        key = load_pem_public_key(text.encode())
    except ValueError as error:
        raise VerificationError(f"the key is neither PEM nor 64 hex digits: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise VerificationError("the key is not an Ed25519 key")
    return key.public_bytes_raw().hex()


class _Keys:
    """The keys that are believed: known ones, and those that a believed one has named as its successor."""

    def __init__(self, known: Iterable[str]) -> None:
        self._believed = set(known)
        self.pinned = bool(self._believed)
        self._named: dict[str, str] = {}

    def meet(self, entry: Mapping[str, Any], *, first: bool) -> None:
        """An entry of the chain names the key that signs from there on."""
        key = str(entry.get("key"))
        if first:
            if not self.pinned:
                self._believed.add(key)
            return
        for step in cast("list[dict[str, Any]]", entry.get("successions") or []):
            previous, following = str(step.get("previous")), str(step.get("key"))
            message = canonical({"purpose": _SUCCESSION, "previous": previous, "key": following})
            if not signed_by(previous, str(step.get("signature")), message):
                raise VerificationError(
                    f"entry {entry['sequence']}: key {previous} has not signed that {following} follows"
                )
            self._named[previous] = following

    def believe(self, key: str) -> None:
        """Believe a key for want of a known one."""
        self._believed.add(key)

    def believes(self, key: str) -> bool:
        """Whether the key is one of them."""
        for known in self._believed:
            at, steps = known, 0
            while at != key and at in self._named and steps <= len(self._named):
                at, steps = self._named[at], steps + 1
            if at == key:
                return True
        return False


def verify_export(lines: Iterable[str], *, key: str | None = None, earlier: Sequence[SignedHead] = ()) -> Report:
    """Check an export: the chain's links, its tree, its head's signature, and that it continues earlier heads.

    Reads line by line; needs memory for one entry and O(log n) hashes.

    Args:
        key: the public key (hex) that is known to be the site's; without it and without earlier heads, the key that
            the file itself names is taken, which whoever wrote the file may have made.
        earlier: heads that were kept elsewhere.

    Raises:
        VerificationError: it was tampered with, something lacks, or it is no export.
    """
    documents = _documents(lines)
    number, start = next(documents, (0, None))
    if start is None or start.get("type") != "start" or start.get("version") != 1:
        raise VerificationError("this is no export of an audit log: its first line is no start of version 1")
    for head in earlier:
        head.check_signature("an earlier head")
        _same_chain(head, start)
    keys = _Keys([*([key] if key else []), *(head.key for head in earlier)])
    walk = _Walk(start, keys, {head.size: head for head in earlier})
    last: SignedHead | None = None
    for number, document in documents:
        if last is not None:
            raise VerificationError(f"line {number}: something follows the head")
        if document.get("type") == "head":
            last = SignedHead.of(document, f"line {number}")
        elif document.get("type") == "entry":
            walk.entry(document, number)
        else:
            raise VerificationError(f"line {number}: is neither an entry nor a head")
    if last is None:
        raise VerificationError(f"the file ends after entry {walk.size} without a signed head: it was cut off")
    _same_chain(last, start)
    if last.size != walk.size:
        raise VerificationError(f"the head signs {last.size} entries, and the file ends at {walk.size}")
    walk.compare(last, "the head")
    last.check_signature("the export")
    if not keys.pinned and walk.first > 1:
        keys.believe(last.key)  # nothing in the file tells more: the report says that it was not known
    if not keys.believes(last.key):
        raise VerificationError(f"the head is signed by key {last.key}, which no known key has named as its successor")
    for size in sorted(head.size for head in earlier):
        if size > walk.size:
            raise VerificationError(f"the chain was cut off: it had {size} entries, and has {walk.size}")
        if size not in walk.met:
            raise VerificationError(
                f"the file begins behind entry {size}, so it says nothing of the head of that size: "
                "check a consistency proof instead"
            )
    at = str(last.head["at"])
    return Report(str(start["tenant"]), walk.size, walk.first, last.key, at, keys.pinned, sorted(walk.met))


class _Walk:
    """One pass over the entries."""

    def __init__(self, start: Mapping[str, Any], keys: _Keys, earlier: Mapping[int, SignedHead]) -> None:
        self._start, self._keys, self._earlier = start, keys, earlier
        self.met: set[int] = set()
        try:
            self.size = int(start["size"])
            self._peaks = tree.Peaks(self.size, [bytes.fromhex(p) for p in start["peaks"]])
            identity = {"purpose": _CHAIN, "site": start["site"], "tenant": start["tenant"]}
            origin = hashlib.sha256(canonical(identity)).hexdigest()
            self._link = bytes.fromhex(start["chain_hash"] if self.size else origin)
        except (KeyError, TypeError, ValueError) as error:
            raise VerificationError(f"the start of the export cannot be read: {error}") from error
        self.first = self.size + 1
        self._meet()

    def entry(self, document: Mapping[str, Any], number: int) -> None:
        """The next entry."""
        entry: Mapping[str, Any] = document.get("entry") or {}
        if entry.get("sequence") != self.size + 1:
            said = entry.get("sequence")
            raise VerificationError(f"line {number}: entry {self.size + 1} is expected, and this is {said}")
        if (entry.get("site"), entry.get("tenant")) != (self._start["site"], self._start["tenant"]):
            raise VerificationError(f"line {number}: the entry is of another chain")
        leaf = tree.leaf(canonical(entry))
        self._link = hashlib.sha256(b"\x02" + self._link + leaf).digest()
        if document.get("chain_hash", self._link.hex()) != self._link.hex():
            raise VerificationError(f"line {number}: entry {self.size + 1} is not the one that was sealed")
        self._peaks.append(leaf)
        self.size += 1
        if entry.get("action") == "audit.key":
            self._keys.meet(entry, first=self.size == 1)
        self._meet()

    def _meet(self) -> None:
        head = self._earlier.get(self.size)
        if head is not None:
            self.compare(head, "an earlier head")
            self.met.add(self.size)

    def compare(self, head: SignedHead, what: str) -> None:
        """Check that the head says what was found.

        Raises:
            VerificationError: it says something else.
        """
        if head.head["root"] != self._peaks.root().hex() or head.head["chain_hash"] != self._link.hex():
            raise VerificationError(f"{what} of {head.size} entries stands for other entries than these")


def verify_proof(document: Mapping[str, Any], *, key: str | None = None, earlier: SignedHead | None = None) -> Report:
    """Check an inclusion or a consistency proof as the API gives it.

    Args:
        key: as for `verify_export`.
        earlier: for a consistency proof, the earlier head; it must be given.

    Raises:
        VerificationError: it does not hold.
    """
    head = SignedHead.of(document, "the proof")
    head.check_signature("the proof")
    if earlier is not None:
        earlier.check_signature("the earlier head")
        _same_chain(earlier, head.head)
    known = {k for k in (key, earlier.key if earlier is not None else None) if k}
    if known and head.key not in known:
        raise VerificationError(f"the head is signed by key {head.key}, which is not the known one")
    try:
        path = [bytes.fromhex(p) for p in document["path"]]
        root = bytes.fromhex(str(head.head["root"]))
        if document["type"] == "inclusion":
            met: list[int] = []
            _check_inclusion(document, head, path, root)
        elif document["type"] == "consistency":
            if earlier is None:
                raise VerificationError("a consistency proof is checked against an earlier head: give one")
            before = bytes.fromhex(str(earlier.head["root"]))
            holds = document["from"] == earlier.size and tree.continues(earlier.size, before, head.size, root, path)
            if not holds:
                raise VerificationError(f"the chain of {head.size} entries does not continue that of {earlier.size}")
            met = [earlier.size]
        else:
            raise VerificationError("this is no proof")
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationError(f"the proof cannot be read: {error}") from error
    tenant, at = str(head.head["tenant"]), str(head.head["at"])
    return Report(tenant, head.size, int(document.get("sequence", 1)), head.key, at, bool(known), met)


def _check_inclusion(document: Mapping[str, Any], head: SignedHead, path: list[bytes], root: bytes) -> None:
    leaf, sequence = bytes.fromhex(document["leaf_hash"]), int(document["sequence"])
    entry = document.get("entry")
    if entry is not None:
        if tree.leaf(canonical(entry)) != leaf or entry.get("sequence") != sequence:
            raise VerificationError(f"the entry is not the one that was sealed as {sequence}")
        _same_chain(head, entry)
    if not tree.included(leaf, sequence - 1, head.size, path, root):
        raise VerificationError(f"the path does not lead from entry {sequence} to the signed root")


def _same_chain(head: SignedHead, other: Mapping[str, Any]) -> None:
    if (head.head["site"], head.head["tenant"]) != (other.get("site"), other.get("tenant")):
        raise VerificationError(
            f"a head is of tenant {head.head['tenant']} at site {head.head['site']}, "
            f"and the rest of tenant {other.get('tenant')} at site {other.get('site')}"
        )


def _documents(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            document: Any = json.loads(line)
        except ValueError as error:
            raise VerificationError(f"line {number}: is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise VerificationError(f"line {number}: is not a JSON object")
        yield number, cast("dict[str, Any]", document)
