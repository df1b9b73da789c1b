"""Against guessing passwords: attempts are counted before they are made, in the database that all servers share.

Counted are the account and the network (an address of IPv4, a /64 of IPv6) that an attempt comes from. After some
failures each further attempt has to wait, twice as long as the one before, at most a quarter of an hour. A failure is
forgotten after that long. From a network where the user has logged in before, only attempts on this account from there
are counted: whoever attacks an account from elsewhere does not shut its owner out. See adr/0018, and adr/0021 of names
that a directory is asked about.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pextra.errors import PextraError
from pextra.services import bounds
from pextra.services.cloud import Cloud
from pextra.store import login_attempts, login_places, site
from pextra.store.database import Tx
from pextra.store.login_attempts import Tally
from pextra.store.passwords import NOBODY, Candidate

FREE_OF_ACCOUNT: Final = 10
FREE_OF_NETWORK: Final = 30
FIRST_DELAY_S: Final = 5
LONGEST_DELAY_S: Final = 900
FORGOTTEN_AFTER_S: Final = 900
_MOST_OVER: Final = 9
"""How many failures beyond the free ones are remembered; the delay does not grow beyond them."""
_SWEPT_AFTER_S: Final = 24 * 3600
_S: Final = 1_000_000


def network_of(address: str) -> str:
    """What is counted together with an address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
        parsed = parsed.ipv4_mapped
    return str(parsed)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is counted together, and how many failures there are without consequence.

    Attributes:
        text: begins with the letter of its sort.
        first_delay_s: how long the first that is not free has to wait.
    """

    text: str
    free: int
    first_delay_s: int = FIRST_DELAY_S

    def delay_s(self, failures: int) -> int:
        """How long an attempt after so many failures has to wait."""
        return delay_s(failures, self.free, self.first_delay_s)


def delay_s(failures: int, free: int, first_s: int = FIRST_DELAY_S) -> int:
    """How long an attempt after so many failures has to wait."""
    over = failures - free
    return 0 if over < 0 else min(LONGEST_DELAY_S, first_s * 2 ** min(over, _MOST_OVER))


class Attempts:
    """Counts attempts."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._salt: str | None = None

    def buckets(self, tx: Tx, who: Candidate, network: str, *, asked: int | None = None) -> tuple[Bucket, ...]:
        """Where an attempt on the account from there is counted; one statement, whether the account is there or not.

        Args:
            asked: so many failed attempts on one name the tenant's directory may be asked about by strangers; from then
                on each waits as long as any, for the directory counts too, and locks its owner out everywhere.
        """
        known = login_places.known(tx, who.tenant_uid or NOBODY, who.user_uid or NOBODY, network)
        account = f"{who.tenant}\0{who.user}"
        if known:
            return (Bucket(f"p{account}\0{network}", FREE_OF_ACCOUNT),)
        of_account = (FREE_OF_ACCOUNT, FIRST_DELAY_S) if asked is None else (asked, LONGEST_DELAY_S)
        return (
            Bucket(f"a{account}", *of_account),
            Bucket(f"n{network}", FREE_OF_NETWORK),
        )

    def refusal(self, tx: Tx, buckets: Sequence[Bucket]) -> PextraError | None:
        """Why an attempt is not taken now; None: `begin` decides."""
        counts = self._counts(tx, buckets)
        waits = [_wait_s(tx, c.bucket, c.tally) for c in counts if not _is_ahead(tx, c.bucket, c.tally)]
        return _too_many(max(waits)) if any(waits) else None

    def begin(self, buckets: Sequence[Bucket]) -> None:
        """Count an attempt as failed before it is made, so that those at the same time know of each other.

        Raises:
            PextraError: `auth.too_many_attempts`; it may not be made.
        """

        def work(tx: Tx) -> PextraError | None:
            if self._salt is None and site.login_salt(tx) is None:
                bounds.unbounded(tx)
                site.keep_login_salt(tx, secrets.token_hex(16))
            counts = self._counts(tx, buckets)
            refusal = None
            for count in counts:
                wait = _wait_s(tx, count.bucket, count.tally)
                if _is_ahead(tx, count.bucket, count.tally):
                    login_attempts.put(tx, count.name, replace(count.tally, until_us=tx.now_us + wait * _S))
                refusal = _too_many(wait) if wait and refusal is None else refusal
            if refusal is not None:
                return refusal
            for count in counts:
                failures = _remembered(tx, count.tally, count.bucket) + 1
                until_us = tx.now_us + count.bucket.delay_s(failures) * _S
                login_attempts.put(tx, count.name, Tally(failures, until_us, tx.now_us))
            return None

        refusal = self._cloud.database.write(work)
        self._salt = self._salt or self._cloud.database.read(site.login_salt)
        if refusal is not None:
            raise refusal

    def forgive(self, tx: Tx, buckets: Sequence[Bucket]) -> None:
        """Take back the count of an attempt that did not fail; earlier ones stay: no success buys new guesses."""
        for count in self._counts(tx, buckets):
            failures = max(0, count.tally.failures - 1)
            until_us = min(count.tally.until_us, tx.now_us + count.bucket.delay_s(failures) * _S)
            login_attempts.put(tx, count.name, Tally(failures, until_us, count.tally.last_us))

    def _counts(self, tx: Tx, buckets: Sequence[Bucket]) -> list[_Count]:
        salt = self._salt or site.login_salt(tx)
        if salt is None:
            return []  # nothing was ever counted
        names = [f"{b.text[0]}-{hashlib.sha256(f'{salt}{b.text}'.encode()).hexdigest()[:4]}" for b in buckets]
        tallies = login_attempts.tallies(tx, names)
        return [_Count(b, name, tallies.get(name, Tally())) for b, name in zip(buckets, names, strict=True)]


@dataclass(frozen=True, slots=True)
class _Count:
    bucket: Bucket
    name: str
    tally: Tally


def sweep(tx: Tx) -> int:
    """Let go what has been forgotten anyway; tells how many rows."""
    return login_attempts.forget(tx, tx.now_us - _SWEPT_AFTER_S * _S)


def _wait_s(tx: Tx, bucket: Bucket, tally: Tally) -> int:
    """Seconds until an attempt is taken; never more than the delay, whatever other servers' clocks say."""
    left = math.ceil((tally.until_us - tx.now_us) / _S)
    return max(0, min(left, bucket.delay_s(tally.failures)))


def _is_ahead(tx: Tx, bucket: Bucket, tally: Tally) -> bool:
    """Whether it was written by a server whose clock is ahead of ours: no attempt waits that long."""
    return tally.until_us - tx.now_us > bucket.delay_s(tally.failures) * _S


def _remembered(tx: Tx, tally: Tally, bucket: Bucket) -> int:
    forgotten = max(0, tx.now_us - tally.last_us) // (FORGOTTEN_AFTER_S * _S)
    return max(0, min(tally.failures, bucket.free + _MOST_OVER) - forgotten)


def _too_many(wait_s: int) -> PextraError:
    return PextraError(
        "auth.too_many_attempts",
        f"There were too many failed attempts: try again in {wait_s} s. Where you have logged in before, others' "
        "attempts do not count.",
        retry_after_s=wait_s,
    )
