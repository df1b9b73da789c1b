"""What the provider has: the calls that Terraform asks of a process which it needs for nothing else.

They are apart from the rest so that such a process starts without a client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pextra_client.discovery import Catalog
from terraform_provider_pextra.attributes import Attribute, schema
from terraform_provider_pextra.configuration import ATTRIBUTES as PROVIDER_ATTRIBUTES
from terraform_provider_pextra.ephemeral import ATTRIBUTES as TOKEN_ATTRIBUTES
from terraform_provider_pextra.ephemeral import DESCRIPTION as TOKEN_DESCRIPTION
from terraform_provider_pextra.ephemeral import NAME as TOKEN
from terraform_provider_pextra.kinds import (
    list_attributes,
    list_name,
    resource_attributes,
    resource_name,
    source_attributes,
)
from terraform_provider_pextra.upcasting import UPCASTERS, Upcaster
from terraform_provider_pextra.wire import MESSAGES

DESCRIPTION: Final = "Everything that a Pextra cloud has: tenants, access, networks, disks, instances and hosts."


class Description:
    """The schemas of everything.

    Args:
        upcasters: for states of older versions, by the name of the kind; their number is the schema's version.
    """

    def __init__(self, upcasters: Mapping[str, Sequence[Upcaster]] = UPCASTERS) -> None:
        self._kinds = tuple(Catalog.bundled())
        self._upcasters = upcasters

    def GetMetadata(self, request: Any) -> Any:  # noqa: N802 - as the protocol has it; so are the others
        """The names of everything."""
        del request
        type_name = MESSAGES["TypeName"]
        sources = [*map(resource_name, self._kinds), *map(list_name, self._kinds)]
        return MESSAGES["GetMetadata.Response"](
            server_capabilities=_capabilities(),
            resources=[type_name(type_name=resource_name(kind)) for kind in self._kinds if kind.writable],
            data_sources=[type_name(type_name=name) for name in sources],
            ephemeral_resources=[type_name(type_name=TOKEN)],
        )

    def GetProviderSchema(self, request: Any) -> Any:  # noqa: N802
        """The schemas of everything."""
        del request
        return MESSAGES["GetProviderSchema.Response"](
            server_capabilities=_capabilities(),
            provider=schema(PROVIDER_ATTRIBUTES, description=DESCRIPTION),
            resource_schemas=[
                _entry(
                    resource_name(kind),
                    resource_attributes(kind),
                    kind.description,
                    len(self._upcasters.get(kind.name, ())),
                )
                for kind in self._kinds
                if kind.writable
            ],
            data_source_schemas=[
                entry
                for kind in self._kinds
                for entry in (
                    _entry(resource_name(kind), source_attributes(kind), kind.description),
                    _entry(list_name(kind), list_attributes(kind), kind.description),
                )
            ],
            ephemeral_resource_schemas=[_entry(TOKEN, TOKEN_ATTRIBUTES, TOKEN_DESCRIPTION)],
        )

    def GetResourceIdentitySchemas(self, request: Any) -> Any:  # noqa: N802
        """None: resources are imported by their ids."""
        del request
        return MESSAGES["Empty"]()

    def GetFunctions(self, request: Any) -> Any:  # noqa: N802
        """None."""
        del request
        return MESSAGES["Empty"]()

    def ValidateProviderConfig(self, request: Any) -> Any:  # noqa: N802
        """Finds nothing: `ConfigureProvider` tells what is wrong."""
        del request
        return MESSAGES["ValidateProviderConfig.Response"]()

    def ValidateDataResourceConfig(self, request: Any) -> Any:  # noqa: N802
        """Finds nothing: reading it tells."""
        del request
        return MESSAGES["Diagnostics"]()


def _capabilities() -> Any:
    # Optional: Terraform then asks each of its processes for the schemas once instead of several times.
    return MESSAGES["ServerCapabilities"](get_provider_schema_optional=True)


def _entry(name: str, attributes: Sequence[Attribute], description: str, version: int = 0) -> Any:
    value = schema(attributes, description=description, version=version)
    return MESSAGES["SchemaEntry"](key=name, value=value)
