"""What the Ansible package asks of a collection that it includes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pextra.api import schemas
from pextra.resources import REGISTRY
from pextra_client.generators import ansible_modules
from tests.ansible.installed import ROOT, SOURCE
from tests.ansible.sanity import AnsibleTest

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PROGRAMS = Path(sys.executable).parent
pytestmark = pytest.mark.timeout(600)  # what it starts is slow where the machine is busy
MODULES = sorted((SOURCE / "plugins" / "modules").glob("*.py"))


def of_the_project(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of the project's environment within the collection."""
    return subprocess.run(
        [str(PROGRAMS / arguments[0]), *arguments[1:]],
        check=False, cwd=SOURCE, capture_output=True, text=True, timeout=500,
        env={"PATH": f"{PROGRAMS}:/usr/bin:/bin", "HOME": str(ROOT / ".cache"), "LC_ALL": "C.UTF-8",
             "ANSIBLE_COLLECTIONS_PATH": str(ROOT)},
    )  # fmt: skip


def test_ansible_test_sanity_is_clean(tmp_path: Path) -> None:
    ended = AnsibleTest(tmp_path).run("sanity", "--local", "--python", PYTHON)
    assert ended.code == 0, ended.out
    assert list(SOURCE.glob("tests/sanity/ignore-*.txt")) == [], "nothing is ignored"


def test_antsibull_docs_has_nothing_to_say() -> None:
    options = ["--plugin-docs", "--validate-collection-refs=all"]
    ended = of_the_project("antsibull-docs", "lint-collection-docs", *options, ".")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_antsibull_changelog_has_nothing_to_say() -> None:
    ended = of_the_project("antsibull-changelog", "lint")
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
    version = yaml.safe_load((SOURCE / "galaxy.yml").read_text())["version"]
    assert version in yaml.safe_load((SOURCE / "changelogs" / "changelog.yaml").read_text())["releases"]


@pytest.mark.parametrize("path", [ROOT / "playbooks", SOURCE / "tests" / "integration"], ids=lambda path: path.name)
def test_ansible_lint_has_nothing_to_say(path: Path) -> None:
    ended = of_the_project("ansible-lint", "--offline", "--nocolor", "--strict", "--profile", "production", str(path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    processed = re.search(r"(\d+) files processed", ended.stdout + ended.stderr)
    assert processed is not None
    assert int(processed[1]) > 0


def test_there_is_a_module_and_an_info_module_for_every_kind_and_none_of_a_kind_that_there_is_not() -> None:
    generated = ansible_modules.generate(schemas.kinds_document(REGISTRY))
    expected = {Path(path).name for path in generated if path.startswith("plugins/modules/")} | {"apply.py"}
    assert {path.name for path in MODULES} == expected
    for kind in REGISTRY:
        assert f"{kind.name}_info.py" in expected
        assert (f"{kind.name}.py" in expected) == kind.writable


def test_every_module_is_in_the_group_for_defaults() -> None:
    runtime = yaml.safe_load((SOURCE / "meta" / "runtime.yml").read_text())
    assert runtime["action_groups"]["pextra"] == [path.stem for path in MODULES]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_examples_of_a_module_use_options_that_it_has(path: Path) -> None:
    blocks = {
        node.targets[0].id: yaml.safe_load(node.value.value)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    known = {"labels", "annotations", "etag", "replace", "cascade", "wait", "wait_timeout"}
    known |= set(blocks["DOCUMENTATION"]["options"])
    fqcn = f"pextra.cloud.{path.stem}"
    used = [task[fqcn] for task in blocks["EXAMPLES"]]
    assert used
    for options in used:
        assert set(options) <= known


def test_every_file_names_its_licence() -> None:
    for path in SOURCE.rglob("*.py"):
        shared = path.parent == SOURCE / "plugins" / "module_utils"
        licence = "BSD-2-Clause" if shared else "GPL-3.0-or-later"
        assert f"# SPDX-License-Identifier: {licence}\n" in path.read_text(), path


def test_modules_import_ansible_and_the_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "ansible", "ansible_collections", "yaml"}
    for path in (SOURCE / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] in allowed, f"{path}: {name}"
                if name.startswith("ansible_collections"):
                    assert name.startswith("ansible_collections.pextra.cloud."), f"{path}: {name}"
