"""Runs modules of the collection in the test's process, as Ansible hands them their options."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.testing import patch_module_args


@dataclass(frozen=True)
class Result:
    """What a module answered.

    Attributes:
        failed: whether it failed.
        value: the whole answer.
    """

    failed: bool
    value: dict[str, Any]

    def ok(self) -> dict[str, Any]:
        """The answer of a success."""
        assert not self.failed, self.value
        return self.value

    @property
    def changed(self) -> bool:
        """Whether it says that something changes."""
        return bool(self.ok()["changed"])

    @property
    def message(self) -> str:
        """Why it failed: one line."""
        assert self.failed, self.value
        assert "\n" not in self.value["msg"], "an error is one line"
        return self.value["msg"]


@dataclass(frozen=True)
class Modules:
    """Modules that somebody runs.

    Attributes:
        connection: the options that every run gets.
    """

    connection: dict[str, Any]

    def __call__(self, module: str, *, check: bool = False, **options: Any) -> Result:
        """Runs a module; options override the connection, and None leaves one of it out."""
        given = {name: value for name, value in {**self.connection, **options}.items() if value is not None}
        given |= {"_ansible_check_mode": check, "_ansible_diff": True}
        code = importlib.import_module(f"ansible_collections.pextra.cloud.plugins.modules.{module}")
        out = io.StringIO()
        status = 0
        with patch_module_args(given), contextlib.redirect_stdout(out):
            try:
                code.main()
            except SystemExit as ended:
                status = int(ended.code or 0)
        return Result(status != 0, json.loads(out.getvalue()))

    def check_then_do(self, module: str, **options: Any) -> tuple[Result, Result]:
        """The same task first in check mode and then for real."""
        return self(module, check=True, **options), self(module, **options)
