"""What an operator carries to a new host: a secret that lets it join, and whom it may believe while it does."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from pextra.pki.failures import InvalidToken
from pextra.pki.fingerprint import is_fingerprint

_PREFIX: Final = "pextra-join-1"
_SECRET_BYTES: Final = 32
_FORM: Final = re.compile(r"pextra-join-1\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class JoinToken:
    """A secret, and the fingerprint of the authority that may see it. `str` is the text; `repr` hides the secret.

    Attributes:
        secret: 32 random bytes; the server keeps only their hash.
        authority_fingerprint: 64 hex digits, as `Authority.fingerprint`.
    """

    secret: bytes = field(repr=False)
    authority_fingerprint: str

    def __post_init__(self) -> None:
        if len(self.secret) != _SECRET_BYTES:
            raise InvalidToken(f"the secret of a join token has {_SECRET_BYTES} bytes, not {len(self.secret)}")
        if not is_fingerprint(self.authority_fingerprint):
            raise InvalidToken("the fingerprint in a join token is not 64 lower-case hex digits")

    @classmethod
    def new(cls, authority_fingerprint: str, secret: bytes | None = None) -> JoinToken:
        """A token for this authority, with a new secret unless one is given."""
        return cls(secrets.token_bytes(_SECRET_BYTES) if secret is None else secret, authority_fingerprint)

    @classmethod
    def parse(cls, text: str) -> JoinToken:
        """The token of a text; white space around it does not count.

        Raises:
            InvalidToken: it is not a join token, to the letter: each token has one text only.
        """
        form = _FORM.fullmatch(text.strip())
        if form is None:
            raise InvalidToken(f"this is not a join token ({_PREFIX}.SECRET.FINGERPRINT): copy the whole of it")
        try:
            token = cls(base64.urlsafe_b64decode(form[1] + "="), form[2])
        except binascii.Error as error:
            raise InvalidToken("the secret of the join token is not base64url") from error
        # The last letter holds two bits that mean nothing, and must not name the same token four times.
        if str(token) != form[0]:
            raise InvalidToken("the secret of the join token is not written as it was given: copy the whole of it")
        return token

    def __str__(self) -> str:
        secret = base64.urlsafe_b64encode(self.secret).rstrip(b"=").decode()
        return f"{_PREFIX}.{secret}.{self.authority_fingerprint}"

    @property
    def secret_hash(self) -> str:
        """SHA-256 of the secret, 64 hex digits: what the server keeps.

        The secret is random and long, so that a hash without salt and rounds tells nothing.
        """
        return hashlib.sha256(self.secret).hexdigest()
