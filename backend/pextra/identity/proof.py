"""What a verified token proves, until it expires."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody is at a provider. Who that is here, and whether they may come in, is looked up for each use.

    Attributes:
        tenant_uid, provider_uid: the `identity_provider` under whose settings the token was verified.
        trust: the digest of these settings: under others the token would have to be verified anew.
        subject: who it is there; never given to somebody else.
        name: what they are called there; no proof of anything.
        groups: those that the token names, as the provider calls them.
        not_before_us, expires_us: when it may be used, what clocks may differ by taken into account.
    """

    tenant_uid: str
    provider_uid: str
    trust: str
    subject: str
    name: str
    groups: tuple[str, ...]
    not_before_us: int
    expires_us: int
