# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Manifests: files, folders and inline definitions, as the objects that they describe.

They are read as the `pextra` command reads them: YAML with the types of JSON (version 1.2), in which `off` is a word.
"""

from __future__ import annotations

import os
import re
from typing import Any, Callable, Iterable, Iterator, Mapping

from ansible_collections.pextra.cloud.plugins.module_utils.errors import ManifestError
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Catalog, Kind

try:
    import yaml
except ImportError:
    yaml = None

SUFFIXES = (".yaml", ".yml", ".json")
BLOCKS = frozenset({"kind", "metadata", "spec"})
# What a server adds when it is asked for an object: what was read is a manifest too.
READ_ONLY_BLOCKS = frozenset({"resolved", "status"})
_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
)


class Manifest:
    """One object as its author wants it.

    Args:
        kind: of the object.
        metadata: name, tenant, labels, annotations.
        spec: the desired state, whole.
        source: where it is written.
    """

    def __init__(self, kind: Kind, metadata: dict[str, Any], spec: dict[str, Any], source: str) -> None:
        self.kind = kind
        self.metadata = metadata
        self.spec = spec
        self.source = source

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other object: kind, tenant and name."""
        return self.kind.name, self.metadata.get("tenant") or "", self.metadata["name"]

    @property
    def object(self) -> dict[str, Any]:
        """What is sent."""
        return {"kind": self.kind.name, "metadata": self.metadata, "spec": self.spec}

    def secrets(self) -> Iterator[str]:
        """Every text that must not be shown."""
        for name in self.kind.secrets:
            yield from _texts(self.spec.get(name))


def read(
    paths: Iterable[str], definitions: Iterable[Any], find: Callable[[str], Kind | None], tenant: str | None
) -> list[Manifest]:
    """Every object that the files and the definitions describe, in their order.

    Args:
        paths: files, and folders with all that is beneath them.
        definitions: documents, or lists of them.
        find: the kind of a name, or None.
        tenant: whose the objects are that do not say.

    Raises:
        ManifestError: a file cannot be read, describes no object, or two describe the same one.
    """
    manifests: list[Manifest] = []
    seen: dict[tuple[str, str, str], str] = {}
    for source, document in _documents(paths, definitions):
        manifest = _manifest(document, source, find, tenant)
        if manifest.key in seen:
            label = manifest.kind.label(manifest.key[2], manifest.key[1])
            raise ManifestError(f"{source}: {label} is described already, in {seen[manifest.key]}")
        seen[manifest.key] = source
        manifests.append(manifest)
    return manifests


def finder(known: Catalog, ask: Callable[[], Catalog]) -> Callable[[str], Kind | None]:
    """Finds kinds among those known when the collection was made, and asks the server for a newer one.

    Args:
        known: those.
        ask: the server's; called at most once.
    """
    asked: list[Catalog] = []

    def find(word: str) -> Kind | None:
        found = known.find(word)
        if found is None:
            if not asked:
                asked.append(ask())
            found = asked[0].find(word)
        return found

    return find


def _documents(paths: Iterable[str], definitions: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for path in paths:
        for file in _files(path):
            documents = list(load_all(file))
            for number, document in enumerate(documents, start=1):
                source = f"{file} (document {number})" if len(documents) > 1 else file
                for each in _members(document):
                    yield source, each
    for number, document in enumerate(definitions, start=1):
        for each in _members(document):
            yield f"definition {number}", each


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    found = [
        os.path.join(folder, name)
        for folder, _subfolders, names in os.walk(path)
        for name in names
        if name.endswith(SUFFIXES)
    ]
    if not found:
        raise ManifestError(f"{path}: the folder holds no .yaml, .yml or .json file")
    return sorted(found)


def load_all(path: str) -> Iterator[Any]:
    """The documents of a file.

    Raises:
        ManifestError: it cannot be read; the message says where.
    """
    if yaml is None:
        raise ManifestError("PyYAML is needed on this host to read manifests: install it, or give definition")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from error
    loader = _loader_class()(text)
    try:
        while loader.check_data():
            yield loader.get_data()
    except yaml.YAMLError as error:
        raise ManifestError(f"{path}: {error}") from error
    finally:
        loader.dispose()


def _loader_class() -> Any:
    """The safe loader with the types of JSON, which refuses a key that is written twice."""
    parser: Any = yaml
    constructor_error = parser.constructor.ConstructorError

    class Loader(parser.SafeLoader):
        yaml_implicit_resolvers: dict[str, Any] = {}

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key_node, _value in node.value:
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, str):
                    message = f"the key {key!r} is not a text: put it in quotes"
                    raise constructor_error(None, None, message, key_node.start_mark)
                if key in seen:
                    raise constructor_error(None, None, f"the key {key!r} is written twice", key_node.start_mark)
                seen.add(key)
            return super().construct_mapping(node, deep)

    for tag, pattern, first in _SCALARS:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))
    Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^$"), [""])
    return Loader


def _members(document: Any) -> list[Any]:
    """The objects of a document: none of an empty one, several of a list."""
    if document is None:
        return []
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        return document["items"]
    return [document]


def _manifest(document: Any, source: str, find: Callable[[str], Kind | None], tenant: str | None) -> Manifest:
    if not isinstance(document, dict):
        raise ManifestError(f"{source}: an object is a mapping with kind, metadata and spec")
    word = document.get("kind")
    if not isinstance(word, str):
        raise ManifestError(f"{source}: kind is missing")
    unknown = sorted(set(document) - BLOCKS - READ_ONLY_BLOCKS)
    if unknown:
        raise ManifestError(f"{source}: there is no {', '.join(map(str, unknown))} in a manifest")
    kind = find(word)
    if kind is None:
        raise ManifestError(f"{source}: there is no kind {word!r}")
    metadata = _metadata(_mapping(document.get("metadata"), "metadata", source), kind, source, tenant)
    return Manifest(kind, metadata, dict(_mapping(document.get("spec"), "spec", source)), source)


def _metadata(said: Mapping[str, Any], kind: Kind, source: str, tenant: str | None) -> dict[str, Any]:
    name = said.get("name") or kind.singleton
    if not isinstance(name, str):
        raise ManifestError(f"{source}: metadata.name of the {kind.name} is missing")
    metadata: dict[str, Any] = {"name": name}
    if kind.in_tenant:
        owner = said.get("tenant") or tenant
        if not owner:
            raise ManifestError(
                f"{source}: {kind.name} {name!r} names no tenant: write metadata.tenant, or give tenant"
            )
        metadata["tenant"] = str(owner)
    for block in ("labels", "annotations"):
        if said.get(block):
            metadata[block] = dict(_mapping(said[block], f"metadata.{block}", source))
    return metadata


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _mapping(value: Any, what: str, source: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ManifestError(f"{source}: {what} must be a mapping")
    return value
