"""Writes everything that follows from the declarations and is kept in the repository.

    python scripts/generate.py [--check]

`docs/openapi.json`, `docs/agent-protocol.json`, `docs/manifest.schema.json`, `pextra_client/kinds.py` and `kinds.json`,
and the modules of the Ansible collection. With `--check` nothing is written, and the exit status tells whether
something is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pextra import agent_protocol
from pextra.api import openapi, schemas
from pextra.drivers import documents
from pextra.resources import REGISTRY
from pextra_client.generate import generate
from pextra_client.generators import ansible_modules

ROOT: Final = Path(__file__).parents[1]
COLLECTION: Final = ROOT / "ansible_collections" / "pextra" / "cloud"


def generated() -> dict[Path, str]:
    """The text of every file."""
    kinds = schemas.kinds_document(REGISTRY)
    return {
        ROOT / "docs" / "openapi.json": _json(openapi.document(REGISTRY)),
        ROOT / "docs" / "agent-protocol.json": _json(
            {
                "version": agent_protocol.VERSION,
                "messages": agent_protocol.schemas(),
                "documents": documents.schemas(),
            }
        ),
        ROOT / "docs" / "manifest.schema.json": _json(schemas.manifest_schema(REGISTRY)),
        ROOT / "pextra_client" / "kinds.json": _json(kinds),
        ROOT / "pextra_client" / "kinds.py": generate(kinds),
        **{COLLECTION / path: text for path, text in ansible_modules.generate(kinds).items()},
    }


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the files, or tell which are stale."""
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if "--check" in sys.argv:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: run `make generate`\n")
        else:
            path.write_text(generated()[path])
            sys.stderr.write(f"{path.relative_to(ROOT)} written\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
