"""The dynamic provider: Pulumi runs it out of the program's own Python environment, and no plugin is installed.

What a resource's state says of its provider is the name of a class in this module and a kind: no code, no credential.
Both names are kept for as long as there are states that hold them.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal, cast

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from pextra_client.discovery import Catalog, Kind
from pextra_client.errors import ClientError
from pulumi_pextra import dynamic_host, properties, settings
from pulumi_pextra.failures import Failure
from pulumi_pextra.objects import Objects
from pulumi_pextra.speaking import Engine

_PROVIDER = "__provider"

_lock = threading.Lock()
_objects: Objects | None = None
"""One connection for the resources of every kind: they have one configuration."""
_engine: Engine | None = None


class ObjectProvider(ResourceProvider):
    """Objects of one kind.

    Args:
        kind: by its name.
    """

    # It holds no secret, and a state whose providers are sealed cannot be read by people.
    serialize_as_secret_always = False

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def configure(self, req: ConfigureRequest) -> None:
        """Reads the stack's configuration; the first of a process connects for all."""
        global _objects, _engine  # noqa: PLW0603 - the engine makes a provider for each kind, and they share a process
        dynamic_host.speak_plainly()
        with _lock:
            if _objects is None:
                values = {name: _text(req.config.get(f"pextra:{name}")) for name in settings.NAMES}
                try:
                    _objects = Objects(settings.connect(values))
                except ClientError as error:
                    raise Failure(str(error)) from error
                _engine = Engine.of_this_process()

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Says what is wrong with inputs; in a preview, also what the API would say."""
        known = _plain(news)
        inputs, faults = _shared().check(
            self._kind, _plain(_olds), known, forecast=bool(news.get(properties.PREVIEW)), tell=_tell
        )
        if "tenant" in inputs:
            news = {"tenant": inputs["tenant"], **news}
        return CheckResult(news, [CheckFailure("", fault) for fault in faults])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Says what an update would do."""
        tell = _tell if _news.get(properties.PREVIEW) else _hush
        said = _shared().difference(self._kind, _plain(_olds), _plain(_news), tell=tell)
        # An object is found by its name, and names are the same in each run: the old one has to go first.
        return DiffResult(said.action != "none", _top(said.replaced_by), delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Makes an object."""
        with _remembered(props):
            id_, outputs = _shared().create(self._kind, _plain(props), str(props.get(properties.STACK, "")))
        return CreateResult(id_, outputs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Reads an object; one that has gone has no id."""
        found = _shared().read(self._kind, id_, _plain(props))
        if found is None:
            return ReadResult("", {})
        id_, outputs, inputs = found
        return ReadResult(id_, outputs, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Changes an object."""
        with _remembered(_news):
            return UpdateResult(_shared().update(self._kind, _plain(_olds), _plain(_news)))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Deletes an object."""
        _shared().delete(self._kind, _plain(_props))

    @property
    def _kind(self) -> Kind:
        return Catalog.bundled().find(self.kind)


def _shared() -> Objects:
    assert _objects is not None, "the engine configures a provider before it asks anything"
    return _objects


@contextmanager
def _remembered(props: dict[str, Any]) -> Generator[None]:
    """Lets what stands in spite of a failure be remembered with its provider, as what succeeds is."""
    try:
        yield
    except Failure as failure:
        if failure.standing is not None:
            failure.standing.outputs[_PROVIDER] = props[_PROVIDER]
        raise


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", properties.plain(values, lambda each: isinstance(each, Unknown)))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _top(paths: list[str]) -> list[str]:
    """The properties in which paths are."""
    return list(dict.fromkeys(path.split(".")[0].split("[")[0] for path in paths))


def _tell(severity: Literal["info", "warning"], message: str) -> None:
    if _engine is not None:
        _engine.tell(severity, message)


def _hush(severity: Literal["info", "warning"], message: str) -> None:
    """Says nothing: the preview said it."""
    del severity, message
