"""What Pulumi asks of a provider, on any kind of object: check, diff, create, read, update, delete.

Both providers, the dynamic one and the plugin, are thin above this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pextra_client.client import Client
from pextra_client.discovery import Kind, Scope
from pextra_client.lifecycle import (
    UNKNOWN,
    Fault,
    Forecast,
    Forecaster,
    NotReadyError,
    Owner,
    check,
)
from pextra_client.wire import Object
from pulumi_pextra import properties
from pulumi_pextra.failures import Failure, Standing, told_of
from pulumi_pextra.settings import Connection

Properties = Mapping[str, Any]
Tell = Callable[[Literal["info", "warning"], str], None]
"""Says something to whoever runs Pulumi."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What an update would do.

    Args:
        action: what would be done altogether.
        fields: the properties that change, by path, and what a change of each does.
    """

    action: Literal["none", "create", "update", "restart", "replace"] = "none"
    fields: dict[str, Literal["in_place", "restart", "replace"]] = field(default_factory=dict[str, Any])

    @property
    def replaced_by(self) -> list[str]:
        """The properties whose change needs a new object."""
        return [path for path, effect in self.fields.items() if effect == "replace"]


class Objects:
    """Objects of every kind in one cloud, on behalf of the engine. Safe to share between threads.

    Args:
        connection: to the cloud.
    """

    def __init__(self, connection: Connection) -> None:
        self.client: Client = connection.client
        self._timeout_s = connection.ready_timeout_s
        self._forecaster = Forecaster(connection.client)
        self._stop = threading.Event()

    def stop(self) -> None:
        """Has every wait end; what was asked for goes on."""
        self._stop.set()

    def _owner(self, stack: str | None = None) -> Owner:
        return Owner(self.client, stack=stack, timeout_s=self._timeout_s, stop=self._stop)

    def check(
        self, kind: Kind, olds: Properties, news: Properties, *, forecast: bool, tell: Tell
    ) -> tuple[dict[str, Any], list[str]]:
        """The inputs with the tenant filled in, and what is wrong with them.

        Args:
            kind: of the object.
            olds: the inputs so far; empty for a new resource.
            news: the inputs; may hold what is not known.
            forecast: ask the API what making the object would come to.
            tell: hears of what may go wrong later.
        """
        inputs = {name: value for name, value in news.items() if value is not None}
        if kind.scope is Scope.TENANT and not inputs.get("tenant"):
            if not self.client.tenant:
                return inputs, [
                    "tenant: there is none: set it here, or by `pulumi config set pextra:tenant`, or PEXTRA_TENANT"
                ]
            inputs["tenant"] = self.client.tenant
        wanted = properties.desired(kind, inputs)
        faults = check(wanted)
        if faults or olds or not forecast:
            return inputs, _told(kind, faults)
        label = _label(kind, inputs)
        with told_of(label):
            said = self._forecaster.create(wanted)
        if said.taken_by:
            tell(
                "warning",
                f"{label} exists already (uid {said.taken_by}): unless an earlier run of this stack made it and was "
                "broken off, import it or choose another name",
            )
        _warn(label, said, tell)
        return inputs, _told(kind, said.faults)

    def difference(self, kind: Kind, outputs: Properties, news: Properties, *, tell: Tell) -> Difference:
        """What giving an object other inputs would do; nobody is asked while they are the same.

        Raises:
            Failure: the API would refuse them, or could not be asked.
        """
        before = properties.wrote(outputs)
        if properties.same(before, news):
            return Difference()
        moved = {name: "replace" for name in ("name", "tenant") if before.get(name) != news.get(name)}
        if moved:
            return Difference("replace", dict(moved))  # pyright: ignore[reportArgumentType] - literals
        label = _label(kind, before)
        with told_of(label):
            said = self._forecaster.update(
                properties.owned(kind, outputs), properties.desired(kind, news), properties.spec_of(kind, before)
            )
        if said.faults and said.action != "replace":
            raise Failure(f"{label}: {'; '.join(_told(kind, said.faults))}")
        _warn(label, said, tell)
        if said.action == "restart":
            because = ", ".join(_property_path(kind, path) for path in said.restarted_by)
            tell("info", f"{label} restarts: a change of {because} needs it")
        return Difference(said.action, {_property_path(kind, each["path"]): each["effect"] for each in said.fields})

    def preview(self, kind: Kind, inputs: Properties, *, tell: Tell) -> dict[str, Any]:
        """What the outputs of a new object would be, as far as that can be known.

        Raises:
            Failure: the API would refuse it, or could not be asked.
        """
        checked, faults = self.check(kind, {}, inputs, forecast=True, tell=tell)
        if faults:
            raise Failure(f"{_label(kind, inputs)}: {'; '.join(faults)}")
        return properties.expected(kind, checked)

    def create(
        self, kind: Kind, inputs: Properties, stack: str, *, timeout_s: float | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Makes an object and waits until it is as desired: its identifier and outputs.

        Raises:
            Failure: nothing was made, or what was made is not ready; then it is told.
        """
        owner = self._owner(stack)
        with told_of(_label(kind, inputs)):
            try:
                obj = owner.create(properties.desired(kind, inputs), timeout_s=timeout_s)
            except NotReadyError as error:
                if not error.stopped:
                    raise _standing(kind, error, inputs, None) from error
                obj = error.obj
        return properties.identifier(obj), properties.outputs_of(kind, obj, inputs)

    def read(
        self, kind: Kind, identifier: str, outputs: Properties
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """An object as it is: its identifier, outputs and inputs; None when it has gone.

        Args:
            kind: of the object.
            identifier: as the engine knows it.
            outputs: as the engine knows them; empty for one that is imported.

        Raises:
            Failure: the API cannot be asked.
        """
        name, tenant = properties.addressed(kind, identifier)
        with told_of(kind.label(name, tenant)):
            obj: Object | None
            if outputs.get("uid"):
                obj = Owner(self.client).read(properties.owned(kind, outputs))
            else:
                outputs = {}
                obj = self.client.find(kind, name, tenant=tenant)
        if obj is None or obj["metadata"].get("deleting"):
            return None
        inputs = properties.read_back(kind, obj, outputs)
        return properties.identifier(obj), properties.outputs_of(kind, obj, inputs, outputs), inputs

    def update(
        self, kind: Kind, outputs: Properties, inputs: Properties, *, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Gives an object other inputs and waits until it is so: its outputs.

        Raises:
            Failure: nothing was changed, or what was changed is not ready; then it is told.
        """
        owner = self._owner()
        label = _label(kind, inputs)
        with told_of(label):
            try:
                obj = owner.update(
                    properties.owned(kind, outputs), properties.desired(kind, inputs), timeout_s=timeout_s
                )
            except NotReadyError as error:
                if not error.stopped:
                    raise _standing(kind, error, inputs, outputs) from error
                obj = error.obj
        return properties.outputs_of(kind, obj, inputs, outputs)

    def delete(self, kind: Kind, outputs: Properties, *, timeout_s: float | None = None) -> None:
        """Deletes an object and waits until it has gone; one that has gone is success.

        Raises:
            Failure: it stays.
        """
        with told_of(_label(kind, outputs)):
            self._owner().delete(properties.owned(kind, outputs), timeout_s=timeout_s)


def _standing(kind: Kind, error: NotReadyError, inputs: Properties, outputs: Properties | None) -> Failure:
    told = properties.outputs_of(kind, error.obj, inputs, outputs)
    return Failure(
        f"{_label(kind, inputs)} stands and is not ready: {error}", Standing(properties.identifier(error.obj), told)
    )


def _label(kind: Kind, values: Properties) -> str:
    name, tenant = values.get("name"), values.get("tenant")
    return kind.label("?" if name is UNKNOWN else str(name), None if tenant is UNKNOWN else tenant)


def _warn(label: str, said: Forecast, tell: Tell) -> None:
    for warning in said.warnings:
        tell("warning", f"{label}: {warning}")


def _told(kind: Kind, faults: list[Fault] | tuple[Fault, ...]) -> list[str]:
    return [f"{_property_path(kind, each.path)}: {each.message}" if each.path else each.message for each in faults]


def _property_path(kind: Kind, path: str) -> str:
    """Where in the properties a path of the object is: `spec.rules[0].port` is `rules[0].port`."""
    block, _, rest = path.partition(".")
    if block != "spec" or not rest:
        return rest or path
    end = min((rest.index(each) for each in ".[" if each in rest), default=len(rest))
    return properties.property_of(kind, rest[:end]) + rest[end:]
