"""`pextra watch`: what happens to the objects of a kind."""

from __future__ import annotations

from datetime import datetime

from pextra_client.cli.commands.get import KindWord, Recursive
from pextra_client.cli.following import event_document
from pextra_client.cli.rows import readiness
from pextra_client.cli.session import Session
from pextra_client.wire import condition


def run(session: Session, *, kind: KindWord, recursive: Recursive = False) -> None:
    """Tells what happens to the objects of a kind from now on, a line for each change.

    To see what there is as well, use `pextra get KIND --watch`.
    """
    found = session.catalog.find(kind)
    with session.client.watch(kind=found, tenant=session.tenant_of(found), recursive=recursive) as events:
        for event in events:
            if session.out.structured:
                session.out.event(event_document(event))
                continue
            moment = datetime.now().astimezone().strftime("%H:%M:%S")
            what = f"{moment}  {event.type.value:<9} {found.label(event.name, event.tenant)}"
            if event.object is not None:
                ready = condition(event.object, "ready")
                message = f": {ready['message']}" if ready is not None and ready["message"] else ""
                what += f"  ready={readiness(event.object)}{message}"
            session.out.line(what)
