# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the collection knows of a kind of objects: how it is called and where its objects are."""

from __future__ import annotations

from typing import Any, Iterable, Mapping
from urllib.parse import quote

from ansible_collections.pextra.cloud.plugins.module_utils.errors import PextraError


class Kind:
    """One kind.

    Args:
        name: singular.
        plural: as in routes.
        in_tenant: whether its objects live in a tenant, or else in the cloud.
        singleton: the one name that an object of this kind may have in a tenant.
        short_names: further names that a manifest may use.
        secrets: fields of its spec that hold secrets.
    """

    def __init__(
        self,
        name: str,
        plural: str,
        in_tenant: bool = True,
        singleton: str | None = None,
        short_names: Iterable[str] = (),
        secrets: Iterable[str] = (),
    ) -> None:
        self.name = name
        self.plural = plural
        self.in_tenant = in_tenant
        self.singleton = singleton
        self.short_names = tuple(short_names)
        self.secrets = tuple(secrets)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Kind:
        """A kind as C(/v1/kinds) describes it."""
        return cls(
            document["kind"],
            document["plural"],
            document["scope"] == "tenant",
            document.get("singleton"),
            document.get("short_names", ()),
        )

    def path(self, name: str | None = None, tenant: str | None = None) -> str:
        """The path of an object, or of the list without a name.

        Raises:
            PextraError: it lives in a tenant and none is given.
        """
        last = "" if name is None else f"/{quote(name, safe='')}"
        if not self.in_tenant:
            return f"/v1/{self.plural}{last}"
        if not tenant:
            raise PextraError(f"a {self.name} lives in a tenant: give tenant, set PEXTRA_TENANT, or use a profile's")
        return f"/v1/tenants/{quote(tenant, safe='')}/{self.plural}{last}"

    def label(self, name: str, tenant: str | None = None) -> str:
        """How an object is called in messages and above diffs: C(volume acme/data)."""
        return f"{self.name} {tenant}/{name}" if tenant and self.in_tenant else f"{self.name} {name}"


class Catalog:
    """Kinds by any of their names.

    Args:
        kinds: those that there are.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_word: dict[str, Kind] = {}
        for kind in kinds:
            for word in (kind.name, kind.plural, *kind.short_names):
                self._by_word.setdefault(word, kind)

    def find(self, word: str) -> Kind | None:
        """The kind that is meant, or None."""
        return self._by_word.get(word.lower().replace("-", "_"))

    def names(self) -> list[str]:
        """The kinds' singular names."""
        return sorted({kind.name for kind in self._by_word.values()})
