"""The public keys of OIDC providers: fetched when they are needed, kept for a while.

Source: OpenID Connect Discovery 1.0, section 4; RFC 7517.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from pextra.identity.failures import ProviderUnavailable, TokenRefused
from pextra.identity.outbound import Outbound
from pextra.identity.strict_json import read_object

FRESH_S: Final = 300.0
"""Keys that are older are fetched anew before they are used: so long does one that was withdrawn count at most."""
STALE_S: Final = 3600.0
"""So long they count on while the provider cannot be asked."""
AGAIN_S: Final = 10.0
"""A provider is asked at most once in so many seconds, whatever keys tokens name."""
PLACES: Final = 4
"""So many requests may wait for providers at a time, in one process; the others are told to come back."""
PLACES_EACH: Final = 2
"""So many of them for the providers of one tenant."""
PATIENCE_S: Final = 12.0
"""So long a request waits while another fetches the keys that it needs."""
MOST_KEYS: Final = 100
MOST_PROVIDERS: Final = 1_000
LEAST_RSA_BITS: Final = 2_048
MOST_RSA_BITS: Final = 8_192

_MEMBERS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_KEYS: Final = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_OF_ALGORITHM: Final = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
ALGORITHMS: Final = tuple(_OF_ALGORITHM)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures can be checked with, and what it is for.

    Attributes:
        algorithm: the only one, when the provider says so.
    """

    key: RSAKey | ECKey | OKPKey
    kid: str | None
    algorithm: str | None
    type: str
    curve: str | None

    def fits(self, algorithm: str) -> bool:
        """Whether signatures of this algorithm are checked with it."""
        return (self.type, self.curve) == _OF_ALGORITHM[algorithm] and self.algorithm in (None, algorithm)


def choose(keys: Sequence[PublicKey], algorithm: str, kid: str | None) -> PublicKey | None:
    """The one key that a token means; None: none, or it cannot be told which."""
    fitting = [key for key in keys if key.fits(algorithm) and kid in (None, key.kid)]
    return fitting[0] if len(fitting) == 1 else None


def keys_of(document: dict[str, Any]) -> tuple[PublicKey, ...]:
    """The keys of a JWK set that we can use; those that we do not know are left out.

    Raises:
        ValueError: it is no JWK set.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("the JWK set has no keys")
    found = (_public(cast("dict[str, Any]", each)) for each in cast("list[Any]", listed)[:MOST_KEYS])
    return tuple(key for key in found if key is not None)


def _public(jwk: Any) -> PublicKey | None:
    """The key, made of its public members alone."""
    if not isinstance(jwk, dict):
        return None
    said = cast("dict[str, Any]", jwk)
    kind, kid, algorithm = said.get("kty"), said.get("kid"), said.get("alg")
    operations = said.get("key_ops", ["verify"])
    if kind not in _MEMBERS or said.get("use", "sig") != "sig" or not isinstance(operations, list):
        return None
    if "verify" not in operations or not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        return None
    members = {name: said.get(name) for name in _MEMBERS[kind]}
    if not all(isinstance(value, str) and len(value) <= 2048 for value in members.values()):
        return None
    try:
        key = _KEYS[kind].import_key(cast("Any", {"kty": kind, **members}))
        if isinstance(key, RSAKey) and not LEAST_RSA_BITS <= key.public_key.key_size <= MOST_RSA_BITS:
            return None
    except (JoseError, ValueError, TypeError, UserWarning):
        return None
    return PublicKey(key, kid, algorithm, kind, cast("str | None", members.get("crv")))


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose keys they are, and who trusts them: what one tenant was told is never another's."""

    tenant_uid: str
    provider_uid: str
    url: str
    authorities: str | None


@dataclass(slots=True)
class _Kept:
    keys: tuple[PublicKey, ...] = ()
    fetched_s: float = float("-inf")
    tried_s: float = float("-inf")
    reason: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class IssuerKeys:
    """The keys of the issuers that were asked for last. Thread-safe."""

    def __init__(self, outbound: Outbound, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._outbound = outbound
        self._now = monotonic
        self._kept: OrderedDict[Issuer, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(PLACES)
        self._waiting: Counter[str] = Counter()

    def key(self, issuer: Issuer, algorithm: str, kid: str | None) -> PublicKey:
        """The key that a token of the issuer means.

        Raises:
            TokenRefused: the issuer has no such key.
            ProviderUnavailable: that cannot be told now.
        """
        kept = self._of(issuer)
        found = choose(kept.keys, algorithm, kid)
        if found is None or self._now() - kept.fetched_s >= FRESH_S:
            self._refresh(issuer, kept)
            if self._now() - kept.fetched_s >= STALE_S:
                raise ProviderUnavailable(kept.reason or "its keys are being fetched")
            found = choose(kept.keys, algorithm, kid)
        if found is None and kept.reason:
            raise ProviderUnavailable(kept.reason)
        if found is None:
            raise TokenRefused("the issuer has no such key, or several")
        return found

    def _of(self, issuer: Issuer) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(issuer, _Kept())
            self._kept.move_to_end(issuer)
            if len(self._kept) > MOST_PROVIDERS:
                self._kept.popitem(last=False)
            return kept

    def _refresh(self, issuer: Issuer, kept: _Kept) -> None:
        """Fetch the keys, unless that was tried just now; what fails leaves those that there are."""
        if self._now() - kept.tried_s < AGAIN_S:
            return
        usable = self._now() - kept.fetched_s < STALE_S
        with self._place(issuer.tenant_uid) as free:
            if not free:
                if not usable:
                    raise ProviderUnavailable("too many requests wait for identity providers")
                return
            if not kept.lock.acquire(timeout=0 if usable else PATIENCE_S):
                return  # somebody else is at it
            try:
                if self._now() - kept.tried_s >= AGAIN_S:
                    self._try(issuer, kept)
            finally:
                kept.lock.release()

    def _try(self, issuer: Issuer, kept: _Kept) -> None:
        try:
            kept.keys = self._fetch(issuer)
            kept.fetched_s, kept.reason = self._now(), ""
        except (ProviderUnavailable, ValueError) as error:
            kept.reason = str(error)
        finally:
            kept.tried_s = self._now()  # only now: until then others wait for what comes of it

    def _fetch(self, issuer: Issuer) -> tuple[PublicKey, ...]:
        where = f"{issuer.url.rstrip('/')}/.well-known/openid-configuration"
        described = read_object(self._outbound.get(where, authorities=issuer.authorities))
        if described.get("issuer") != issuer.url:
            raise ValueError("the discovery document is of another issuer")
        place = described.get("jwks_uri")
        if not isinstance(place, str) or len(place) > 2048:
            raise ValueError("the discovery document names no keys")
        return keys_of(read_object(self._outbound.get(place, authorities=issuer.authorities)))

    @contextmanager
    def _place(self, tenant_uid: str) -> Generator[bool]:
        """Whether there is a place to wait in."""
        with self._lock:
            free = self._waiting[tenant_uid] < PLACES_EACH and self._places.acquire(blocking=False)
            if free:
                self._waiting[tenant_uid] += 1
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._waiting[tenant_uid] -= 1
                    if not self._waiting[tenant_uid]:
                        del self._waiting[tenant_uid]
                self._places.release()
