"""How generated Ansible modules are laid out: YAML in Python, readable as if written by hand."""

# pyright: reportUnknownMemberType=false
# PyYAML's stubs leave the hooks of its dumpers untyped.

from __future__ import annotations

import pprint
from collections.abc import Mapping
from typing import Any, Final

import yaml

GENERATED: Final = "# Generated from the kind's declaration by scripts/generate.py; do not edit."
_WIDTH: Final = 110
_TEXT_WIDTH: Final = 100
GPL: Final = """\
#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
BSD: Final = """\
# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""


class _Dumper(yaml.SafeDumper):
    """Lists are indented beneath their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Never without indentation."""
        del indentless
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        """Equal parts are written out, not referred to."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(document: Any) -> str:
    """A document in block style, in its own order."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_TEXT_WIDTH
    )


def module(
    *, documentation: Mapping[str, Any], examples: list[Any], returned: Mapping[str, Any], imports: str, body: str
) -> str:
    """The text of a module.

    Args:
        documentation: of DOCUMENTATION.
        examples: tasks.
        returned: of RETURN.
        imports: lines.
        body: what `main` does, indented.
    """
    shown = "\n".join(as_yaml([each]) for each in examples)
    return (
        f"{GPL}{GENERATED}\n\nfrom __future__ import annotations\n\n"
        f"{_block('DOCUMENTATION', as_yaml(documentation))}\n"
        f"{_block('EXAMPLES', shown)}\n"
        f"{_block('RETURN', as_yaml(returned))}\n"
        f'{imports}\n\n\ndef main() -> None:\n{body}\n\n\nif __name__ == "__main__":\n    main()\n'
    )


def _block(name: str, text: str) -> str:
    return f'{name} = r"""\n---\n{text}"""\n'


def as_python(value: Any, *, indent: int) -> str:
    """A literal, laid out over lines as the formatter does it, for a place that is indented so far."""
    return _literal(value, indent)


def _literal(value: Any, indent: int) -> str:
    flat = pprint.pformat(value, width=100_000, sort_dicts=False).replace("'", '"')
    if not isinstance(value, (dict, list)) or (len(flat) + indent <= _WIDTH and not _nested(value)):
        return flat
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        items = [f'{inner}"{key}": {_literal(each, indent + 4)},\n' for key, each in value.items()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return "{\n" + "".join(items) + " " * indent + "}"
    items = [f"{inner}{_literal(each, indent + 4)},\n" for each in value]  # pyright: ignore[reportUnknownVariableType]
    return "[\n" + "".join(items) + " " * indent + "]"


def _nested(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(each, dict) for each in value.values())  # pyright: ignore[reportUnknownVariableType]
