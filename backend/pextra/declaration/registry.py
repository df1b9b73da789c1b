"""The kinds that a cloud has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from pextra.declaration.kind import Kind
from pextra.errors import PextraError

_MEMBER: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


class Registry:
    """An immutable set of kinds, looked up by name or plural.

    Raises:
        ValueError: two kinds share a name, or a reference names a kind that is not there.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_name: dict[str, Kind] = {}
        self._by_plural: dict[str, Kind] = {}
        for kind in kinds:
            if kind.name in self._by_name or kind.plural in self._by_plural:
                raise ValueError(f"kind {kind.name} is declared twice")
            self._by_name[kind.name] = self._by_plural[kind.plural] = kind
        for kind in self:
            for reference in kind.references:
                target = reference.ref.kind if reference.ref else None
                if target is not None and target not in self._by_name:
                    raise ValueError(f"{kind.name}.{reference.path} refers to unknown kind {target}")

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Kind:
        return self._by_name[name]

    def plus(self, *kinds: Kind) -> Registry:
        """This registry and more kinds."""
        return Registry([*self, *kinds])

    def named(self, name: str) -> Kind:
        """The kind of that name.

        Raises:
            PextraError: `spec.invalid`, naming the kinds that there are.
        """
        if name not in self._by_name:
            raise PextraError("spec.invalid", f"There is no kind {name[:80]!r}; there are {', '.join(self._by_name)}.")
        return self._by_name[name]

    def routed(self, plural: str) -> Kind | None:
        """The kind whose route this is."""
        return self._by_plural.get(plural)

    @cached_property
    def countables(self) -> dict[str, str]:
        """Everything that quota can limit, with its description."""
        result: dict[str, str] = {}
        for kind in self:
            if kind.charged_anything:
                result[kind.plural] = f"Number of {kind.plural}."
                result.update(kind.countables)
                result.update(kind.families)
        return result

    def is_countable(self, name: str) -> bool:
        """Whether quota can limit this: a countable, or a member of a family of countables."""
        return name in self.countables or self.family_of(name) is not None

    def family_of(self, name: str) -> str | None:
        """The family of which the countable is a member, or None: it stands for itself."""
        family, slash, member = name.partition("/")
        if not slash or not _MEMBER.fullmatch(member):
            return None
        return family if any(family in kind.families for kind in self) else None

    @cached_property
    def order(self) -> tuple[Kind, ...]:
        """The kinds, each after those that it refers to."""
        done: dict[str, Kind] = {}

        def visit(kind: Kind, above: frozenset[str]) -> None:
            if kind.name in done or kind.name in above:
                return
            for reference in kind.references:
                if reference.ref is not None and reference.ref.kind is not None:
                    visit(self[reference.ref.kind], above | {kind.name})
            done[kind.name] = kind

        for first in ("tenant", "quota"):
            if first in self:
                visit(self[first], frozenset())
        for kind in self:
            visit(kind, frozenset())
        return tuple(done.values())
