"""The kinds that a server has, as it describes them in `/v1/kinds`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from pextra_client.errors import AddressError


class Scope(StrEnum):
    """Where objects of a kind live."""

    TENANT = "tenant"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a kind's table; `path` is dotted, `spec.size_gib`."""

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that names other objects; `kind` is None when a sibling field holds it."""

    path: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class Action:
    """An imperative act on an object; `arguments` is a JSON schema. One that `mints` makes no operation."""

    name: str
    description: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    mints: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of objects. `Kind(name=…, plural=…, scope=…)` is enough to address them.

    Args:
        name: singular.
        plural: its route.
        scope: whether objects live in a tenant or in the cloud.
        singleton: the one name that an object of this kind may have in a tenant.
        writable: whether users write objects of this kind; otherwise only the cloud does.
        mints: whether making an object mints a credential, which is in that answer and never again.
        description: for people.
        short_names: further names that a person may type.
        measured: whether something is measured of an object now and again.
        placed: whether objects are given a host, for reasons that can be read.
        actions: what can be done to an object.
        columns: what a table shows.
        references: fields that name other objects.
        spec_schema: JSON schema of the desired state.
        status_schema: JSON schema of the observed state.
        example: a manifest.
    """

    name: str
    plural: str
    scope: Scope = Scope.TENANT
    singleton: str | None = None
    writable: bool = True
    mints: bool = False
    description: str = ""
    short_names: tuple[str, ...] = ()
    measured: bool = False
    placed: bool = False
    actions: tuple[Action, ...] = ()
    columns: tuple[Column, ...] = ()
    references: tuple[Reference, ...] = ()
    spec_schema: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, hash=False)
    status_schema: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, hash=False)
    example: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, hash=False)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Kind:
        """A kind as `/v1/kinds` describes it."""
        return cls(
            name=document["kind"],
            plural=document["plural"],
            scope=Scope(document["scope"]),
            singleton=document.get("singleton"),
            writable=document.get("writable", True),
            mints=document.get("mints", False),
            description=document.get("description", ""),
            short_names=tuple(document.get("short_names", ())),
            measured=document.get("measured", False),
            placed=document.get("placed", False),
            actions=tuple(
                Action(each["name"], each.get("description", ""), each.get("arguments", {}), each.get("mints", False))
                for each in document.get("actions", ())
            ),
            columns=tuple(Column(each["title"], each["path"]) for each in document.get("columns", ())),
            references=tuple(Reference(each["path"], each.get("kind")) for each in document.get("references", ())),
            spec_schema=document.get("spec_schema", {}),
            status_schema=document.get("status_schema", {}),
            example=document.get("example", {}),
        )

    def path(self, name: str | None = None, tenant: str | None = None) -> str:
        """The path of an object, or of the list without a name.

        Raises:
            AddressError: the kind lives in a tenant and none is given, or the name is empty.
        """
        if name is not None and not name:
            raise AddressError(f"the name of a {self.name} is empty")
        last = "" if name is None else f"/{quote(name, safe='')}"
        if self.scope is Scope.CLOUD:
            return f"/v1/{self.plural}{last}"
        if not tenant:
            raise AddressError(f"a {self.name} lives in a tenant: name one")
        return f"/v1/tenants/{quote(tenant, safe='')}/{self.plural}{last}"

    def label(self, name: str, tenant: str | None = None) -> str:
        """How an object is called in messages: `volume acme/data`."""
        owner = f"{tenant}/" if tenant and self.scope is Scope.TENANT else ""
        return f"{self.name} {owner}{name}"


class Catalog:
    """Every kind of one server, found by any of its names.

    Args:
        kinds: in the server's order.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._by_word: dict[str, Kind] = {}
        for kind in self._kinds.values():
            for word in (kind.name, kind.plural, *kind.short_names):
                self._by_word.setdefault(_fold(word), kind)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Catalog:
        """The answer of `/v1/kinds`."""
        return cls(Kind.from_document(each) for each in document["kinds"])

    @classmethod
    def bundled(cls) -> Catalog:
        """The kinds of this package's release, for programs that must know them before they reach a server."""
        return _bundled()

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def find(self, word: str) -> Kind:
        """The kind that is meant by a singular, plural or short name.

        Raises:
            AddressError: there is none; the message names those that are spelt alike.
        """
        kind = self._by_word.get(_fold(word))
        if kind is None:
            alike = difflib.get_close_matches(_fold(word), self._by_word, n=1, cutoff=0.75)
            hint = f"did you mean {self._by_word[alike[0]].name!r}?" if alike else f"there are {self._names()}"
            raise AddressError(f"there is no kind {word!r}; {hint}")
        return kind

    def ordered(self) -> tuple[Kind, ...]:
        """The kinds, each after those that it refers to: tenants first, then quota, then content."""
        done: dict[str, Kind] = {}

        def visit(kind: Kind, above: frozenset[str]) -> None:
            if kind.name in done or kind.name in above:
                return
            for reference in kind.references:
                if reference.kind in self._kinds:
                    visit(self._kinds[reference.kind], above | {kind.name})
            done[kind.name] = kind

        for first in ("tenant", "quota"):
            if first in self._kinds:
                visit(self._kinds[first], frozenset())
        for kind in self:
            visit(kind, frozenset())
        return tuple(done.values())

    def _names(self) -> str:
        return ", ".join(self._kinds)


@cache
def _bundled() -> Catalog:
    return Catalog.from_document(json.loads(resources.files("pextra_client").joinpath("kinds.json").read_bytes()))


def _fold(word: str) -> str:
    return word.lower().replace("-", "_")
