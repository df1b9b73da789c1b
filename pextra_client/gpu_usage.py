"""How long a tenant's instances had GPUs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlencode

from pextra_client.messages import Answer

_PAGE = 500


@dataclass
class GpuUsage:
    """The sums of one window; pages are asked for as they are needed.

    Args:
        read: performs a GET and answers with a success, or raises.
        tenant: the tenant's path.
        since, until: of the window, as RFC 3339 has times; by default the month until now.
        by: some of `tenant`, `model`, `profile` and `instance`; by default model and profile.
        recursive: of the tenants below, too.

    Attributes:
        window: from when to when it is, as the server says; empty before the first page.
    """

    read: Callable[[str], Answer]
    tenant: str
    since: str | None = None
    until: str | None = None
    by: Sequence[str] = ()
    recursive: bool = False
    window: tuple[str, ...] = field(default=(), init=False)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The sums, in the order of what they are by.

        Raises:
            ApiError: `object.not_found`, `auth.denied`, `request.parameter`.
        """
        asked = {"since": self.since, "until": self.until, "by": ",".join(self.by) or None}
        page: dict[str, str | None] = {"recursive": "true" if self.recursive else None, "limit": str(_PAGE)}
        while True:
            given = {name: value for name, value in {**asked, **page}.items() if value is not None}
            target = f"/v1/tenants/{quote(self.tenant, safe='')}/gpu-usage?{urlencode(given)}"
            body = cast("dict[str, Any]", self.read(target).json())
            self.window = (body["since"], body["until"])
            yield from body["items"]
            if "next_page" not in body:
                return
            page["page"] = body["next_page"]
