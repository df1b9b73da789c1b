"""A stack of Terraform or OpenTofu in a folder of its own, worked on by the real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = "pextra/pextra"


@dataclass(frozen=True)
class Run:
    """What came of one command."""

    status: int
    output: str

    @property
    def text(self) -> str:
        """The output as words: the engine breaks and frames its lines as it likes."""
        return " ".join(self.output.replace("│", " ").replace("╷", " ").replace("╵", " ").split())


def engine(name: str = "terraform") -> str:
    """The program of that name; skips the test where it is not."""
    found = shutil.which(name)
    if found is None:
        where = {"terraform": "developer.hashicorp.com/terraform/install", "tofu": "opentofu.org/docs/intro/install"}
        pytest.skip(f"{name} is not on PATH: {where[name]}")
    return found


def provider_folder(folder: Path, *, entry: str = "terraform_provider_pextra.plugin:main") -> Path:
    """A folder with the provider as it is here, for `dev_overrides`.

    Args:
        folder: to make.
        entry: module and function to start.
    """
    module, _, function = entry.partition(":")
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "terraform-provider-pextra"
    paths = os.pathsep.join((str(ROOT), str(ROOT / "backend")))
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {paths.split(os.pathsep)!r}\n"
        f"from {module} import {function}\n{function}()\n"
    )
    program.chmod(0o755)
    return folder


@dataclass
class Stack:
    """A configuration and its state.

    Args:
        folder: of its own.
        provider: the folder with the provider's program.
        url: of the API.
        token: of whoever applies.
        tenant: whose the objects are.
        program: of the engine.
        logs: the file that the engine writes its whole log to; nowhere by default.
        timeout_s: how long the provider waits for one object.
        patience_s: how long a command may take.
    """

    folder: Path
    provider: Path
    url: str
    token: str
    tenant: str | None = None
    program: str = "terraform"
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    logs: str = ""
    timeout_s: int = 30
    patience_s: int = 100

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        override = f'provider_installation {{ dev_overrides {{ "{SOURCE}" = "{self.provider}" }} direct {{}} }}\n'
        (self.folder / "cli.tfrc").write_text(override)

    # --- the configuration -------------------------------------------------------------------------

    def write(self, resources: dict[str, dict[str, Any]], **blocks: Any) -> None:
        """Writes the configuration.

        Args:
            resources: by `kind.label`.
            blocks: everything else: `data`, `ephemeral`, `variable`, `output`, `provider`.
        """
        tree: dict[str, dict[str, Any]] = {}
        for address, attributes in resources.items():
            kind, _, label = address.partition(".")
            tree.setdefault(f"pextra_{kind}", {})[label] = attributes
        self.config = {
            "terraform": {"required_providers": {"pextra": {"source": SOURCE}}},
            "provider": {"pextra": {"timeout": f"{self.timeout_s}s"}},
            **({"resource": tree} if tree else {}),
            **blocks,
        }
        (self.folder / "main.tf.json").write_text(json.dumps(self.config, indent=1))

    # --- the engine --------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """Of the engine and its provider."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PEXTRA_", "TF_"))}
        tenant = {"PEXTRA_TENANT": self.tenant} if self.tenant else {}
        return {
            **kept,
            **tenant,
            "TF_CLI_CONFIG_FILE": str(self.folder / "cli.tfrc"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "XDG_CONFIG_HOME": str(self.folder),
            "PEXTRA_ENDPOINTS": self.url,
            "PEXTRA_TOKEN": self.token,
            **({"TF_LOG": "TRACE", "TF_LOG_PATH": self.logs} if self.logs else {}),
        }

    def command(self, *arguments: str) -> list[str]:
        """The command line of the engine."""
        colourless = () if arguments[0] in {"show", "state", "output"} else ("-no-color",)
        return [engine(self.program), arguments[0], *colourless, *arguments[1:]]

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> Run:
        """Runs a command to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment() | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=self.patience_s,
        )
        return Run(done.returncode, done.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command in a group of its own, so that a test can kill the engine."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def apply(self, *arguments: str) -> str:
        """Applies; what was said. It must succeed."""
        done = self.run("apply", "-auto-approve", *arguments)
        assert done.status == 0, done.output
        return done.output

    def destroy(self) -> str:
        """Destroys everything; what was said. It must succeed."""
        done = self.run("destroy", "-auto-approve")
        assert done.status == 0, done.output
        return done.output

    def plan(self) -> Plan:
        """A plan. It must succeed."""
        done = self.run("plan", "-detailed-exitcode", "-out=plan.bin")
        assert done.status in {0, 2}, done.output
        shown = self.run("show", "-json", "plan.bin")
        assert shown.status == 0, shown.output
        return Plan(done.output, json.loads(shown.output), changes=done.status == 2)

    def state(self) -> dict[str, dict[str, Any]]:
        """The values of every resource in the state, by address without `pextra_`."""
        document = json.loads(self.run("show", "-json").output)
        found = document.get("values", {}).get("root_module", {}).get("resources", [])
        return {each["address"].removeprefix("pextra_"): each["values"] for each in found if each["mode"] == "managed"}

    def tainted(self) -> set[str]:
        """The addresses of what is to be replaced because it did not come about well."""
        document = json.loads((self.folder / "terraform.tfstate").read_text())
        return {
            f"{each['type'].removeprefix('pextra_')}.{each['name']}"
            for each in document["resources"]
            for instance in each["instances"]
            if instance.get("status") == "tainted"
        }

    def everything_kept(self) -> str:
        """All text of state, backups, plans and logs."""
        texts = [path.read_bytes().decode("latin-1") for path in self.folder.rglob("*") if path.is_file()]
        return "\n".join(texts)


@dataclass(frozen=True)
class Plan:
    """What a plan says."""

    output: str
    document: dict[str, Any]
    changes: bool

    @property
    def text(self) -> str:
        """The output as words."""
        return Run(0, self.output).text

    def actions(self) -> dict[str, list[str]]:
        """What is to be done with each resource, those left out with which nothing is."""
        return {
            each["address"].removeprefix("pextra_"): each["change"]["actions"]
            for each in self.document.get("resource_changes", [])
            if each["change"]["actions"] not in (["no-op"], ["read"])
        }

    def replaced_by(self, address: str) -> list[list[Any]]:
        """The paths for which a resource is to be replaced."""
        change = next(each for each in self.document["resource_changes"] if each["address"] == f"pextra_{address}")[
            "change"
        ]
        return change.get("replace_paths", [])
