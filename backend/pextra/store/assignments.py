"""What each host's agent is to make true, and what it reported of it.

Every change to what is assigned to a host takes the host's next revision, so that an agent asks for what is newer than
what it knows. A row that is to be removed stays until the agent has reported it gone: no removal is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, select, update

from pextra import agent_protocol
from pextra.store.database import Tx
from pextra.store.tables import assignment as table
from pextra.store.tables import host_agent

GUEST: Final = "guest"
VOLUME: Final = "volume"
IMAGE: Final = "image"
ACT: Final = "act"
BGP_PEER: Final = "bgp_peer"
OBJECT_KINDS: Final = {GUEST: "instance", VOLUME: "volume", IMAGE: "image", ACT: "operation", BGP_PEER: "bgp_peer"}
"""The kind of the object that an assignment is made for; they share the uid."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One thing that a host's agent makes true.

    Attributes:
        revision: the host's revision at which it last changed.
        removed: it is to be taken away.
        document: what is desired, as `drivers.documents` writes it; without secrets.
        secret_paths: the object's secrets that the agent needs for it.
        reported_revision: the revision that `report` speaks of; 0 without one.
        report: what the agent reported last.
    """

    host_uid: str
    uid: str
    kind: str
    tenant_uid: str
    revision: int
    removed: bool
    document: dict[str, Any]
    secret_paths: list[str]
    reported_revision: int
    report: dict[str, Any] | None

    @property
    def answered(self) -> bool:
        """Whether the report speaks of what is assigned now."""
        return self.reported_revision == self.revision


def find(tx: Tx, host_uid: str, uid: str) -> Assignment | None:
    """The assignment of that uid to the host, or None."""
    row = tx.conn.execute(select(table).where(_same(host_uid, uid))).first()
    return None if row is None else Assignment(*row)


def of_uid(tx: Tx, uid: str) -> list[Assignment]:
    """The assignments of that uid on every host."""
    return [Assignment(*r) for r in tx.conn.execute(select(table).where(table.c.uid == uid))]


def needs_image(tx: Tx, host_uid: str, image_uid: str) -> bool:
    """Whether something that is assigned to the host is, or is made from, the image."""
    own = find(tx, host_uid, image_uid)
    if own is not None and own.kind == IMAGE and not own.removed:
        return True
    return image_uid in _images_on(tx, host_uid)


def _images_on(tx: Tx, host_uid: str) -> set[str]:
    """The images that guests and volumes which are assigned to the host are made from."""
    rows = tx.conn.execute(
        select(table.c.document).where(
            table.c.host_uid == host_uid, table.c.removed.is_(False), table.c.kind.in_((GUEST, VOLUME))
        )
    )
    return {uid for row in rows for uid in agent_protocol.images_of(row[0])}


def known(tx: Tx, host_uid: str, uids: Sequence[str]) -> set[str]:
    """Which of the uids are assigned to the host, or are images from which something is made that is."""
    rows = tx.conn.execute(select(table.c.uid).where(table.c.host_uid == host_uid, table.c.uid.in_(list(uids))))
    found = {r[0] for r in rows}
    return found if found.issuperset(uids) else found | (_images_on(tx, host_uid) & set(uids))


def newer(tx: Tx, host_uid: str, revision: int, *, limit: int) -> list[Assignment]:
    """What changed on the host after the revision, in its order."""
    rows = tx.conn.execute(
        select(table)
        .where(table.c.host_uid == host_uid, table.c.revision > revision)
        .order_by(table.c.revision)
        .limit(limit)
    )
    return [Assignment(*r) for r in rows]


def on(tx: Tx, host_uid: str) -> list[tuple[str, str, bool]]:
    """Kind, uid and whether it is to be taken away, of everything that is assigned to the host."""
    rows = tx.conn.execute(select(table.c.kind, table.c.uid, table.c.removed).where(table.c.host_uid == host_uid))
    return [(r[0], r[1], r[2]) for r in rows]


def put(
    tx: Tx,
    host_uid: str,
    uid: str,
    *,
    kind: str,
    tenant_uid: str,
    document: dict[str, Any],
    secret_paths: Sequence[str] = (),
) -> Assignment:
    """Assign to the host what the document says; nothing is written when it is assigned already."""
    before = find(tx, host_uid, uid)
    paths = sorted(secret_paths)
    if before is not None and not before.removed and before.document == document and before.secret_paths == paths:
        return before
    revision = _next_revision(tx, host_uid)
    changed = {"revision": revision, "removed": False, "document": document, "secret_paths": paths}
    if before is not None:
        tx.conn.execute(update(table).where(_same(host_uid, uid)).values(**changed))
        return replace(before, revision=revision, removed=False, document=document, secret_paths=paths)
    made = Assignment(host_uid, uid, kind, tenant_uid, revision, False, document, paths, 0, None)
    tx.insert(
        table,
        [
            {
                "host_uid": host_uid,
                "uid": uid,
                "kind": kind,
                "tenant_uid": tenant_uid,
                "reported_revision": 0,
                "report": None,
                **changed,
            }
        ],
    )
    return made


def remove(tx: Tx, host_uid: str, uid: str) -> Assignment | None:
    """Have the agent take it away; None when it is not assigned to the host."""
    before = find(tx, host_uid, uid)
    if before is None or before.removed:
        return before
    revision = _next_revision(tx, host_uid)
    tx.conn.execute(update(table).where(_same(host_uid, uid)).values(revision=revision, removed=True, secret_paths=[]))
    return replace(before, revision=revision, removed=True, secret_paths=[])


def remove_everywhere(tx: Tx, uid: str) -> None:
    """Have the agents of all hosts take away what they have of an object that has gone, or has ended."""
    for each in of_uid(tx, uid):
        remove(tx, each.host_uid, uid)


def forget_removed(tx: Tx, host_uid: str, uid: str, *, revision: int) -> Assignment | None:
    """The agent has taken away what was to be removed at the revision; None when that is not what is desired now."""
    before = find(tx, host_uid, uid)
    if before is None or not before.removed or before.revision != revision:
        return None
    tx.conn.execute(delete(table).where(_same(host_uid, uid)))
    return before


def store_report(tx: Tx, host_uid: str, uid: str, *, revision: int, report: dict[str, Any]) -> Assignment | None:
    """Store what the agent reported of the revision.

    Returns:
        The assignment with the report; None when there is nothing new in it: the assignment is not the host's, the
        report speaks of a revision that never was or is older than one reported already, or says the same again.
    """
    before = find(tx, host_uid, uid)
    if before is None or not before.reported_revision <= revision <= before.revision:
        return None
    if before.reported_revision == revision and before.report == report:
        return None
    tx.conn.execute(update(table).where(_same(host_uid, uid)).values(reported_revision=revision, report=report))
    return replace(before, reported_revision=revision, report=report)


def put_settings(tx: Tx, host_uid: str, settings: dict[str, Any]) -> None:
    """Have the host be like that; nothing is written when it is to be so already."""
    a = host_agent.c
    row = tx.conn.execute(select(a.settings).where(a.host_uid == host_uid)).first()
    if row is not None and row[0] == settings:
        return
    revision = _next_revision(tx, host_uid)
    changed = {"settings": settings, "settings_revision": revision}
    tx.conn.execute(update(host_agent).where(a.host_uid == host_uid).values(**changed))


def _next_revision(tx: Tx, host_uid: str) -> int:
    row = tx.conn.execute(select(host_agent.c.revision).where(host_agent.c.host_uid == host_uid)).first()
    if row is None:
        blank = {"seen_us": None, "boot_id": "", "version": "", "inventory": None, "exchange": 0}
        tx.insert(host_agent, [{"host_uid": host_uid, "revision": 1, "changed_us": tx.now_us, **blank}])
        return 1
    tx.conn.execute(
        update(host_agent).where(host_agent.c.host_uid == host_uid).values(revision=row[0] + 1, changed_us=tx.now_us)
    )
    return row[0] + 1


def _same(host_uid: str, uid: str) -> ColumnElement[bool]:
    return and_(table.c.host_uid == host_uid, table.c.uid == uid)
