"""The first start of a site: its facts, its own tenant, its first administrator."""

from __future__ import annotations

from typing import Any, Final

from pextra.declaration.registry import Registry
from pextra.encryption.wrapping import KeyKeeper
from pextra.errors import PextraError
from pextra.services import bounds, deleting, writing
from pextra.services.cloud import SYSTEM, Address, Cloud, Context, Grant, Preconditions, Principal
from pextra.services.keyring import Keyring, told
from pextra.store import credentials, objects, site
from pextra.store.database import Database, Tx
from pextra.tenancy import roles

ADMIN = "admin"
BREAK_GLASS_S: Final = 3_600.0


def open_cloud(database: Database, registry: Registry, keeper: KeyKeeper | None = None) -> tuple[Cloud, str | None]:
    """The cloud in this database, made if it is not there yet.

    Args:
        keeper: keeps the key-encryption key; None for a process that needs no secret.

    Returns:
        The cloud, and at its first start the administrator's token, which is nowhere else.

    Raises:
        PextraError: `keys.lost`: what this site was encrypted with is not what `keeper` has; `keys.unavailable`.
    """
    if keeper is not None and database.read(site.kek) is None:
        with told():
            keeper.ensure()  # outside the transaction; if that fails, the next start finds the key

    def work(tx: Tx) -> tuple[Cloud, str | None]:
        bounds.unbounded(tx)
        facts = site.load(tx)
        known = facts or site.create(tx)
        keyring = Keyring(keeper, known.uid) if keeper is not None else None
        if keyring is not None:
            keyring.adopt(tx)
        cloud = Cloud(registry, database, known, keyring=keyring)
        return cloud, _populate(cloud, tx) if facts is None else None

    return database.write(work)


def _populate(cloud: Cloud, tx: Tx) -> str:
    ctx = Context(cloud, tx, root_principal(cloud))
    kinds = cloud.registry
    nothing = Preconditions()
    writing.put(ctx, Address(kinds["tenant"], None, "system"), {"spec": {"display_name": "The cloud's own"}}, nothing)
    _make_administrator(ctx)
    return mint_admin_token(ctx, "bootstrap")


def _make_administrator(ctx: Context) -> None:
    """The administrator and its role, whatever it is now."""
    kinds, nothing = ctx.cloud.registry, Preconditions()
    user = {"spec": {"display_name": "Administrator"}}
    if objects.by_name(ctx.tx, ctx.cloud.site.system_uid, "user", ADMIN) is None:
        writing.put(ctx, Address(kinds["user"], "system", ADMIN), user, nothing)
    binding = {"spec": {"role": roles.OWNER, "subject": {"kind": "user", "name": ADMIN}}}
    if objects.by_name(ctx.tx, ctx.cloud.site.system_uid, "role_binding", f"{ADMIN}-owner") is None:
        writing.put(ctx, Address(kinds["role_binding"], "system", f"{ADMIN}-owner"), binding, nothing)


def ensure(cloud: Cloud, kind: str, tenant: str | None, name: str, spec: dict[str, Any]) -> None:
    """Make an object of the product's own unless one of that name is there, whatever it looks like."""
    declared = cloud.registry[kind]

    def work(tx: Tx) -> None:
        ctx = Context(cloud, tx, root_principal(cloud))
        try:
            writing.put(ctx, Address(declared, tenant, name), {"spec": spec}, Preconditions(create_only=True))
        except PextraError as error:
            if error.code != "object.exists":
                raise

    cloud.database.write(work)


def root_principal(cloud: Cloud) -> Principal:
    """The product itself, which may do everything."""
    everything = Grant(SYSTEM, roles.actions_of(cloud.registry, roles.OWNER), "the product itself")
    return Principal("", "pextra", cloud.site.system_uid, SYSTEM, "", grants=(everything,), break_glass=True)


def mint_join_token(ctx: Context, host: str) -> tuple[str, str]:
    """The host's uid and a join token for it, named like the host; an existing one of that name is replaced."""
    before = objects.by_name(ctx.tx, ctx.cloud.site.uid, "join_token", host)
    if before is not None:
        deleting.mark(ctx, before, cascade=True)
    address = Address(ctx.cloud.registry["join_token"], None, host)
    outcome = writing.put(ctx, address, {"spec": {"host": host}}, Preconditions())
    assert outcome.minted is not None
    assert outcome.record is not None
    return outcome.record.resolved[f"host/{host}"]["uid"], str(outcome.minted["token"])


def recover(cloud: Cloud) -> str:
    """A token of the administrator, for whoever is at the database itself; the one that was made so before is revoked.

    The administrator and its role are made anew when they are missing.
    """

    def work(tx: Tx) -> str:
        ctx = Context(cloud, tx, root_principal(cloud))
        _make_administrator(ctx)
        return mint_admin_token(ctx, "recovery")

    return cloud.database.write(work)


def break_glass(cloud: Cloud) -> str:
    """As `recover`, and no policy binds the token, which expires within the hour."""

    def work(tx: Tx) -> str:
        ctx = Context(cloud, tx, root_principal(cloud))
        _make_administrator(ctx)
        expires_us = tx.now_us + int(BREAK_GLASS_S * 1_000_000)
        return mint_admin_token(ctx, f"break-glass-{tx.new_uid()[-12:]}", break_glass_until_us=expires_us)

    return cloud.database.write(work)


def mint_admin_token(ctx: Context, name: str, *, break_glass_until_us: int | None = None) -> str:
    """A token of the administrator, under the name; an existing one of that name is replaced.

    Args:
        break_glass_until_us: when it expires; no policy binds it. Without this it is a token like every other.
    """
    address = Address(ctx.cloud.registry["api_token"], "system", name)
    before = objects.by_name(ctx.tx, ctx.cloud.site.system_uid, "api_token", name)
    if before is not None:
        deleting.mark(ctx, before, cascade=True)
    outcome = writing.put(
        ctx, address, {"spec": {"user": ADMIN, "description": "Made by the server."}}, Preconditions()
    )
    assert outcome.minted is not None
    assert outcome.record is not None
    if break_glass_until_us is not None:
        credentials.break_glass(ctx.tx, outcome.record.tenant_uid, outcome.record.uid, break_glass_until_us)
    return str(outcome.minted["token"])
