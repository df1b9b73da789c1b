"""Consoles: tickets for one connection each, and what keeps an open console open."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

from pextra.errors import PextraError
from pextra.identity.proof import Proof
from pextra.services import authentication, authorization
from pextra.services.cloud import Address, Cloud, Context
from pextra.store import agents, consoles, credentials, objects
from pextra.store.consoles import Grant
from pextra.store.database import Tx
from pextra.store.records import Record, timestamp

TICKET_S: Final = 30
_RUNNING: Final = frozenset({"running", "paused"})


def issue(ctx: Context, instance: Record, arguments: dict[str, Any]) -> dict[str, Any]:
    """A ticket that opens the instance's console once.

    Raises:
        PextraError: `instance.not_running`; `console.unavailable`: its host or this cloud has no consoles.
    """
    host_uid = _host_of(instance)
    if host_uid is None:
        raise _not_running(instance.name)
    addresses = ctx.cloud.addresses
    if addresses.consoles is None:
        raise PextraError("console.unavailable", "This cloud has no relay, which consoles need: start one.")
    if agents.pulse(ctx.tx, host_uid) is None:
        raise PextraError(
            "console.unavailable",
            f"The host of instance {instance.name!r} is simulated: there is no console to open. "
            "The action `console_log` reads what the instance wrote.",
        )
    ticket, expires_us = consoles.mint(), ctx.tx.now_us + TICKET_S * 1_000_000
    grant = Grant(
        tenant_uid=instance.tenant_uid,
        instance_uid=instance.uid,
        host_uid=host_uid,
        device=arguments["device"],
        holder_tenant_uid=ctx.principal.tenant_uid,
        token_uid=ctx.principal.token_uid,
        proof=ctx.principal.proof,
    )
    consoles.add(ctx.tx, ticket, grant, expires_us=expires_us)
    minted = {"ticket": ticket, "expires_at": timestamp(expires_us), "url": f"{addresses.consoles}/v1/console"}
    if grant.device == "display":
        minted["page"] = f"{addresses.pages}/console#{ticket}"
    return minted


def redeem(cloud: Cloud, ticket: str) -> Grant:
    """Use a ticket up.

    Raises:
        PextraError: `console.ticket_refused`, the same for one that is unknown, used, expired, or of a token that was
            revoked since; `instance.not_running` when the instance stopped or moved since.
    """

    def work(tx: Tx) -> Grant | PextraError:
        grant = consoles.take(tx, ticket)
        if grant is None:
            return _refused()
        return _objection(cloud, tx, {grant}).get(grant, grant)

    outcome = cloud.database.write(work)  # an error is returned, not raised: the ticket is used up by it too
    if isinstance(outcome, PextraError):
        raise outcome
    return outcome


def objections(cloud: Cloud, grants: Collection[Grant]) -> dict[Grant, PextraError]:
    """Which of the open consoles may not stay open, each with the reason."""
    return cloud.database.read(lambda tx: _objection(cloud, tx, grants)) if grants else {}


def _objection(cloud: Cloud, tx: Tx, grants: Collection[Grant]) -> dict[Grant, PextraError]:
    found = objects.by_uids(tx, {(g.tenant_uid, g.instance_uid) for g in grants})
    paths = objects.tenant_paths(tx, cloud.site.uid, {g.tenant_uid for g in grants})
    asking = _asking(cloud, tx, grants)
    against: dict[Grant, PextraError] = {}
    for grant in grants:
        instance = found.get(grant.instance_uid)
        ctx = asking.get(grant.proof or grant.token_uid)
        if ctx is None:
            against[grant] = _refused()
        elif instance is None or instance.deleting:
            against[grant] = PextraError("object.not_found", "The instance is deleted.")
        elif not _may_use(ctx, instance, paths.get(instance.tenant_uid, "")):
            against[grant] = _refused()
        elif _host_of(instance) != grant.host_uid:
            against[grant] = _not_running(instance.name)
    return against


def _asking(cloud: Cloud, tx: Tx, grants: Collection[Grant]) -> dict[str | Proof, Context]:
    """Those who asked for the consoles and are still let in, by the uid of their token or by what it proved."""
    tokens = {(g.holder_tenant_uid, g.token_uid) for g in grants if g.proof is None}
    holders = credentials.holders(tx, cloud.site.uid, tokens)
    asking: dict[str | Proof, Context] = {}
    for holder in holders:
        with suppress(PextraError):  # it is refused
            asking[holder.token.uid] = Context(cloud, tx, authentication.principal_of(cloud, tx, holder))
    for proof in {g.proof for g in grants if g.proof is not None}:
        with suppress(PextraError):  # it is refused
            asking[proof] = Context(cloud, tx, authentication.principal_of_proof(cloud, tx, proof))
    return asking


def _may_use(ctx: Context, instance: Record, path: str) -> bool:
    address = Address(ctx.cloud.registry["instance"], path, instance.name)
    return authorization.decide(ctx, address, "console", instance).allowed


def _host_of(instance: Record) -> str | None:
    """The uid of the host that the instance runs on; None when it does not run."""
    return instance.status.get("host_uid") or None if instance.status.get("power") in _RUNNING else None


def _refused() -> PextraError:
    return PextraError(
        "console.ticket_refused", "The ticket is unknown, used, expired or revoked: ask for another one."
    )


def _not_running(name: str) -> PextraError:
    return PextraError("instance.not_running", f"Instance {name!r} is not running: set `spec.power` to `on`.")
