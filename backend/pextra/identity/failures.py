"""What can be wrong with an identity from outside."""

from __future__ import annotations


class TokenRefused(Exception):
    """The token proves nothing; the message is a fixed text for the log, never a part of the token."""


class ProviderUnavailable(Exception):
    """The provider cannot be asked now, or may not be called at all; the message is for the log."""


class ProviderBusy(Exception):
    """Too many wait for providers already; this one was not asked."""
