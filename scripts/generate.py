"""Writes everything that follows from the declarations and is kept in the repository.

    python scripts/generate.py [--check]

`docs/openapi.json`, `docs/agent-protocol.json`, `docs/manifest.schema.json`, `pextra_client/kinds.py` and `kinds.json`,
the classes of `pulumi_pextra`, the modules of the Ansible collection and the pages of `terraform_provider_pextra/docs`.
With `--check` nothing is written, and the exit status tells whether something is stale.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from pextra import agent_protocol
from pextra.api import openapi, schemas
from pextra.drivers import documents as driver_documents
from pextra.resources import REGISTRY
from pextra_client.discovery import Catalog
from pextra_client.generate import generate
from pextra_client.generators import ansible_modules
from pulumi_pextra.generate import generated as pulumi_files
from terraform_provider_pextra import documents

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
                "documents": driver_documents.schemas(),
            }
        ),
        ROOT / "docs" / "manifest.schema.json": _json(schemas.manifest_schema(REGISTRY)),
        ROOT / "pextra_client" / "kinds.json": _json(kinds),
        ROOT / "pextra_client" / "kinds.py": generate(kinds),
        **{COLLECTION / path: text for path, text in ansible_modules.generate(kinds).items()},
        **{
            ROOT / "pulumi_pextra" / path: _formatted(text)
            for path, text in pulumi_files(Catalog.from_document(kinds)).items()
        },
        **{
            ROOT / "terraform_provider_pextra" / "docs" / page: text
            for page, text in documents.pages(Catalog.from_document(kinds)).items()
        },
    }


def _formatted(text: str) -> str:
    """Python as the project's formatter has it, with the imports that are used."""
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--quiet", "--fix", "--select", "I,F401"], ["format", "--quiet"]):
        text = subprocess.run(
            [*ruff, *command, "--stdin-filename", "generated.py", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
    return text


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the files, or tell which are stale."""
    texts = generated()
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if "--check" in sys.argv:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: run `make generate`\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path])
            sys.stderr.write(f"{path.relative_to(ROOT)} written\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
