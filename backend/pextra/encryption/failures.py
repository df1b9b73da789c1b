"""What goes wrong with keys. The messages never hold key material."""

from __future__ import annotations


class KeyFailure(Exception):
    """Base: the message says what is wrong and what to do."""


class KeyLost(KeyFailure):
    """The key that something was wrapped with is not where it should be."""


class KeyUnavailable(KeyFailure):
    """Whoever holds the key does not answer now; trying again may help."""


class Tampered(KeyFailure):
    """What was sealed is not what is there, or it was put in another's place."""
