"""The database's fence: row-level policies beneath the application's own filters, on PostgreSQL.

`FENCES` says for every table how it is fenced, and is the only place that does; `statements` makes policies of it. They
bind the role of what serves requests. Each of its transactions tells the database, in settings that end with it, whose
rows it may see and write (`Bounds`); until it has, it sees what authentication and authorisation need, and writes
nothing. The roles of the loops and of the owner see everything. What this stops and what not: docs/access.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import text

LENT: Final = ("image", "network", "security_group", "ssh_key")
"""The kinds of which one object can be shared with another tenant: those of `ShareSpec.kind`."""

_READ_BY_ALL: Final = ("flavor", "gpu_profile", "address_pool", "tenant")
"""The cloud's kinds of which everybody reads: which tenants there are decides every right."""


# --- what a transaction tells ---


@dataclass(frozen=True, slots=True)
class Bounds:
    """Whose rows a transaction may see and write.

    Attributes:
        told: something was told; before that, who asks is being found out.
        everything: there are no bounds.
        tenants: uids; their rows may be seen and written.
        lenders: uids; of their objects, those of kinds that can be shared may be seen.
        site: the site's uid, under which cloud-wide objects are.
        principal: whose idempotency keys may be seen.
        event: the uid of an event that may be seen, whosever it is.
        authorizing: what decides rights may be seen, as before anything was told.
    """

    told: bool = False
    everything: bool = False
    tenants: frozenset[str] = frozenset()
    lenders: frozenset[str] = frozenset()
    site: str = ""
    principal: str = ""
    event: str = ""
    authorizing: bool = False

    def hold(self, tenants: Iterable[str]) -> bool:
        """Whether the rows of all these tenants are within."""
        return self.everything or self.tenants.issuperset(tenants)

    def widened(self, tenants: Iterable[str]) -> Bounds:
        """These, and the tenants'."""
        return replace(self, told=True, tenants=self.tenants.union(tenants))

    def settings(self) -> dict[str, str]:
        """The values of the settings, by the names that `TELL` binds."""
        return {
            "tenants": "*" if self.everything else _array(self.tenants) if self.told else "",
            "lenders": _array(self.lenders),
            "site": self.site,
            "principal": self.principal,
            "event": self.event,
            "authorizing": "on" if self.authorizing else "",
        }


EVERYTHING: Final = Bounds(told=True, everything=True)

TELL: Final = text(
    "SELECT set_config('pextra.tenants', :tenants, true), set_config('pextra.lenders', :lenders, true), "
    "set_config('pextra.site', :site, true), set_config('pextra.principal', :principal, true), "
    "set_config('pextra.event', :event, true), set_config('pextra.authorizing', :authorizing, true)"
)
"""Tells the database the bounds, until the transaction ends."""

TELL_EVERYTHING: Final = "SET pextra.tenants = '*'"
"""Tells it for a whole session of a process that acts for nobody: see `Database`."""

_READ, _WRITE, _LOOPS = "pextra_api_read", "pextra_api_write", "pextra_loops"
POLICIES: Final = (_READ, _WRITE, _LOOPS)

BINDS: Final = (
    "SELECT coalesce(row_security_active(to_regclass('public.resource')::oid), false) AND EXISTS ("
    "SELECT FROM pg_policies WHERE schemaname = 'public' AND tablename = 'resource' AND policyname LIKE 'pextra_api_%' "
    "AND EXISTS (SELECT FROM unnest(roles) AS role WHERE pg_has_role(current_user, role, 'USAGE')))"
)
"""Whether the role of the session is one that the fence binds; that of the loops is let through."""


def _array(uids: Iterable[str]) -> str:
    return "{" + ",".join(sorted(uids)) + "}"


# --- the conditions, in SQL ---
#
# They read the settings in plain calls, once a row: as subqueries, evaluated once a statement, they cost each statement
# more than all the rows of a page do. What chooses the index is the application's own condition; the comparisons that
# it makes are leakproof, so that the planner may.


def _setting(name: str) -> str:
    return f"current_setting('pextra.{name}', true)"


def _listed(name: str, column: str) -> str:
    """The setting is a list of uids that holds the column's: as texts all are as long, and none is part of two."""
    return f"strpos({_setting(name)}, {column}::text) > 0"


def _equal(name: str, column: str) -> str:
    return f"{column}::text = {_setting(name)}"


_EVERYTHING: Final = f"{_setting('tenants')} = '*'"
_AUTHORIZING: Final = f"(coalesce({_setting('tenants')}, '') = '' OR {_setting('authorizing')} = 'on')"


def _within(column: str) -> str:
    return _listed("tenants", column)


def _kinds(column: str, kinds: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(_literal(kind) for kind in sorted(kinds))})"


def _literal(value: str) -> str:
    if not (value.isascii() and value.replace("_", "").isalnum()):
        raise ValueError(f"{value!r} is no name of a kind")
    return f"'{value}'"


def _any(*conditions: str) -> str:
    return " OR ".join(f"({each})" for each in conditions)


# --- how each table is fenced ---


@dataclass(frozen=True, slots=True)
class Fence:
    """How a table is fenced for what serves requests.

    Attributes:
        write: the condition under which a row may be seen, added, changed and removed, besides there being no bounds;
            empty: never.
        read: the condition under which a row may be seen, too; given the kinds that decide rights.
    """

    write: str = ""
    read: Callable[[Collection[str]], str] | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A table without a fence, and the reason."""

    why: str


def _objects(kinds: Collection[str]) -> str:
    return _any(
        _kinds("kind", _READ_BY_ALL),
        f"{_listed('lenders', 'tenant_uid')} AND {_kinds('kind', (*LENT, 'share'))}",
        f"{_AUTHORIZING} AND {_kinds('kind', kinds)}",
    )


def _statuses(_: Collection[str]) -> str:
    """A status says no kind: one outside the bounds is seen when its object is."""
    possible = _any(_equal("site", "tenant_uid"), _listed("lenders", "tenant_uid"), _AUTHORIZING)
    return (
        f"({possible}) AND EXISTS (SELECT FROM resource "
        "WHERE resource.tenant_uid = resource_status.tenant_uid AND resource.uid = resource_status.uid)"
    )


def _references(kinds: Collection[str]) -> str:
    return _any(_within("target_tenant_uid"), f"{_AUTHORIZING} AND {_kinds('source_kind', kinds)}")


def _all_rows(_: Collection[str]) -> str:
    return "true"


_TENANT: Final = Fence(_within("tenant_uid"))
_OBJECT: Final = Fence(_any(_within("tenant_uid"), f"kind = 'tenant' AND {_within('uid')}"), _objects)
_EVENT: Final = _any(_within("stream"), f"kind = 'tenant' AND {_within('object_uid')}")
_OPERATORS: Final = Fence()
"""Rows of no tenant that only those see who have no bounds."""


FENCES: Final[dict[str, Fence | Open]] = {
    "resource": _OBJECT,
    "resource_index": _OBJECT,
    "resource_status": Fence(_any(_within("tenant_uid"), _within("uid")), _statuses),
    "resource_reference": Fence(_any(_within("source_tenant_uid"), _within("source_uid")), _references),
    "data_key": _TENANT,
    "sealed_secret": _TENANT,
    "resource_secret": _TENANT,
    "credential": Fence(_within("tenant_uid"), lambda _: _AUTHORIZING),
    "user_password": Fence(_within("tenant_uid"), lambda _: _AUTHORIZING),
    "login_place": Fence(_within("tenant_uid"), lambda _: _AUTHORIZING),
    "outside_identity": Fence(_within("tenant_uid"), lambda _: _AUTHORIZING),
    "trusted_issuer": Fence(_within("tenant_uid"), lambda _: _AUTHORIZING),
    "policy_head": Fence(_within("tenant_uid"), _all_rows),
    "request_key": Fence(_any("scope = 'loops'", _equal("principal", "scope"))),
    "quota_usage": _TENANT,
    "pending_event": Fence(_EVENT, lambda _: _equal("event", "uid")),
    "event": Fence(_within("stream"), lambda _: _any(_equal("site", "stream"), _equal("event", "uid"))),
    "allocation": _TENANT,
    "gpu_claim": _TENANT,
    "gpu_usage": _TENANT,
    "cell_claim": _TENANT,
    "address": _TENANT,
    "assignment": _TENANT,
    "forward": _TENANT,
    "console_ticket": _TENANT,
    "pending_audit": _TENANT,
    "audit_entry": _TENANT,
    "audit_node": _TENANT,
    "audit_head": _TENANT,
    "audit_pruned": _TENANT,
    "audit_cursor": _OPERATORS,
    "audit_chain": Fence(_within("tenant_uid"), _all_rows),
    "join_secret": _OPERATORS,
    "host_certificate": _OPERATORS,
    "lease": _OPERATORS,
    "site": Fence("", _all_rows),
    "host_capacity": Fence("", _all_rows),
    "gpu": Fence("", _all_rows),
    "host_cell": Fence("", _all_rows),
    "stream_head": Fence("", _all_rows),
    "login_attempt": Open("counts attempts by hashes of names, before anybody is recognised"),
    "work": Open("says only that an object is to be looked at; a change of what is shared wakes those who use it"),
    "host_agent": Open("a host's, not a tenant's: when its agent was heard, and the number of its assignments"),
    "host_sample": Open("one row a host, with the counters of all its guests; the application picks the guest's"),
}
"""Of every table, how it is fenced, or why not."""


def statements(
    quote: Callable[[str], str], *, api_role: str, loops_role: str, kinds: Collection[str]
) -> list[tuple[str, list[str]]]:
    """What puts the fence up, or puts it up anew, of each table.

    Args:
        quote: quotes a name for SQL.
        kinds: those whose objects decide rights.
    """
    return [(table, _of_table(table, fence, quote, api_role, loops_role, kinds)) for table, fence in FENCES.items()]


def _of_table(
    table: str, fence: Fence | Open, quote: Callable[[str], str], api_role: str, loops_role: str, kinds: Collection[str]
) -> list[str]:
    made = removal(table, quote)
    if isinstance(fence, Open):
        return made
    api, loops = quote(api_role), quote(loops_role)
    write = _any(_EVERYTHING, fence.write) if fence.write else _EVERYTHING
    on = f"ON {quote(table)}"
    made.append(f"CREATE POLICY {_WRITE} {on} FOR ALL TO {api} USING ({write}) WITH CHECK ({write})")
    if fence.read is not None:
        made.append(f"CREATE POLICY {_READ} {on} FOR SELECT TO {api} USING ({fence.read(kinds)})")
    made.append(f"CREATE POLICY {_LOOPS} {on} FOR ALL TO {loops} USING (true) WITH CHECK (true)")
    made.append(f"ALTER TABLE {quote(table)} ENABLE ROW LEVEL SECURITY")
    return made


def removal(table: str, quote: Callable[[str], str]) -> list[str]:
    """What takes the fence of a table down; nothing when there is none."""
    drops = [f"DROP POLICY IF EXISTS {name} ON {quote(table)}" for name in POLICIES]
    return [f"ALTER TABLE {quote(table)} DISABLE ROW LEVEL SECURITY", *drops]
