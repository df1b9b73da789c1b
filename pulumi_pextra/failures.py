"""What goes wrong, as the engine is told: one line, and what stands all the same."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, status_pb2

from pextra_client.errors import ApiError, ClientError


@dataclass(frozen=True, slots=True)
class Standing:
    """An object that was made or changed and is not as desired: the engine has to remember it.

    Args:
        id: of the resource.
        outputs: of the resource.
    """

    id: str
    outputs: dict[str, Any]


class Failure(Exception):
    """An operation on a resource failed.

    Args:
        message: one line.
        standing: what stands all the same.
    """

    def __init__(self, message: str, standing: Standing | None = None) -> None:
        super().__init__(" ".join(message.split()))
        self.standing = standing


@contextmanager
def told_of(label: str) -> Generator[None]:
    """Turns what the client raises into a `Failure` that begins with the object's label."""
    try:
        yield
    except ApiError as error:
        raise Failure(f"{label}: {_detail(error)} ({error.code})") from error
    except ClientError as error:
        text = str(error)
        raise Failure(text if text.startswith(label) else f"{label}: {text}") from error


def _detail(error: ApiError) -> str:
    wrong = "; ".join(f"{each.get('field')}: {each.get('message')}" for each in error.fields)
    return wrong or error.detail


class _Status(NamedTuple):
    """What a call ends with."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


class _GrpcStatus(_Status, grpc.Status):  # pyright: ignore[reportIncompatibleVariableOverride] - gRPC marks it so
    """The same, as gRPC wants it."""


def abort(context: Any, failure: Failure, outputs: Struct | None = None) -> NoReturn:
    """Ends a call of the engine with a failure.

    The status is one by which the engine knows that nothing is in doubt: whatever was made and could not be answered
    is found again by the next run, so there is no pending operation for people to look into.

    Args:
        context: of the call, gRPC's.
        failure: what to say.
        outputs: of what stands, when secrets among them are to be marked.
    """
    code = grpc.StatusCode.FAILED_PRECONDITION
    message = str(failure)
    metadata: tuple[tuple[str, bytes], ...] = ()
    if failure.standing is not None:
        code = grpc.StatusCode.UNKNOWN
        detail = AnyMessage()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=failure.standing.id, properties=outputs or struct(failure.standing.outputs), reasons=[message]
            ),
            type_url_prefix="type.googleapis.com/",
        )
        status = status_pb2.Status(code=code.value[0], message=message, details=[detail])  # pyright: ignore[reportAttributeAccessIssue] - gRPC types values as int
        metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    context.abort_with_status(_GrpcStatus(code, message, metadata))
    raise AssertionError("gRPC leaves by an exception")


def struct(values: Mapping[str, Any]) -> Struct:
    """Values of JSON's types as a message."""
    message = Struct()
    message.update(dict(values))
    return message
