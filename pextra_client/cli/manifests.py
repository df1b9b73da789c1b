"""Manifests: files, folders and standard input, as the objects that they describe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from pextra_client.cli import yaml12
from pextra_client.cli.exits import ManifestError
from pextra_client.discovery import Catalog, Kind, Scope
from pextra_client.wire import Metadata, Object

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_BLOCKS = frozenset({"kind", "metadata", "spec"})
# What a server adds when it is asked for an object: `get -o yaml` is a manifest too.
_READ_ONLY_BLOCKS = frozenset({"resolved", "status"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as its author wants it.

    Args:
        kind: of the object.
        object: what will be sent.
        source: the file it stands in, and where in it.
    """

    kind: Kind
    object: Object
    source: str

    @property
    def name(self) -> str:
        """Of the object."""
        return self.object["metadata"]["name"]

    @property
    def tenant(self) -> str | None:
        """Whose object; None for cloud-wide kinds."""
        return self.object["metadata"].get("tenant")

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other object: kind, tenant and name."""
        return self.kind.name, self.tenant or "", self.name

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return self.kind.label(self.name, self.tenant)


def read(paths: Sequence[str], catalog: Catalog, *, tenant: str | None) -> list[Manifest]:
    """Every object that the files describe, in their order.

    Args:
        paths: files, folders (with all that is beneath them), or `-` for standard input.
        catalog: the kinds that there are.
        tenant: whose the objects are that do not say.

    Raises:
        ManifestError: a file cannot be read, describes no object, or two describe the same one.
    """
    manifests: list[Manifest] = []
    seen: dict[tuple[str, str, str], str] = {}
    for source, document in _documents(paths):
        manifest = _manifest(document, source, catalog, tenant)
        if manifest.key in seen:
            raise ManifestError(source, f"{manifest.label} is described already, in {seen[manifest.key]}")
        seen[manifest.key] = source
        manifests.append(manifest)
    return manifests


def _documents(paths: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Each document with its source; lists are taken apart."""
    for path in paths:
        for name, text in _texts(path):
            try:
                documents = list(yaml12.load_all(text))
            except yaml.YAMLError as error:
                raise ManifestError(name, " ".join(str(error).split())) from error
            numbered = len(documents) > 1
            for number, document in enumerate(documents, start=1):
                source = f"{name} (document {number})" if numbered else name
                for each in _members(document):
                    yield source, each


def _texts(path: str) -> Iterator[tuple[str, str]]:
    if path == "-":
        yield "standard input", sys.stdin.read()
        return
    start = Path(path)
    files = [start]
    if start.is_dir():
        files = sorted(each for each in start.rglob("*") if each.suffix in _SUFFIXES and each.is_file())
        if not files:
            raise ManifestError(path, "the folder holds no .yaml, .yml or .json file")
    for file in files:
        try:
            yield str(file), file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
            raise ManifestError(str(file), f"cannot be read: {reason}") from error


def _members(document: Any) -> Iterator[Any]:
    """The objects of a document: none of an empty one, several of a list."""
    if document is None:
        return
    if isinstance(document, list):
        yield from cast("list[Any]", document)
    elif isinstance(document, dict) and "items" in document:
        yield from cast("dict[str, list[Any]]", document)["items"]
    else:
        yield document


def _manifest(document: Any, source: str, catalog: Catalog, tenant: str | None) -> Manifest:
    if not isinstance(document, dict):
        raise ManifestError(source, "an object is a mapping with `kind`, `metadata` and `spec`")
    body = cast("dict[str, Any]", document)
    if not isinstance(body.get("kind"), str):
        raise ManifestError(source, "`kind` is missing")
    unknown = set(body) - _BLOCKS - _READ_ONLY_BLOCKS
    if unknown:
        raise ManifestError(source, f"there is no {', '.join(sorted(unknown))!r} in a manifest")
    kind = catalog.find(body["kind"])
    metadata = _metadata(_mapping(body.get("metadata"), "metadata", source), kind, source, tenant)
    spec = _mapping(body.get("spec"), "spec", source)
    return Manifest(kind, {"kind": kind.name, "metadata": metadata, "spec": dict(spec)}, source)


def _metadata(given: Mapping[str, Any], kind: Kind, source: str, tenant: str | None) -> Metadata:
    name = given.get("name") or kind.singleton
    if not isinstance(name, str):
        raise ManifestError(source, f"`metadata.name` of the {kind.name} is missing")
    metadata: Metadata = {"name": name}
    if kind.scope is Scope.TENANT:
        owner = given.get("tenant") or tenant
        if not owner:
            raise ManifestError(
                source, f"{kind.name} {name!r} names no tenant: write `metadata.tenant`, or give --tenant"
            )
        metadata["tenant"] = str(owner)
    for block in ("labels", "annotations"):
        if given.get(block):
            metadata[block] = dict(_mapping(given[block], f"metadata.{block}", source))
    return metadata


def _mapping(value: Any, what: str, source: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ManifestError(source, f"`{what}` must be a mapping")
    return cast("dict[str, Any]", value)
