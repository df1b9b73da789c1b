"""A tenant's audit log: entries, heads, proofs and exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import quote, urlencode

from pextra_client.errors import TransportError
from pextra_client.messages import Answer

_PAGE = 500


class AuditLog:
    """The audit log of one tenant.

    Args:
        read: performs a GET and answers with a success, or raises.
        tenant: the tenant's path.
        uid: of the tenant, where several had that path one after the other; the one that is there without it.
    """

    def __init__(self, read: Callable[[str], Answer], tenant: str, *, uid: str | None = None) -> None:
        self._read = read
        self._base = f"/v1/tenants/{quote(tenant, safe='')}/audit"
        self._uid = uid

    def head(self) -> dict[str, Any]:
        """The newest signed head. Keep one elsewhere: it shows later what was tampered with.

        Raises:
            ApiError: `object.not_found`, also while nothing is sealed.
        """
        return self._document("/head")

    def proof(self, sequence: int, *, size: int | None = None) -> dict[str, Any]:
        """The proof that an entry is in the chain."""
        return self._document("/proof", sequence=sequence, size=size)

    def consistency(self, earlier: int, later: int | None = None) -> dict[str, Any]:
        """The proof that the chain continues the one of an earlier head's size."""
        return self._document("/consistency", **{"from": earlier, "to": later})

    def entries(self, *, newest_first: bool = True, **wanted: str | None) -> Iterator[dict[str, Any]]:
        """The entries, page by page.

        Args:
            newest_first: else the oldest come first.
            **wanted: `since`, `until`, `principal`, `action`, `kind`, `name`, `outcome`, as the API has them.
        """
        order, page = "newest" if newest_first else "oldest", None
        while True:
            body = self._document("", order=order, limit=_PAGE, page=page, **wanted)
            yield from cast("list[dict[str, Any]]", body["items"])
            page = body.get("next_page")
            if page is None:
                return

    def export(self, first: int | None = None) -> Iterator[str]:
        """The lines of an export from an entry on, by default the oldest that is kept, to the newest signed head.

        The last line is that head. Entries that are sealed meanwhile are not in it.

        Raises:
            TransportError: the export broke off.
        """
        head = self.head()
        last, following, begun = int(head["head"]["size"]), first, False
        while following is None or following <= last:
            lines = self._read(self._target("/export", **{"from": following, "to": last})).body.decode().splitlines()
            start = json.loads(lines[0])
            if len(lines) == 1:
                raise TransportError(f"the export broke off behind entry {start['size']}: try again")
            yield from lines[1 if begun else 0 :]
            following, begun = int(start["size"]) + len(lines), True
        yield json.dumps(head, separators=(",", ":"))

    def _document(self, path: str, **query: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", self._read(self._target(path, **query)).json())

    def _target(self, path: str, **query: Any) -> str:
        given = {name: str(value) for name, value in {**query, "uid": self._uid}.items() if value is not None}
        return f"{self._base}{path}?{urlencode(given)}" if given else f"{self._base}{path}"
