"""The first start of a site: its facts, its own tenant, its first administrator."""

from __future__ import annotations

from typing import Any

from pextra.declaration.registry import Registry
from pextra.encryption.wrapping import KeyKeeper
from pextra.errors import PextraError
from pextra.services import deleting, writing
from pextra.services.cloud import Address, Cloud, Context, Preconditions, Principal
from pextra.services.keyring import Keyring, told
from pextra.store import objects, site
from pextra.store.database import Database, Tx

ADMIN = "admin"


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
    writing.put(ctx, Address(kinds["user"], "system", ADMIN), {"spec": {"display_name": "Administrator"}}, nothing)
    return mint_admin_token(ctx, "bootstrap")


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
    return Principal("", "pextra", cloud.site.system_uid, "system", "", is_cloud=True)


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


def mint_admin_token(ctx: Context, name: str) -> str:
    """A token of the administrator, under the name; an existing one of that name is replaced."""
    address = Address(ctx.cloud.registry["api_token"], "system", name)
    before = objects.by_name(ctx.tx, ctx.cloud.site.system_uid, "api_token", name)
    if before is not None:
        deleting.mark(ctx, before, cascade=True)
    outcome = writing.put(
        ctx, address, {"spec": {"user": ADMIN, "description": "Made by the server."}}, Preconditions()
    )
    assert outcome.minted is not None
    return str(outcome.minted["token"])
