"""`ansible-test` on a copy of the collection, with its own environments kept between runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.ansible.installed import ROOT, SOURCE, Run

CACHE: Final = ROOT / ".cache" / "ansible-test"
"""A home for `ansible-test`, which keeps a virtual environment for each of its tests there."""
_PIP: Final = re.compile(r"\bpip='([0-9.]+)'")
"""How `ansible-test` says with which pip its environments begin."""
_BOOTSTRAP: Final = '''\
"""Gives ansible-test the pip that it wants from the configured index, where it would download a script of its own."""

import subprocess
import sys

# What only that script understands is left out.
options = [each for each in sys.argv[1:] if each not in {"--no-setuptools", "--no-wheel"}]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *options], check=False).returncode)
'''


@dataclass(frozen=True)
class AnsibleTest:
    """`ansible-test` of one environment.

    Attributes:
        folder: where the collection is copied to; empty.
        programs: where the programs of ansible-core are.
    """

    folder: Path
    programs: Path = Path(sys.executable).parent

    def copy(self) -> Path:
        """The collection where `ansible-test` wants it, as it would be in a clone."""
        target = self.folder / "ansible_collections" / "pextra" / "cloud"
        if not target.exists():
            shutil.copytree(SOURCE, target, ignore=shutil.ignore_patterns("__pycache__", "output"))
        return target

    def run(self, *arguments: str, timeout_s: float = 600) -> Run:
        """Runs it within the copy."""
        home = CACHE / "home"
        cache = home / ".ansible" / "test" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        [said] = self.programs.parent.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py")
        for version in _PIP.findall(said.read_text()):
            (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(_BOOTSTRAP)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        environment |= {"HOME": str(home), "PATH": f"{self.programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        ended = subprocess.run(
            [str(self.programs / "ansible-test"), *arguments, "--color", "no"],
            check=False, cwd=self.copy(), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=timeout_s,
        )  # fmt: skip
        return Run(ended.returncode, ended.stdout)
