"""What a transaction tells the database's fence: whose rows it may see and write.

After authentication these are the principal's own tenant's (`confine`); then those of each tenant that is addressed, if
the principal reaches it (`enter`). What goes beyond is said where it is needed, and for as long (`beyond`). Where the
database is not fenced, or the principal is the cloud's, nothing of this costs anything. See `store.fence`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace

from pextra.declaration.kind import Kind
from pextra.services.cloud import SYSTEM, Context, Tenant
from pextra.store.database import Tx
from pextra.store.fence import EVERYTHING, LENT, Bounds


def confine(ctx: Context) -> Context:
    """From here on the transaction sees what is the principal's own; without bounds are those who reach the cloud's."""
    before = ctx.tx.bounds
    if before is None:
        return ctx
    principal, site_uid = ctx.principal, ctx.cloud.site.uid
    if principal.reaches(SYSTEM):
        ctx.tx.tell(EVERYTHING)
    else:
        home = {principal.tenant_uid} if principal.reaches(principal.tenant_path) else set[str]()
        ctx.tx.tell(replace(before.widened(home), site=site_uid, principal=principal.uid))
    return ctx


def enter(ctx: Context, *tenants: Tenant) -> None:
    """See and write in these tenants, too, those of them that the principal reaches."""
    _widen(ctx.tx, {tenant.uid for tenant in tenants if ctx.principal.reaches(tenant.path)})


def write_tenant(ctx: Context, uid: str) -> None:
    """See and write the object of a tenant, which is one of the cloud's; that this is allowed was decided before."""
    _widen(ctx.tx, {uid})


def only(tx: Tx, *tenant_uids: str) -> None:
    """In a transaction without a principal: see and write these tenants' rows."""
    if tx.bounds is not None:
        tx.tell(Bounds(told=True, tenants=frozenset(tenant_uids)))


def unbounded(tx: Tx) -> None:
    """In a transaction of the product's own, on nobody's behalf: see and write everything."""
    tx.tell(EVERYTHING)


def owner_uid(ctx: Context, tenant: Tenant | None, path: str, kind: Kind) -> str:
    """Under which uid an object of the kind in the tenant at the path is looked for; the site's where nothing is.

    What the principal does not reach may be shared with it. The statements are the same whether there is such a tenant
    or not.

    Args:
        tenant: the one at the path, if there is one.
    """
    uid = tenant.uid if tenant is not None else ctx.cloud.site.uid
    if ctx.principal.reaches(path):
        if tenant is not None:
            enter(ctx, tenant)
        return uid
    if kind.name not in LENT:
        return ctx.cloud.site.uid
    bounds = ctx.tx.bounds
    if bounds is not None and not bounds.everything:
        ctx.tx.tell(replace(bounds, lenders=frozenset({uid})))
    return uid


@contextmanager
def beyond(tx: Tx, tenant_uids: Iterable[str]) -> Generator[None]:
    """See and write these tenants' rows while the block runs: what is done to an object concerns theirs."""
    before, wanted = tx.bounds, set(tenant_uids)
    if before is None or before.hold(wanted):
        yield
        return
    tx.tell(before.widened(wanted))
    yield  # when it raises, what was told goes with the transaction or the savepoint that is rolled back
    _back(tx, before, wanted)


@contextmanager
def authorizing(tx: Tx) -> Generator[None]:
    """See whatever decides rights, as authentication does, while the block runs."""
    before = tx.bounds
    if before is None or before.everything or not before.told or before.authorizing:
        yield
        return
    tx.tell(replace(before, authorizing=True))
    yield
    tx.tell(replace(tx.bounds or before, authorizing=False))


@contextmanager
def showing_event(tx: Tx, uid: str) -> Generator[None]:
    """See one event, whosever it is, while the block runs: whether it is there says nothing to who knows its uid."""
    before = tx.bounds
    if before is None or before.everything:
        yield
        return
    tx.tell(replace(before, event=uid))
    yield
    tx.tell(replace(tx.bounds or before, event=""))


def _widen(tx: Tx, uids: set[str]) -> None:
    if tx.bounds is not None and not tx.bounds.hold(uids):
        tx.tell(tx.bounds.widened(uids))


def _back(tx: Tx, before: Bounds, added: set[str]) -> None:
    """Take away what `beyond` added; what was entered meanwhile stays."""
    now = tx.bounds or before
    tx.tell(replace(now, tenants=now.tenants - (added - before.tenants)))
