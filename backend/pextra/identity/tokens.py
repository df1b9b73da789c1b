"""Signed tokens (JWT) of OIDC providers: read, verified, and what they prove.

What a token says of how it is to be verified is not believed: the algorithms are those of the tenant's settings, the
key is the issuer's, found by its id among those of the type that the algorithm takes, and keys or addresses of keys in
the token (`jwk`, `jku`, `x5c`, `x5u`) are ignored.

Source: RFC 7515, 7519, 8725 (best current practices), 9068 (access tokens); OpenID Connect Core 1.0, section 2.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass
from typing import Any, Final, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from pextra.identity.failures import TokenRefused
from pextra.identity.keys import ALGORITHMS, Issuer, IssuerKeys
from pextra.identity.strict_json import read_object

MOST_CHARACTERS: Final = 8_192
MOST_AUDIENCES: Final = 20
MOST_GROUPS: Final = 1_000
MOST_TEXT: Final = 255
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]*")
_TYPES: Final = frozenset({"jwt", "at+jwt"})
_OF_ID_TOKENS: Final = ("nonce", "at_hash", "c_hash", "s_hash")


class _Allowed(JWSRegistry):
    """The algorithms of one provider. Headers that nobody knows are ignored, as RFC 7515 says; `crit` is refused."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)
        self.max_header_length = MOST_CHARACTERS

    def get_alg(self, name: str) -> Any:
        if self.allowed is None or name not in self.allowed:
            raise JoseError("another algorithm")
        return self.algorithms[name]  # the library's own warns of EdDSA's name, not of what it does


@dataclass(frozen=True, slots=True)
class Trust:
    """What a tenant believes of an issuer.

    Attributes:
        audiences: a token is for us when it is for one of these.
        parties: the clients that may have got it; empty: any.
        id_tokens: whether an ID token is taken, which is made for a client and not for us.
        leeway_s: how far clocks may differ.
        username_claim, groups_claim: where it says what somebody is called, and their groups.
    """

    issuer: Issuer
    audiences: frozenset[str]
    algorithms: frozenset[str]
    parties: frozenset[str]
    id_tokens: bool
    leeway_s: int
    username_claim: str
    groups_claim: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was sent; nothing of it is proven.

    Attributes:
        text: never to be logged.
    """

    text: str
    algorithm: str
    kid: str | None
    type: str
    issuer: str
    audiences: tuple[str, ...]
    claims: dict[str, Any]

    def __repr__(self) -> str:
        return "Token(…)"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token proves; times in seconds since the epoch, leeway included."""

    subject: str
    name: str
    groups: tuple[str, ...]
    not_before_s: float
    expires_s: float


def read(text: str) -> Token:
    """Take a token apart.

    Raises:
        TokenRefused: it is none that could ever be accepted.
    """
    if len(text) > MOST_CHARACTERS:
        raise TokenRefused("the token is too long")
    segments = text.split(".")
    if len(segments) != 3:
        raise TokenRefused("it is no signed token (an encrypted one, perhaps)")
    header, claims = (_object(segment) for segment in segments[:2])
    _decoded(segments[2])
    algorithm, kid, type_ = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS:
        raise TokenRefused("its algorithm is none that is ever taken")
    if not isinstance(kid, str | None) or (kid is not None and len(kid) > MOST_TEXT):
        raise TokenRefused("its key id is no short text")
    if "crit" in header or "b64" in header or "zip" in header:
        raise TokenRefused("its header demands what nobody here understands")
    if not isinstance(type_, str) or type_.lower().removeprefix("application/") not in _TYPES:
        raise TokenRefused("its type is that of another sort of token")
    return Token(text, algorithm, kid, type_, _text(claims, "iss"), _audiences(claims), claims)


def verify(token: Token, trust: Trust, keys: IssuerKeys) -> Claims:
    """What the token proves. Whether now is the time for it is the caller's to say.

    Raises:
        TokenRefused: nothing.
        ProviderUnavailable: its signature cannot be checked now.
    """
    if token.issuer != trust.issuer.url:
        raise TokenRefused("it is of another issuer")
    if not trust.audiences & set(token.audiences):
        raise TokenRefused("it is for another audience")
    if token.algorithm not in trust.algorithms:
        raise TokenRefused("its algorithm is not allowed")
    key = keys.key(trust.issuer, token.algorithm, token.kid)
    try:
        jws.deserialize_compact(token.text, key.key, registry=_Allowed(token.algorithm))
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused("its signature is wrong") from error
    return _claims(token, trust)


def _claims(token: Token, trust: Trust) -> Claims:
    claims = token.claims
    _check_purpose(token, trust)
    issued, starts = _time(claims, "iat"), _time(claims, "nbf")
    expires = _time(claims, "exp")
    if expires is None or issued is None:
        raise TokenRefused("it does not say when it was made or expires")
    name = claims.get(trust.username_claim)
    return Claims(
        subject=_text(claims, "sub"),
        name=name[:MOST_TEXT] if isinstance(name, str) else "",
        groups=_groups(claims.get(trust.groups_claim)),
        not_before_s=max(issued, starts if starts is not None else issued) - trust.leeway_s,
        expires_s=expires + trust.leeway_s,
    )


def _check_purpose(token: Token, trust: Trust) -> None:
    """Refuse a token that was made for something else than to be shown here by whoever holds it."""
    claims = token.claims
    if "cnf" in claims:
        raise TokenRefused("it is bound to a key, which a bearer does not show")
    if "events" in claims:
        raise TokenRefused("it tells of an event")
    party = claims.get("azp", claims.get("client_id"))
    is_id_token = claims.get("typ") == "ID" or any(name in claims for name in _OF_ID_TOKENS)
    if "typ" in claims and claims["typ"] not in ("ID", "Bearer", "JWT", "at+jwt"):
        raise TokenRefused("its type is that of another sort of token")
    if is_id_token:
        if not trust.id_tokens:
            raise TokenRefused("it is an ID token")
        if party is None and len(token.audiences) > 1:
            raise TokenRefused("it is an ID token for several, and does not say whose")
        if party is not None and party not in (trust.audiences | trust.parties):
            raise TokenRefused("it is an ID token of another client")
    if trust.parties and party not in trust.parties:
        raise TokenRefused("it was given to a client that is not allowed")


def _groups(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        return ()
    some = cast("list[Any]", listed)
    if len(some) > MOST_GROUPS:
        raise TokenRefused("it names too many groups")
    return tuple(each for each in some if isinstance(each, str))


def _audiences(claims: dict[str, Any]) -> tuple[str, ...]:
    said = claims.get("aud")
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list) or not 0 < len(cast("list[Any]", listed)) <= MOST_AUDIENCES:
        raise TokenRefused("it does not say whom it is for")
    some = cast("list[Any]", listed)
    if not all(isinstance(each, str) for each in some):
        raise TokenRefused("it does not say whom it is for")
    return tuple(cast("list[str]", some))


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MOST_TEXT or not value.isprintable():
        raise TokenRefused(f"its claim {name} is no short text")
    return value


def _time(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise TokenRefused(f"its claim {name} is no time")
    if not math.isfinite(value):
        raise TokenRefused(f"its claim {name} is no time")
    return float(value)


def _object(segment: str) -> dict[str, Any]:
    try:
        return read_object(_decoded(segment))
    except ValueError as error:
        raise TokenRefused("a part of it is no JSON object, or names a member twice") from error


def _decoded(segment: str) -> bytes:
    """The bytes of a segment, which has one way to be written."""
    try:
        if not _SEGMENT.fullmatch(segment):
            raise TokenRefused("it is not in base64url")
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise TokenRefused("it is not in base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != segment:
        raise TokenRefused("it is not in base64url")
    return raw
