"""YAML as its version 1.2 reads it: `off` is a word, `52:54:00:12:34:56` is no number, a date is a text.

PyYAML reads version 1.1, in which `power: off` says false and an address of digits is counted to base 60. A
manifest is JSON written comfortably, so it is read with the types that JSON has. A key that is written twice
is an error instead of the last one silently winning.

Source: YAML 1.2.2, section 10.3 (core schema).
"""

# pyright: reportUnknownMemberType=false
# PyYAML's stubs leave the hooks of its loaders and dumpers untyped.

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """The safe loader with the core schema's scalars."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping whose keys differ."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is not a text: put it in quotes", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """The safe dumper with every document complete in itself."""

    def ignore_aliases(self, data: object) -> bool:
        """Equal parts are written out, not referred to."""
        del data
        return True


# Numbers as JSON writes them, and a little more comfortable; one with leading zeros is a text.
_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL", "~nN"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
)

for _tag, _pattern, _first in _SCALARS:
    # The dumper knows these besides version 1.1's: what either version would misread is put in quotes.
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])


def load_all(text: str) -> Iterator[Any]:
    """The documents of a stream, each in the types of JSON.

    Raises:
        yaml.YAMLError: it cannot be read; the message says where.
    """
    loader = _Loader(text)
    try:
        while loader.check_data():
            yield loader.get_data()
    finally:
        loader.dispose()


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump(document: object) -> str:
    """A document in block style, in its own order. Any version of YAML reads it alike."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1_000
    )
