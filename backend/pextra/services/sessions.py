"""Sessions: what a login leaves behind, and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pextra.declaration.markers import OnDelete
from pextra.services import auditing, bootstrap, deleting, status, writing
from pextra.services.cloud import Cloud, Context
from pextra.store import credentials, events, objects, references
from pextra.store.database import Tx
from pextra.store.records import Record, timestamp
from pextra.store.references import Reference

LASTING_S: Final = 12 * 3600
SHORTEST_S: Final = 900
LONGEST_S: Final = 30 * 86_400
MOST_OF_A_USER: Final = 20
SWEPT_AFTER_S: Final = 900
"""How long an expired session is still shown: servers' clocks disagree, and it is refused anyway."""
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was just made; the token is nowhere else."""

    record: Record
    token: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a directory said of somebody at a login.

    Attributes:
        trust: the digest of the settings under which it was asked.
        subject: who they are there.
        groups: those of theirs that were mapped then.
        user_uid: who that is here.
    """

    provider: Record
    trust: str
    subject: str
    groups: tuple[str, ...]
    user_uid: str


def open_(ctx: Context, user: Record, path: str, *, lasting_s: int, vouched: Vouched | None = None) -> Opened:
    """Make a session of the user; of more than `MOST_OF_A_USER` the oldest ends.

    Args:
        ctx: of the user itself.
        path: its tenant's.
        vouched: by whose word; it is looked at with each use of the session (`authentication.principal_of`).
    """
    for oldest in of_user(ctx.tx, user)[: -MOST_OF_A_USER + 1]:
        deleting.mark(ctx, oldest, cascade=True)
    kind, tx = ctx.cloud.registry["session"], ctx.tx
    uid, expires_us = tx.new_uid(), tx.now_us + lasting_s * 1_000_000
    spec: dict[str, Any] = {
        "user": user.name,
        "expires_at": timestamp(expires_us),
        "address": ctx.origin.address,
        "user_agent": ctx.origin.user_agent,
    }
    resolved: dict[str, Any] = {f"user/{user.name}": {"uid": user.uid, "tenant_uid": user.tenant_uid}}
    if vouched is not None:
        provider = vouched.provider
        spec |= {"provider": provider.name, "groups": list(vouched.groups)}
        pin = {"uid": provider.uid, "tenant_uid": provider.tenant_uid}
        resolved[f"identity_provider/{provider.name}"] = {**pin, "subject": vouched.subject, "trust": vouched.trust}
    record = Record(
        tenant_uid=user.tenant_uid,
        uid=uid,
        kind=kind.name,
        name=f"session-{uid.replace('-', '')[-12:]}",
        generation=1,
        labels={},
        annotations={},
        spec=spec,
        spec_version=kind.spec_version,
        resolved=resolved,
        finalizers=[],
        created_us=tx.now_us,
        updated_us=tx.now_us,
        deleting_us=None,
        status_revision=0,
        status=status.initial(ctx.cloud, kind.name, 1, tx.now_us),
    )
    whose = Reference(user.tenant_uid, uid, kind.name, user.tenant_uid, user.uid, "user", OnDelete.FOLLOW)
    references.put(tx, user.tenant_uid, uid, [whose], fresh=True)
    objects.add(tx, record, writing.index_of(kind, record, spec))
    events.record(tx, "created", record)
    token = credentials.mint()
    credentials.add(tx, token, tenant_uid=user.tenant_uid, token_uid=uid, user_uid=user.uid, expires_us=expires_us)
    auditing.changed(ctx, "create", record, path, minted=True)
    return Opened(record, token)


def of_user(tx: Tx, user: Record) -> list[Record]:
    """The user's sessions, the oldest first."""
    found = references.to(tx, user.tenant_uid, user.uid, kind="session")
    records = objects.by_uids(tx, [(r.source_tenant_uid, r.source_uid) for r in found])
    return sorted(records.values(), key=lambda r: (r.created_us, r.uid))


def end_all(ctx: Context, user: Record) -> int:
    """End every session of the user at once, on every server; tells how many there were."""
    ended = of_user(ctx.tx, user)
    for record in ended:
        deleting.mark(ctx, record, cascade=True)
    return len(ended)


def sweep(cloud: Cloud) -> int:
    """Take away some of the sessions that have expired; tells how many."""

    def work(tx: Tx) -> int:
        ctx = Context(cloud, tx, bootstrap.root_principal(cloud), reason="it has expired")
        before_us = tx.now_us - SWEPT_AFTER_S * 1_000_000
        expired = objects.by_uids(tx, credentials.expired(tx, "session", before_us, limit=_AT_ONCE))
        for record in expired.values():
            deleting.mark(ctx, record, cascade=True)
        return len(expired)

    if not cloud.database.read(
        lambda tx: credentials.expired(tx, "session", tx.now_us - SWEPT_AFTER_S * 1_000_000, limit=1)
    ):
        return 0
    return cloud.database.write(work)
