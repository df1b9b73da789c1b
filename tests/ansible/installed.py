"""The collection as users have it: built, installed from its archive into an environment that holds nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "ansible_collections" / "pextra" / "cloud"
LOCKED = ROOT / "requirements" / "dev.txt"
_UV = Path(sys.executable).with_name("uv")
_RECAP = re.compile(r"^localhost\s*:(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """How a command of Ansible ended.

    Attributes:
        code: its exit status.
        out: what it said.
    """

    code: int
    out: str

    @property
    def counts(self) -> dict[str, int]:
        """The recap of a playbook: `ok`, `changed`, `failed` and so on."""
        found = _RECAP.search(self.out)
        assert found is not None, self.out
        return {name: int(count) for name, count in (each.split("=") for each in found[1].split())}

    @property
    def shown(self) -> str:
        """What a playbook showed before its recap: tasks, results and diffs."""
        return self.out.partition("PLAY RECAP")[0]


@dataclass(frozen=True)
class Installed:
    """An environment with ansible-core and the collection, in which commands are run.

    Attributes:
        folder: where it is; also the working directory and the home.
        python: of its virtual environment.
        environment: for every command.
    """

    folder: Path
    python: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def new(cls, folder: Path, *, core: str = "ansible-core", interpreter: str = sys.executable) -> Installed:
        """A new one.

        Args:
            folder: where; empty.
            core: the requirement of ansible-core; without a version, the one that is locked.
            interpreter: of the virtual environment.
        """
        environment = folder / "venv"
        _checked([_UV, "venv", "--quiet", "--python", interpreter, environment])
        python = environment / "bin" / "python"
        locked = ["--constraints", LOCKED] if core == "ansible-core" else []
        _checked([_UV, "pip", "install", "--quiet", "--python", python, *locked, core])
        made = cls(folder, python)
        archive = made.build(SOURCE)
        made.command("ansible-galaxy", "collection", "install", "--offline", "-p", folder / "collections", archive)
        return made

    def build(self, source: Path) -> Path:
        """Builds a collection; the archive."""
        made = self.command("ansible-galaxy", "collection", "build", "--force", "--output-path", self.folder, source)
        assert made.code == 0, made.out
        [archive] = self.folder.glob("pextra-cloud-*.tar.gz")
        return archive

    def command(self, program: str, *arguments: object, **environment: str) -> Run:
        """Runs a program of the environment."""
        known = {
            "PATH": f"{self.python.parent}:{os.defpath}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            **self.environment,
            **environment,
        }
        ended = subprocess.run(
            [str(self.python.parent / program), *map(str, arguments)],
            check=False, cwd=self.folder, env=known, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300,
        )  # fmt: skip
        return Run(ended.returncode, ended.stdout)

    def playbook(self, path: Path, *flags: str, **extra_vars: Any) -> Run:
        """Runs a playbook with variables; a failure fails the test unless it is asked for the code."""
        return self.command("ansible-playbook", path, *flags, "--diff", "-e", json.dumps(extra_vars))

    def tasks(self, name: str, tasks: list[dict[str, Any]]) -> Path:
        """A playbook of tasks on this machine."""
        path = self.folder / f"{name}.yml"
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        path.write_text(yaml.safe_dump([play], sort_keys=False))
        return path


def _checked(arguments: list[object]) -> None:
    ended = subprocess.run([str(each) for each in arguments], check=False, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
