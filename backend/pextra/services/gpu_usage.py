"""How long a tenant's instances had GPUs: what bills are made of."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from pextra.errors import PextraError
from pextra.services import authorization, bounds
from pextra.services.cloud import SYSTEM, Address, Context, Tenant, is_within
from pextra.store import gpu_usage as store
from pextra.store import objects
from pextra.store.gpu_usage import DIMENSIONS, Sum, Whose, Window
from pextra.store.records import timestamp
from pextra.tenancy import actions

LONGEST_DAYS: Final = 400
"""How long a window may be: a year, and some more to ask for it after its end."""
_LONGEST_US: Final = LONGEST_DAYS * 86_400 * 1_000_000
_NANO: Final = 1_000_000_000
_BY_DEFAULT: Final = ("model", "profile")


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """What is asked for.

    Attributes:
        tenant: the tenant's path.
        recursive: of the tenants below, too; of the cloud's own tenant, of all that there are and were.
        since_us: from when on; None: from the beginning of the month that `until_us` is in.
        until_us: until when; None, and later than now: now.
        by: some of `DIMENSIONS`; empty: model and profile.
    """

    tenant: str
    recursive: bool = False
    since_us: int | None = None
    until_us: int | None = None
    by: tuple[str, ...] = ()
    limit: int = 100
    page: str | None = None


def summed(ctx: Context, query: UsageQuery) -> dict[str, Any]:
    """A page of sums.

    Raises:
        PextraError: `object.not_found` for a tenant that the caller does not reach; `auth.denied`, `request.parameter`.
    """
    paths, whose = _whose(ctx, query)
    by, window, after = _asked(query, ctx.tx.now_us)
    found = store.sums(ctx.tx, whose, window, by, after=after, limit=query.limit + 1)
    more, found = len(found) > query.limit, found[: query.limit]
    body: dict[str, Any] = {
        "kind": "gpu_usage_list",
        "since": timestamp(window.since_us),
        "until": timestamp(window.until_us),
        "by": list(by),
        "items": _items(ctx, found, by, paths),
    }
    if more:
        body["next_page"] = _page_end(by, window, found[-1].key)
    return body


# --- whose ---


def _whose(ctx: Context, query: UsageQuery) -> tuple[dict[str, str], Whose]:
    """The paths of the tenants by uid, and whose intervals are summed."""
    authorization.require_action(ctx, actions.GPU_USAGE_READ, query.tenant)
    tenant = authorization.tenant_at(ctx, query.tenant)
    assert tenant is not None  # or it had been refused
    if not query.recursive:
        bounds.enter(ctx, tenant)
        return {tenant.uid: tenant.path}, Whose([tenant.uid])
    site_uid = ctx.cloud.site.uid
    if query.tenant == SYSTEM:
        below = [(record.uid, record.name) for record in objects.of_kind(ctx.tx, site_uid, "tenant")]
    else:
        below = objects.descendants(ctx.tx, site_uid, tenant.path)
    every = [tenant, *(Tenant(uid, path, False) for uid, path in below if uid != tenant.uid)]
    allowed = every if _holds_below(ctx, query.tenant) else [t for t in every if _may(ctx, t.path)]
    bounds.enter(ctx, *allowed)
    paths = {each.uid: each.path for each in allowed}
    if query.tenant == SYSTEM:
        return paths, Whose(None, but=[each.uid for each in every if each.uid not in paths])
    return paths, Whose(list(paths))


def _holds_below(ctx: Context, path: str) -> bool:
    """Whether what is allowed at `path` is in every tenant below: no policy has a say that could differ there."""
    bound = authorization.policies_at(ctx, path)
    concerned = bound is not None and bound.concern(actions.GPU_USAGE_READ)
    return is_within(path, ctx.principal.tenant_path) and not concerned


def _may(ctx: Context, path: str) -> bool:
    return authorization.ask_action(ctx, actions.GPU_USAGE_READ, path).allowed


# --- what ---


def _asked(query: UsageQuery, now_us: int) -> tuple[tuple[str, ...], Window, tuple[str | int, ...] | None]:
    """By what is summed, the window, and the key behind which the page begins."""
    by = tuple(name for name in DIMENSIONS if name in (query.by or _BY_DEFAULT))
    if query.page is not None:
        return _page_start(query.page, now_us)
    now_us -= now_us % 1000  # answers tell milliseconds
    until_us = min(now_us, query.until_us if query.until_us is not None else now_us)
    since_us = query.since_us if query.since_us is not None else _month_of(until_us)
    if since_us >= until_us:
        raise PextraError(
            "request.parameter", f"since: {timestamp(since_us)} is not before the end, {timestamp(until_us)}."
        )
    if until_us - since_us > _LONGEST_US:
        raise PextraError(
            "request.parameter",
            f"since: {timestamp(since_us)} is more than {LONGEST_DAYS} days before the end: ask twice.",
        )
    return by, Window(since_us, until_us), None


def _month_of(moment_us: int) -> int:
    """The beginning of the month, in UTC, that ends at the moment or later."""
    moment = datetime.fromtimestamp((moment_us - 1) // 1_000_000, UTC)
    return int(datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp()) * 1_000_000


_UID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_PAGE: Final = "page: is not a page token that this server gave."


def _page_end(by: Sequence[str], window: Window, key: tuple[str | int, ...]) -> str:
    """Tells all that was asked for: a window that ended now goes on to end then."""
    document = json.dumps([by, window.since_us, window.until_us, key], separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def _page_start(token: str, now_us: int) -> tuple[tuple[str, ...], Window, tuple[str | int, ...]]:
    try:
        by, since_us, until_us, key = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        window = Window(since_us, min(until_us, now_us))
        columns = store.columns_of(by)
        numbers = isinstance(since_us, int) and isinstance(until_us, int)
        if not (numbers and 0 <= since_us < window.until_us and until_us - since_us <= _LONGEST_US):
            raise ValueError("it is no window")
        if not columns or len(key) != len(columns) or not all(map(_is_key, columns, key)):
            raise ValueError("it is no key")
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise PextraError("request.parameter", _NO_PAGE) from error
    return tuple(name for name in DIMENSIONS if name in by), window, tuple(key)


def _is_key(column: str, value: Any) -> bool:
    if column == "milli":
        return isinstance(value, int) and 0 <= value <= 1_000_000
    text = isinstance(value, str) and len(value) <= 63 and "\0" not in value
    return text and (not column.endswith("_uid") or _UID.fullmatch(value) is not None)


# --- answers ---


def _items(ctx: Context, found: Sequence[Sum], by: Collection[str], paths: Mapping[str, str]) -> list[dict[str, Any]]:
    columns = store.columns_of(by)
    keys = [dict(zip(columns, each.key, strict=True)) for each in found]
    names = _names(ctx, keys, paths) if "instance" in by else {}
    return [_item(each, key, by, paths, names) for each, key in zip(found, keys, strict=True)]


def _names(ctx: Context, keys: Sequence[Mapping[str, Any]], paths: Mapping[str, str]) -> dict[str, str]:
    """The names of the instances that there are still and that the caller may read, by uid."""
    kind = ctx.cloud.registry["instance"]
    there = objects.by_uids(ctx.tx, {(key["tenant_uid"], key["consumer_uid"]) for key in keys})
    return {
        uid: record.name
        for uid, record in there.items()
        if (path := paths.get(record.tenant_uid)) is not None
        and authorization.may_read(ctx, Address(kind, path, record.name), record)
    }


def _item(
    one: Sum, key: Mapping[str, Any], by: Collection[str], paths: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if "tenant" in by or "instance" in by:
        item |= {"tenant_uid": key["tenant_uid"], "tenant": paths.get(key["tenant_uid"])}
    if "model" in by:
        item["model"] = key["model"]
    if "profile" in by:
        item |= {"mode": key["mode"], "slice": key["profile"], "milli": key["milli"]}
    if "instance" in by:
        item |= {"instance_uid": key["consumer_uid"], "instance": names.get(cast("str", key["consumer_uid"]))}
    return item | {
        "parts": one.parts,
        "gpu_seconds": _decimal(one.milli_us, _NANO),
        "part_seconds": _decimal(one.held_us, 1_000_000),
    }


def _decimal(number: int, scale: int) -> str:
    """The quotient as a decimal text, exactly."""
    whole, rest = divmod(number, scale)
    digits = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
