"""`pextra upload`: a file of this machine as an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pextra_client.cli.exits import UsageError
from pextra_client.cli.progress import Awaited, wait_for_all
from pextra_client.cli.selection import Target, select_some
from pextra_client.cli.session import Session
from pextra_client.cli.transferring import Bar
from pextra_client.errors import ApiError
from pextra_client.uploading import Described, describe
from pextra_client.waiting import Until

_GIB = 1 << 30


def run(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME, or TENANT/NAME.")],
    file: Annotated[Path, typer.Option("--file", "-f", help="The file.", exists=True, dir_okay=False, readable=True)],
    format_: Annotated[
        str | None, typer.Option("--format", help="qcow2, raw or vmdk; a file that is something else is refused.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until hosts have taken and checked it.")] = True,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for that.")] = 600.0,
) -> None:
    """Makes an image of a file. A broken upload goes on where it ended when it is asked for again.

    An image that is there already must have been declared with this very content.
    """
    target = select_some(session, "image", [name])[0]
    with Bar(session.out, f"reading {file}") as bar:
        described = describe(file, bar.show)
    uid = _ensure(session, target, described, format_)
    with Bar(session.out, f"uploading {target.label}") as bar:
        session.client.upload_image(target.name, file, tenant=target.tenant, uid=uid, progress=bar.show)
    if not wait:
        session.out.notice(f"{target.label}: uploaded")
        return
    awaited = Awaited(kind=target.kind, name=target.name, tenant=target.tenant, until=Until.READY, uid=uid)
    wait_for_all(session.client, [awaited], session.out, timeout_s=timeout)


def _ensure(session: Session, target: Target, described: Described, format_: str | None) -> str:
    """Have the image declared; its uid.

    Raises:
        UsageError: it is there with other content.
    """
    spec: dict[str, Any] = {
        "upload": {"size_bytes": described.size_bytes},
        "sha256": described.sha256,
        "size_gib": max(1, -(-described.size_bytes // _GIB)),
        **({"format": format_} if format_ else {}),
    }
    found = session.client.find(target.kind, target.name, tenant=target.tenant)
    if found is None:
        try:
            found = session.client.put(target.kind, target.name, spec, tenant=target.tenant, create_only=True)
        except ApiError as error:
            if error.code != "object.exists":
                raise
            found = session.client.get(target.kind, target.name, tenant=target.tenant)
    for field in ("upload", "sha256", *(("format",) if format_ else ())):
        if found["spec"].get(field) != spec[field]:
            raise UsageError(
                f"{target.label} is there and was declared otherwise ({field}): the content of an image never changes, "
                "upload under another name"
            )
    return found["metadata"].get("uid", "")
