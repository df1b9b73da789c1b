"""Stacks run by the real engine: a program in a folder, and Pulumi's command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
_COUNT = re.compile(r"^\s+(?:[^\w\s]+ ?)?(\d+) (?:to )?(\w+)$", re.MULTILINE)
_COUNTS = re.compile(r"(\d+) (unchanged)")


@dataclass(frozen=True)
class Ran:
    """One run of the command line.

    Attributes:
        code: its exit status.
        text: everything that it said.
    """

    code: int
    text: str

    @property
    def counts(self) -> dict[str, int]:
        """How many resources were `created`, `updated`, `deleted`, `unchanged` and so on; the stack itself counts."""
        summary = self.text.rpartition("Resources:")[2]
        found = {verb: int(number) for number, verb in _COUNT.findall(summary)}
        return found | {verb: int(number) for number, verb in _COUNTS.findall(summary)}


class Stack:
    """A stack with its program.

    Args:
        folder: of the program; made here.
        program: its text.
        name: of the stack.
        settings: environment in which it runs.
        backend: folder of the states; stacks that share one have one project.
    """

    def __init__(self, folder: Path, program: str, name: str, settings: Mapping[str, str], *, backend: Path) -> None:
        folder.mkdir(parents=True)
        backend.mkdir(exist_ok=True)
        self.folder, self.name, self.backend = folder, name, backend
        (folder / "Pulumi.yaml").write_text("name: tested\nruntime: python\n")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PEXTRA_", "PULUMI_"))},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "PULUMI_CONFIG_PASSPHRASE": "only a test",
            "PULUMI_HOME": str(backend / "home"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "XDG_CONFIG_HOME": str(backend / "config"),
            **settings,
        }
        self.write(program)
        self._initialised = False

    def write(self, program: str) -> None:
        """Changes the program."""
        (self.folder / "__main__.py").write_text(program)

    def up(self, *options: str, fails: bool = False) -> Ran:
        """Applies the program; without a preview, unless `--preview` is said."""
        return self.run("up", "--yes", *(options or ("--skip-preview",)), fails=fails)

    def refresh(self, *, fails: bool = False) -> Ran:
        """Reads what stands."""
        return self.run("refresh", "--yes", "--skip-preview", "--diff", fails=fails)

    def preview(self, *options: str, fails: bool = False) -> Ran:
        """Says what would be done."""
        return self.run("preview", *options, fails=fails)

    def destroy(self, *, fails: bool = False) -> Ran:
        """Deletes everything."""
        return self.run("destroy", "--yes", "--skip-preview", fails=fails)

    def run(self, *arguments: str, fails: bool = False) -> Ran:
        """Runs a command on the stack."""
        process = self.start(*arguments)
        text, _ = process.communicate(timeout=300)
        assert (process.returncode != 0) == fails, text
        return Ran(process.returncode, text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command on the stack, in a process group of its own."""
        if not self._initialised:
            self._initialised = True
            self.run("stack", "init", self.name)
        named = () if arguments[:2] == ("stack", "init") else ("--stack", self.name)
        return subprocess.Popen(
            ["pulumi", "--non-interactive", "--color", "never", *arguments, *named],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def resources(self) -> list[dict[str, Any]]:
        """What the state says of every resource of ours."""
        document = json.loads(self.run("stack", "export").text)
        found: list[dict[str, Any]] = document["deployment"].get("resources") or []
        return [each for each in found if "pextra:" in each["type"] and "providers" not in each["type"]]

    def stored(self) -> str:
        """Everything that the engine keeps, as it keeps it."""
        kept = (path for path in (self.backend / ".pulumi").rglob("*") if path.is_file())
        return "\n".join(path.read_text("utf-8", "replace") for path in kept)

    def end(self) -> None:
        """Destroys what a test left."""
        if self._initialised and '"uid"' in self.stored():
            subprocess.run(
                ["pulumi", "--non-interactive", "destroy", "--yes", "--skip-preview", "--stack", self.name],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                timeout=120,
                check=False,
            )
