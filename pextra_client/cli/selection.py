"""Which objects a command line names: `volume data`, `volume/data`, `volumes system/debian-12`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pextra_client.cli.exits import UsageError
from pextra_client.cli.session import Session
from pextra_client.discovery import Kind, Scope


@dataclass(frozen=True, slots=True)
class Target:
    """One object that is named.

    Args:
        kind: of the object.
        name: of the object.
        tenant: whose it is; None for cloud-wide kinds.
    """

    kind: Kind
    name: str
    tenant: str | None

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return self.kind.label(self.name, self.tenant)


def select(session: Session, kind_word: str, names: Sequence[str]) -> tuple[Kind, list[Target]]:
    """The kind and the objects that are named; no objects when there are no names.

    Args:
        session: whose kinds and tenant.
        kind_word: any name of a kind, or `kind/name`.
        names: `name` or, of another tenant, `tenant/name`.

    Raises:
        AddressError: there is no such kind.
        UsageError: no tenant is set.
    """
    word, slash, first = kind_word.partition("/")
    kind = session.catalog.find(word)
    named = [first, *names] if slash else list(names)
    return kind, [_target(session, kind, name) for name in named]


def select_some(session: Session, kind_word: str, names: Sequence[str]) -> list[Target]:
    """The objects that are named: at least one, or the only one that a tenant can have.

    Raises:
        AddressError: there is no such kind.
        UsageError: none is named.
    """
    kind, targets = select(session, kind_word, names)
    if not targets and kind.singleton is not None:
        targets = [_target(session, kind, kind.singleton)]
    if not targets:
        raise UsageError(f"name the {kind.name}: {kind.name} NAME")
    return targets


def _target(session: Session, kind: Kind, text: str) -> Target:
    tenant, slash, name = text.rpartition("/")
    if kind.scope is Scope.CLOUD:
        if slash:
            raise UsageError(f"a {kind.name} has no tenant: {text!r} is not its name")
        return Target(kind, text, None)
    return Target(kind, name, tenant or session.tenant_of(kind))
