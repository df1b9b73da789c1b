"""The calls of the protocol that are about objects, each answered by what knows."""

from __future__ import annotations

from typing import Any

from pextra_client.discovery import Catalog
from pextra_client.errors import ClientError
from pextra_client.lifecycle.unknown import is_known
from terraform_provider_pextra import applying, ephemeral, planning, session, token
from terraform_provider_pextra.attributes import blank
from terraform_provider_pextra.checks import Resources
from terraform_provider_pextra.diagnostics import Diagnostics, attribute_path
from terraform_provider_pextra.kinds import list_name, resource_name
from terraform_provider_pextra.memory import Memory
from terraform_provider_pextra.session import Session
from terraform_provider_pextra.source import ManyObjects, OneObject
from terraform_provider_pextra.values import dumps, loads
from terraform_provider_pextra.wire import MESSAGES


class Provider:
    """Answers one process of Terraform.

    Args:
        resources: the resources by name.
    """

    def __init__(self, resources: Resources) -> None:
        found = tuple(Catalog.bundled())
        self._kinds = {resource_name(each): each for each in found}
        self._plurals = {list_name(each): each for each in found}
        self._resources = resources
        self._session: Session | None = None

    def source(self, name: str) -> OneObject | ManyObjects:
        """The data source of that name."""
        kind = self._kinds.get(name)
        return OneObject(kind) if kind is not None else ManyObjects(self._plurals[name])

    # --- configuration -----------------------------------------------------------------------------

    def ConfigureProvider(self, request: Any) -> Any:  # noqa: N802
        """Takes the provider's configuration. One that is not known yet leaves plans without forecasts."""
        diagnostics = Diagnostics()
        config: dict[str, Any] = loads(request.config) or {}
        if is_known(config):
            try:
                self._session = session.opened(config)
            except ClientError as error:
                diagnostics.error(
                    "The cloud cannot be reached with this configuration",
                    f"{error}. Set it in the provider's configuration, by PEXTRA_ENDPOINTS and PEXTRA_TOKEN, or log in "
                    "with `pextra login`.",
                )
            except ValueError as error:
                diagnostics.error(f"timeout {error}", path=["timeout"])
        return MESSAGES["Diagnostics"](diagnostics=diagnostics.messages)

    def StopProvider(self, request: Any) -> Any:  # noqa: N802
        """Has every wait end; what was asked for goes on, and the next run finds it as it is then."""
        del request
        if self._session is not None:
            self._session.stop.set()
        return MESSAGES["StopProvider.Response"]()

    # --- resources ---------------------------------------------------------------------------------

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """The state as it is now."""
        diagnostics = Diagnostics()
        state, private = loads(request.current_state), request.private
        current = self._configured(diagnostics)
        if current is not None:
            state, private = self._resources.find(request.type_name).read(current, state, private, diagnostics)
        return MESSAGES["ReadResource.Response"](
            new_state=dumps(state), private=private, diagnostics=diagnostics.messages
        )

    def PlanResourceChange(self, request: Any) -> Any:  # noqa: N802
        """What a configuration comes to."""
        diagnostics = Diagnostics()
        config = loads(request.config)
        if config is None:  # it is to go
            return MESSAGES["PlanResourceChange.Response"](
                planned_state=request.proposed_new_state, planned_private=request.prior_private
            )
        state, replaced = planning.planned(
            self._resources.find(request.type_name),
            self._session,
            loads(request.prior_state),
            config,
            Memory.loads(request.prior_private),
            diagnostics,
        )
        return MESSAGES["PlanResourceChange.Response"](
            planned_state=dumps(state),
            requires_replace=[attribute_path([name]) for name in replaced],
            planned_private=request.prior_private,
            diagnostics=diagnostics.messages,
        )

    def ApplyResourceChange(self, request: Any) -> Any:  # noqa: N802
        """Makes a planned state true."""
        diagnostics = Diagnostics()
        prior, wanted, config = loads(request.prior_state), loads(request.planned_state), loads(request.config)
        resource, private = self._resources.find(request.type_name), request.planned_private
        state: dict[str, Any] | None = prior
        current = self._configured(diagnostics)
        if current is None:
            pass
        elif wanted is None:
            state, private = applying.deleted(resource, current, prior, private, diagnostics)
        elif prior is None:
            state, private = applying.created(resource, current, wanted, config, diagnostics)
        else:
            state, private = applying.updated(resource, current, prior, wanted, config, private, diagnostics)
        return MESSAGES["ApplyResourceChange.Response"](
            new_state=dumps(state), private=private, diagnostics=diagnostics.messages
        )

    def ImportResourceState(self, request: Any) -> Any:  # noqa: N802
        """The state of an object that stands already."""
        diagnostics = Diagnostics()
        current = self._configured(diagnostics)
        resource = self._resources.find(request.type_name)
        found = None if current is None else resource.imported(current, request.id, diagnostics)
        imported = [] if found is None else [
            MESSAGES["ImportedResource"](type_name=request.type_name, state=dumps(found[0]), private=found[1])
        ]  # fmt: skip
        return MESSAGES["ImportResourceState.Response"](imported_resources=imported, diagnostics=diagnostics.messages)

    # --- data sources and ephemeral resources ------------------------------------------------------

    def ReadDataSource(self, request: Any) -> Any:  # noqa: N802
        """What a data source shows."""
        diagnostics = Diagnostics()
        current = self._configured(diagnostics)
        config = loads(request.config)
        state = None if current is None else self.source(request.type_name).read(current, config, diagnostics)
        return MESSAGES["ReadDataSource.Response"](state=dumps(state), diagnostics=diagnostics.messages)

    def OpenEphemeralResource(self, request: Any) -> Any:  # noqa: N802
        """Makes a token."""
        diagnostics = Diagnostics()
        current = self._configured(diagnostics)
        result, private = None, b""
        if current is not None:
            result, private = token.opened(current, loads(request.config), diagnostics)
        return MESSAGES["OpenEphemeralResource.Response"](
            result=dumps(result if result is not None else blank(ephemeral.ATTRIBUTES, {})),
            private=private,
            diagnostics=diagnostics.messages,
        )

    def CloseEphemeralResource(self, request: Any) -> Any:  # noqa: N802
        """Deletes a token."""
        diagnostics = Diagnostics()
        current = self._configured(diagnostics)
        if current is not None and request.private:
            token.closed(current, request.private, diagnostics)
        return MESSAGES["Diagnostics"](diagnostics=diagnostics.messages)

    def _configured(self, diagnostics: Diagnostics) -> Session | None:
        if self._session is None:
            diagnostics.error(
                "The provider's configuration is not known yet",
                "It comes from what is made by the same apply. Apply that first, with -target.",
            )
        return self._session
