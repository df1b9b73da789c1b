"""`pextra audit`: a tenant's audit log, and the proof that nobody has altered it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from pextra_client.audit import AuditLog
from pextra_client.cli.exits import UsageError
from pextra_client.cli.options import verb
from pextra_client.cli.session import Session
from pextra_client.errors import ClientError
from pextra_client.transparency import verify as checking
from pextra_client.transparency.verify import Report, SignedHead, VerificationError

app = typer.Typer(help="A tenant's audit log: who did what, and the proof that nobody has altered it.")

Uid = Annotated[
    str | None, typer.Option("--uid", help="Of the tenant, where several had its name one after the other.")
]
_MOST_PROOF = 16 << 20


def _log(session: Session, uid: str | None) -> AuditLog:
    if not session.client.tenant:
        raise UsageError("an audit log is a tenant's: give --tenant, set PEXTRA_TENANT, or log in with one")
    return session.client.audit(uid=uid)


@verb(app, "list")
def listed(
    session: Session,
    *,
    since: Annotated[str | None, typer.Option(help="Made at this time or later: 2027-01-31T12:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Made before this time.")] = None,
    principal: Annotated[str | None, typer.Option(help="Name or uid of who did it.")] = None,
    action: Annotated[str | None, typer.Option(help="What the action begins with, such as `instance.`.")] = None,
    object_: Annotated[
        str | None, typer.Option("--object", metavar="KIND[/NAME]", help="What it was done to; a uid instead of NAME.")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    oldest: Annotated[bool, typer.Option("--oldest", help="The oldest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many entries.")] = 100,
    uid: Uid = None,
) -> None:
    """Shows entries, the newest first."""
    kind, _, name = (object_ or "").partition("/")
    found = _log(session, uid).entries(
        newest_first=not oldest,
        since=since,
        until=until,
        principal=principal,
        action=action,
        kind=kind or None,
        name=name or None,
        outcome="refused" if refused else None,
    )
    entries = list(islice(found, limit))
    if session.out.structured:
        session.out.document({"kind": "audit_entry_list", "items": entries})
    elif entries:
        header = ["SEQUENCE", "AT", "WHO", "FROM", "ACTION", "OBJECT", "OUTCOME", "WHY"]
        session.out.table(header, [_row(entry) for entry in entries])
    else:
        session.out.notice("there are no such entries")


def _row(entry: dict[str, Any]) -> list[str]:
    who, about = entry["principal"], entry.get("object", {})
    outcome = entry.get("error", entry["outcome"]) + (f" ({entry['count']} times)" if "count" in entry else "")
    where = [about[part] for part in ("tenant", "name") if part in about]
    return [
        str(entry["sequence"]),
        entry["at"],
        who.get("name", who["kind"]),
        entry.get("source", {}).get("address", "-"),
        entry["action"],
        "/".join(where) or "-",
        outcome,
        entry.get("reason", "-"),
    ]


@verb(app, "head")
def head(session: Session, *, uid: Uid = None) -> None:
    """Prints the newest signed head. Keep one elsewhere: `pextra audit verify --head` checks against it."""
    session.out.document(_log(session, uid).head())


@verb(app, "export")
def export(
    session: Session,
    *,
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output without it.")] = None,
    first: Annotated[int | None, typer.Option("--from", min=1, help="Sequence number of the first entry.")] = None,
    uid: Uid = None,
) -> None:
    """Writes the entries as JSON lines, with what it takes to verify them offline."""
    lines = _log(session, uid).export(first)
    if file is None:
        for line in lines:
            session.out.event(json.loads(line))
        return
    number = 0
    with file.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(f"{line}\n")
            number += 1
    session.out.notice(f"{number - 2} entries and their signed head are in {file}")


@verb(app, "proof")
def proof(
    session: Session,
    *,
    sequence: Annotated[int, typer.Argument(min=1, help="Of the entry.")],
    uid: Uid = None,
) -> None:
    """Prints the proof that an entry is in the chain, for `pextra audit verify`."""
    session.out.document(_log(session, uid).proof(sequence))


@verb(app, "consistency")
def consistency(
    session: Session,
    *,
    earlier: Annotated[Path, typer.Argument(metavar="HEAD", help="A head that was kept.")],
    uid: Uid = None,
) -> None:
    """Prints the proof that the chain still begins with all that an earlier head stands for."""
    session.out.document(_log(session, uid).consistency(_kept(earlier).size))


@verb(app, "verify")
def verify(
    session: Session,
    *,
    file: Annotated[Path, typer.Argument(help="An export, or a proof.")],
    head: Annotated[
        list[Path] | None, typer.Option("--head", help="A head that was kept elsewhere; may be repeated.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The site's public key, PEM or hex.")] = None,
) -> None:
    """Checks an export or a proof offline: links, tree, signature, and that it continues the heads that were kept."""
    heads = [_kept(path) for path in head or []]
    try:
        known = checking.key_of_text(key.read_text()) if key is not None else None
        report = _verified(file, known, heads)
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(str(error)) from error
    _say(session, report)


def _kept(path: Path) -> SignedHead:
    try:
        with path.open(encoding="utf-8") as file:
            return SignedHead.of(json.loads(file.read(_MOST_PROOF)), str(path))
    except (OSError, ValueError) as error:
        raise VerificationError(f"{path} holds no head: {error}") from error


def _verified(path: Path, key: str | None, heads: list[SignedHead]) -> Report:
    with ExitStack() as opened:
        file = opened.enter_context(path.open(encoding="utf-8"))
        document = _whole(file.read(_MOST_PROOF))
        if document is None:
            file.seek(0)
            return checking.verify_export(_bounded(file), key=key, earlier=heads)
    if len(heads) > 1:
        raise UsageError("a proof is checked against one head")
    return checking.verify_proof(document, key=key, earlier=heads[0] if heads else None)


def _whole(text: str) -> dict[str, Any] | None:
    """The one document that the text is; None when it is many lines of them."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    proof = cast("dict[str, Any]", document)
    return proof if proof.get("type") in ("inclusion", "consistency") else None


def _bounded(file: Any) -> Iterator[str]:
    """The lines, none of which may be longer than an entry can be."""
    while line := file.readline(_MOST_PROOF):
        yield line


def _say(session: Session, report: Report) -> None:
    facts = {
        "verified": True,
        "tenant": report.tenant,
        "size": report.size,
        "first": report.first,
        "signed_at": report.at,
        "key": report.key,
        "key_was_known": report.pinned,
        "continues": report.earlier,
    }
    if session.out.structured:
        session.out.document(facts)
    else:
        session.out.line(f"verified: {report.size} entries of tenant {report.tenant}, signed {report.at}")
        for size in report.earlier:
            session.out.line(f"  continues the head of {size} entries")
    if not report.pinned:
        session.out.warn(
            f"key {report.key} is only what the file itself says; give --key, or a head that was kept elsewhere"
        )
    elif not report.earlier:
        session.out.notice("without an earlier head, nothing shows whether entries were cut off at the end")
