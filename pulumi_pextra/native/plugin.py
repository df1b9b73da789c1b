"""The plugin `pulumi-resource-pextra`: the engine starts it, reads its port from its output, and calls it by gRPC."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from functools import wraps
from typing import Any, Final, Literal, TypeVar, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage] - as its own plugins do
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from pextra_client.discovery import Catalog, Kind
from pextra_client.errors import ClientError
from pextra_client.version import VERSION
from pulumi_pextra import looking, properties, settings
from pulumi_pextra.declared import PACKAGE, name_of, stack_of
from pulumi_pextra.failures import Failure, abort
from pulumi_pextra.generate import camel
from pulumi_pextra.native.schema import schema
from pulumi_pextra.native.values import received, sent
from pulumi_pextra.objects import Difference, Objects
from pulumi_pextra.speaking import Engine

_WORKERS: Final = 32
"""Operations at once; each mostly waits for an object to become ready."""
_Method = TypeVar("_Method", bound=Callable[..., Any])
_KINDS: Final = {camel(kind.name): kind for kind in Catalog.bundled() if kind.writable}


def _answering(method: _Method) -> _Method:
    """Ends a call that fails with a status of its own."""

    @wraps(method)
    def answered(self: Any, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except Failure as failure:
            if failure.standing is not None:
                secret = properties.secrets_of(_kind_of(request.urn))
                standing = failure.standing
                return abort(context, failure, sent(standing.outputs, (*secret, *_secret_inputs(request))))
            return abort(context, failure)

    return cast(_Method, answered)


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """Every kind's resources and look-ups for one engine.

    Args:
        engine: who started the plugin.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._objects: Objects | None = None

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's names
        """The package's description."""
        del request, context
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema()))

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The plugin's version."""
        del request, context
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Takes every configuration; what is wrong with it is said when it is used."""
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Another configuration never replaces what was made under the former."""
        del context
        changed = received(request.olds)[0] != received(request.news)[0]
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none)

    @_answering
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Connects; nothing is asked yet."""
        del context
        values = received(request.args)[0]
        try:
            texts = {
                name: str(values[name]) for name in settings.NAMES if isinstance(values.get(name), str | int | float)
            }
            self._objects = Objects(settings.connect(texts))
        except ClientError as error:
            raise Failure(str(error)) from error
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_answering
    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Says what is wrong with inputs without asking the API; names what has no name."""
        del context
        kind = _kind_of(request.urn)
        news, secret = received(request.news)
        stack, project, logical = _urn(request.urn)
        news.setdefault("name", name_of(kind, logical, project, stack))
        news.setdefault(properties.STACK, stack_of("organization", project, stack))
        olds = received(request.olds)[0]
        inputs, faults = self._known.check(kind, olds, news, forecast=False, tell=self._tell(request))
        return provider_pb2.CheckResponse(
            inputs=sent(inputs, secret), failures=[provider_pb2.CheckFailure(reason=each) for each in faults]
        )

    @_answering
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Says what an update would do, property by property."""
        del context
        kind, news = _kind_of(request.urn), received(request.news)[0]
        ignored = set(request.ignoreChanges)
        said = self._known.difference(kind, received(request.olds)[0], news, tell=self._tell(request))
        return _diff(said, ignored)

    @_answering
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Makes an object or, in a preview, says what that would come to."""
        del context
        kind = _kind_of(request.urn)
        inputs, secret = received(request.properties)
        secrets = (*secret, *properties.secrets_of(kind))
        if request.preview:
            told = self._known.preview(kind, inputs, tell=self._tell(request))
            return provider_pb2.CreateResponse(properties=sent(told, secrets))
        stack = str(inputs.get(properties.STACK, ""))
        id_, outputs = self._known.create(kind, inputs, stack, timeout_s=request.timeout or None)
        return provider_pb2.CreateResponse(id=id_, properties=sent(outputs, secrets))

    @_answering
    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Reads an object, one that is imported too; one that has gone has no id."""
        del context
        kind = _kind_of(request.urn)
        outputs, secret = received(request.properties)
        found = self._known.read(kind, request.id, outputs)
        if found is None:
            return provider_pb2.ReadResponse()
        id_, told, inputs = found
        stack = received(request.inputs)[0].get(properties.STACK)
        if stack is not None:
            inputs[properties.STACK] = stack
        secrets = (*secret, *properties.secrets_of(kind))
        return provider_pb2.ReadResponse(id=id_, properties=sent(told, secrets), inputs=sent(inputs, secrets))

    @_answering
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Changes an object or, in a preview, says what its outputs would be."""
        del context
        kind = _kind_of(request.urn)
        outputs = received(request.olds)[0]
        inputs, secret = received(request.news)
        secrets = (*secret, *properties.secrets_of(kind))
        if request.preview:
            kept = {name: outputs[name] for name in ("uid", *properties.MINTED.get(kind.name, ())) if name in outputs}
            told = {**properties.expected(kind, inputs), **kept}
        else:
            told = self._known.update(kind, outputs, inputs, timeout_s=request.timeout or None)
        return provider_pb2.UpdateResponse(properties=sent(told, secrets))

    @_answering
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Deletes an object."""
        del context
        outputs = received(request.properties)[0]
        self._known.delete(_kind_of(request.urn), outputs, timeout_s=request.timeout or None)
        return empty_pb2.Empty()

    @_answering
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Looks an object up."""
        del context
        kind = _KINDS.get(request.tok.removeprefix(f"{PACKAGE}:index:get"))
        if kind is None:
            raise Failure(f"there is no function {request.tok}")
        given = received(request.args)[0]
        found = looking.found(self._known.client, kind.name, str(given.get("name", "")), given.get("tenant"))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(sent(found, ()))  # the field is called by a word of Python's
        return response

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Has every wait end; what was asked for goes on, and the next refresh shows how it is then."""
        del request, context
        if self._objects is not None:
            self._objects.stop()
        return empty_pb2.Empty()

    @property
    def _known(self) -> Objects:
        if self._objects is None:
            raise Failure("the provider is not configured yet: what it is configured by is not known in this preview")
        return self._objects

    def _tell(self, request: Any) -> Callable[[Literal["info", "warning"], str], None]:
        return lambda severity, message: self._engine.tell(severity, message, request.urn)


def _diff(said: Difference, ignored: set[str]) -> Any:
    response = provider_pb2.DiffResponse
    fields = {path: effect for path, effect in said.fields.items() if path not in ignored}
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {
        path: provider_pb2.PropertyDiff(kind=kinds.UPDATE_REPLACE if effect == "replace" else kinds.UPDATE)
        for path, effect in fields.items()
    }
    return response(
        changes=response.DIFF_SOME if said.action != "none" else response.DIFF_NONE,
        replaces=said.replaced_by,
        deleteBeforeReplace=True,
        detailedDiff=detailed,
        hasDetailedDiff=bool(detailed),
        diffs=list(fields),
    )


def _secret_inputs(request: Any) -> frozenset[str]:
    fields = {field.name for field, _ in request.ListFields()}
    return received(request.news if "news" in fields else request.properties)[1]


def _urn(urn: str) -> tuple[str, str, str]:
    """Stack, project and logical name: `urn:pulumi:stack::project::types::name`."""
    head, project, _, name = urn.split("::", 3)
    return head.removeprefix("urn:pulumi:"), project, name


def _kind_of(urn: str) -> Kind:
    type_ = urn.split("::", 3)[2].rsplit("$", 1)[-1]
    kind = _KINDS.get(type_.removeprefix(f"{PACKAGE}:index:"))
    if kind is None:
        raise Failure(f"there is no resource {type_}")
    return kind


def main() -> None:
    """Serves the engine whose address is the first argument, until it ends this process."""
    server = grpc.server(futures.ThreadPoolExecutor(_WORKERS), options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(Engine.of_this_process()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop(0)


if __name__ == "__main__":
    main()
