"""The calls of the protocol that need no cloud: validation, and states of older versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pextra_client.discovery import Catalog
from terraform_provider_pextra import ephemeral
from terraform_provider_pextra.diagnostics import Diagnostics
from terraform_provider_pextra.kinds import resource_name
from terraform_provider_pextra.resource import Resource
from terraform_provider_pextra.upcasting import UPCASTERS, Upcaster
from terraform_provider_pextra.values import dumps, loads
from terraform_provider_pextra.wire import MESSAGES


class Resources:
    """The resources, each made when it is asked for.

    Args:
        upcasters: for states of older versions, by the name of the kind.
    """

    def __init__(self, upcasters: Mapping[str, Sequence[Upcaster]] = UPCASTERS) -> None:
        self._kinds = {resource_name(each): each for each in Catalog.bundled()}
        self._upcasters = upcasters
        self._found: dict[str, Resource] = {}

    def find(self, name: str) -> Resource:
        """The resource of that name."""
        if name not in self._found:
            kind = self._kinds[name]
            self._found[name] = Resource(kind, self._upcasters.get(kind.name, ()))
        return self._found[name]


class Checks:
    """Answers what needs no cloud.

    Args:
        resources: the resources by name.
    """

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self.planning = False
        """Whether this process plans: then the fields of what differs are checked by its forecast."""

    def ValidateResourceConfig(self, request: Any) -> Any:  # noqa: N802 - as the protocol has it; so are the others
        """Finds what is wrong with a resource without asking anybody."""
        diagnostics = Diagnostics()
        allowed = request.client_capabilities.write_only_attributes_allowed
        resource = self.resources.find(request.type_name)
        resource.validate(loads(request.config), diagnostics, write_only_allowed=allowed, fields=not self.planning)
        return MESSAGES["Diagnostics"](diagnostics=diagnostics.messages)

    def ValidateEphemeralResourceConfig(self, request: Any) -> Any:  # noqa: N802
        """Finds what is wrong with a token without asking anybody."""
        diagnostics = Diagnostics()
        ephemeral.validate(loads(request.config), diagnostics)
        return MESSAGES["Diagnostics"](diagnostics=diagnostics.messages)

    def UpgradeResourceState(self, request: Any) -> Any:  # noqa: N802
        """A stored state as one of the present schema."""
        state = json.loads(request.raw_state.json)
        upgraded = self.resources.find(request.type_name).upgraded(request.version, state)
        return MESSAGES["UpgradeResourceState.Response"](upgraded_state=dumps(upgraded))
