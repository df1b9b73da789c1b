"""Which web pages may open consoles: those of this cloud. Programs that are no browsers name no page."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from pextra.services.cloud import Addresses


class Origins:
    """The pages that are let in.

    A page is known by its host name as it is configured, not by what the connection's `Host` says: a name of
    somebody else's that is made to lead here (DNS rebinding) is still somebody else's.

    Args:
        addresses: where this cloud's own pages and consoles are; a page of either host name is let in.
        further: origins such as `https://portal.example.com`, of pages elsewhere.
    """

    def __init__(self, addresses: Addresses, further: Iterable[str] = ()) -> None:
        own = [urlsplit(url) for url in (addresses.consoles, addresses.pages) if url]
        self._hosts = frozenset(url.hostname for url in own if url.hostname)
        self._only_tls = any(url.scheme in ("wss", "https") for url in own)
        self._further = frozenset(each.strip().rstrip("/").lower() for each in further if each.strip())

    def allow(self, shown: list[str]) -> bool:
        """Whether a connection with these `Origin` headers may go on; without any it comes from no page."""
        if not shown:
            return True
        origin = shown[0].strip().lower()
        if len(shown) != 1 or origin in self._further:
            return len(shown) == 1
        try:
            url = urlsplit(origin)
            host = url.hostname
        except ValueError:
            return False
        return host in self._hosts and url.scheme in (("https",) if self._only_tls else ("http", "https"))
