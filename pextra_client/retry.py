"""When to try again. Pure: the clock and randomness are the caller's."""

from __future__ import annotations

import email.utils
import random
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient a client is.

    A server that asks to come back later is believed until the call's deadline; one that does not answer at
    all is given up after a few attempts, because it is more likely wrong than late.

    Args:
        attempts: how often each endpoint is tried in one call while none answers.
        first_delay_s: the delay after the first failure of an endpoint; it doubles with each further one.
        longest_delay_s: the bound of the doubling.
        connect_timeout_s: for one connection to be made.
        answer_timeout_s: for one attempt to be answered.
    """

    attempts: int = 5
    first_delay_s: float = 0.2
    longest_delay_s: float = 5.0
    connect_timeout_s: float = 5.0
    answer_timeout_s: float = 20.0

    def delay_s(self, failures: int, rng: random.Random) -> float:
        """The jittered delay after so many failures in a row: between half of the bound and all of it."""
        bound = min(self.longest_delay_s, self.first_delay_s * 2.0 ** max(0, failures - 1))
        return bound * (0.5 + 0.5 * rng.random())


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait by a `Retry-After` header, or None when it is absent or says nothing.

    Args:
        value: seconds, or a date.
        now: the present, for a date.

    Source: RFC 9110, section 10.2.3.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
