"""Kinds as data sources: one object by its name, and many by labels and fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pextra_client.discovery import Kind, Scope
from pextra_client.errors import ClientError
from pextra_client.wire import Object
from terraform_provider_pextra.attributes import Attribute, blank
from terraform_provider_pextra.diagnostics import Diagnostics
from terraform_provider_pextra.kinds import list_attributes, object_attributes, source_attributes
from terraform_provider_pextra.session import Session
from terraform_provider_pextra.translation import to_attributes

Values = Mapping[str, Any]


class OneObject:
    """The data source of one object.

    Args:
        kind: of the object.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.attributes: tuple[Attribute, ...] = source_attributes(kind)

    def read(self, session: Session, config: Values, diagnostics: Diagnostics) -> dict[str, Any] | None:
        """The object, None and an error when there is none that may be read."""
        name = config.get("name") or self.kind.singleton or ""
        tenant = config.get("tenant")
        try:
            found = session.client.get(self.kind, name, tenant=tenant)
        except ClientError as error:
            label = self.kind.label(name, tenant or session.tenant)
            diagnostics.refused(f"read {label}", error, ["name"] if "name" in config else ())
            return None
        return told(self.kind, self.attributes, found)


class ManyObjects:
    """The data source of many objects.

    Args:
        kind: of the objects.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.attributes: tuple[Attribute, ...] = list_attributes(kind)

    def read(self, session: Session, config: Values, diagnostics: Diagnostics) -> dict[str, Any] | None:
        """The objects that match, None and an error when they cannot be listed."""
        tenant = config.get("tenant") or session.tenant
        try:
            found = list(
                session.client.list(
                    self.kind,
                    tenant=tenant,
                    labels=config.get("labels"),
                    filters=config.get("filters") or (),
                    recursive=bool(config.get("recursive")),
                )
            )
        except ClientError as error:
            diagnostics.refused(f"list {self.kind.plural}", error)
            return None
        inner = object_attributes(self.kind)
        values = {**config, "items": [told(self.kind, inner, each) for each in found]}
        return blank(self.attributes, {**values, "tenant": tenant})


def told(kind: Kind, attributes: Sequence[Attribute], obj: Object) -> dict[str, Any]:
    """An object as attributes."""
    metadata = obj["metadata"]
    name, tenant = metadata["name"], metadata.get("tenant")
    status = next(each for each in attributes if each.name == "status")
    values: dict[str, Any] = {
        **to_attributes(attributes, obj["spec"]),
        "id": name if kind.scope is Scope.CLOUD else f"{tenant}/{name}",
        "uid": metadata.get("uid"),
        "name": name,
        "tenant": tenant,
        "labels": metadata.get("labels", {}),
        "annotations": metadata.get("annotations", {}),
        "status": to_attributes(status.nested, obj.get("status", {})),
    }
    return blank(attributes, values)
