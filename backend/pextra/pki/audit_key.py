"""The key that signs the heads of audit chains: made at the first start, kept in a file, followed by others."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pextra.transparency.chain import succession

_SUCCESSIONS: Final = ".successions"


class KeyUnusable(Exception):
    """The key's file cannot be used; the message says why and what to do."""


class AuditKey:
    """An Ed25519 key (RFC 8032) and the proofs by which it came after earlier ones.

    Args:
        endorsements: for each earlier key (hex), the signature (hex) with which that key named its successor, and
            which key that was.
    """

    def __init__(self, private: Ed25519PrivateKey, endorsements: dict[str, tuple[str, str]] | None = None) -> None:
        self._private = private
        self._endorsements = endorsements or {}
        self.public_hex = private.public_key().public_bytes_raw().hex()

    @classmethod
    def generate(cls) -> AuditKey:
        """A new key, kept nowhere."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> AuditKey:
        """The key of these 32 bytes; for simulation."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load_or_create(cls, path: Path) -> AuditKey:
        """The key in the file; made, readable by its owner alone, when there is none.

        Raises:
            KeyUnusable: the file is readable by others, or holds something else.
        """
        try:
            return cls.load(path)
        except FileNotFoundError:
            pass
        made = cls.generate()
        try:
            _write(path, made.private_pem(), exclusive=True)
        except FileExistsError:  # another process was first
            return cls.load(path)
        return made

    @classmethod
    def load(cls, path: Path) -> AuditKey:
        """The key in the file.

        Raises:
            FileNotFoundError: there is none.
            KeyUnusable: as `load_or_create`.
        """
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read(16_384)
        if mode & 0o077:
            raise KeyUnusable(f"{path} has mode {mode:o}: others could sign with it; chmod 600 it, and rotate the key.")
        try:
            private = serialization.load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(f"{path} holds no key that can be read: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyUnusable(f"{path} holds a key of another kind: an Ed25519 key is needed.")
        return cls(private, _endorsements(path))

    @classmethod
    def rotate(cls, path: Path) -> AuditKey:
        """Replace the key in the file by a new one that the old one has named. The old one is gone then.

        The proof is written first: a crash between leaves the old key, and a proof for a key that nobody has.

        Raises:
            FileNotFoundError, KeyUnusable: as `load`.
        """
        old, private = cls.load(path), Ed25519PrivateKey.generate()
        new = private.public_key().public_bytes_raw().hex()
        endorsements = _endorsements(path)
        endorsements[old.public_hex] = (new, old.sign(succession(old.public_hex, new)).hex())
        proofs = [{"previous": was, "key": key, "signature": proof} for was, (key, proof) in endorsements.items()]
        _write(path.with_name(path.name + _SUCCESSIONS), json.dumps(proofs, indent=1).encode(), exclusive=False)
        made = cls(private, endorsements)
        _write(path, made.private_pem(), exclusive=False)
        return made

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; the same for the same message."""
        return self._private.sign(message)

    def private_pem(self) -> bytes:
        """The key itself, PEM (PKCS #8)."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def successions(self, previous: str) -> list[dict[str, str]]:
        """The steps from the key `previous` to this one, each with its signature; empty when there is no way."""
        steps: list[dict[str, str]] = []
        while previous != self.public_hex:
            if previous not in self._endorsements or len(steps) > len(self._endorsements):
                return []
            key, signature = self._endorsements[previous]
            steps.append({"previous": previous, "key": key, "signature": signature})
            previous = key
        return steps


def public_pem(public_hex: str) -> str:
    """A public key as PEM (SubjectPublicKeyInfo)."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _endorsements(path: Path) -> dict[str, tuple[str, str]]:
    try:
        proofs: list[dict[str, Any]] = json.loads(path.with_name(path.name + _SUCCESSIONS).read_text())
        return {p["previous"]: (p["key"], p["signature"]) for p in proofs}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise KeyUnusable(f"{path}{_SUCCESSIONS} cannot be read: {error}") from error


def _write(path: Path, content: bytes, *, exclusive: bool) -> None:
    """Write a file that only we may read, whole or not at all."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        if exclusive:
            os.link(staged, path)
        else:
            staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
