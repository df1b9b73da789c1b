"""`pextra can-i` and `pextra policy test`: what one may do, and what policies would say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer
import yaml

from pextra_client.cli.exits import ExitCode
from pextra_client.cli.options import verb
from pextra_client.cli.session import Session
from pextra_client.cli.text import columns
from pextra_client.cli.yaml12 import load_all
from pextra_client.errors import ConfigError

policy_app = typer.Typer(help="Attribute policies.", no_args_is_help=True)


def can_i(
    session: Session,
    *,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Such as instance.create.")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of which object.")] = None,
) -> int | None:
    """Tells whether you may do something, and which role or policy decides it. Exits with 5 when you may not."""
    said = session.client.can_i(action, tenant=session.settings.tenant, name=name)
    if session.out.structured:
        session.out.document(said)
    else:
        session.out.line(f"{'yes' if said['allowed'] else 'no'}: {said['reason']}")
        if said.get("depends_on_object"):
            session.out.notice("it may depend on the object: name one")
    return None if said["allowed"] else ExitCode.DENIED


def test(
    session: Session,
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="YAML: `policies` (name to text) and `cases`; see docs/access.md.")
    ],
) -> int | None:
    """Tries policies, stored nowhere, on cases, and tells which policy decides each. Exits with 1 when one fails."""
    try:
        documents = list(load_all(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ConfigError(f"{file}: must hold one document with `policies` and `cases`")
    document = cast("dict[str, Any]", documents[0])
    said = session.client.test_policies(document)
    if session.out.structured:
        session.out.document(said)
    else:
        rows = [["CASE", "EXPECTED", "SAID", "BY"]]
        for result in cast("list[dict[str, Any]]", said["results"]):
            mark = "" if result["passed"] else "  <- differs"
            rows.append([result["name"], result["expected"], result["said"], ", ".join(result["policies"]) + mark])
        for line in columns(rows):
            session.out.line(line)
    return None if said["passed"] else ExitCode.ERROR


verb(policy_app, "test")(test)
