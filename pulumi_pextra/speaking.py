"""Messages to whoever runs Pulumi, from a provider's process."""

from __future__ import annotations

import sys
from typing import Final, Literal

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_SEVERITIES: Final = {"info": engine_pb2.INFO, "warning": engine_pb2.WARNING}


class Engine:
    """The engine that started this process, told its address as the first argument.

    Args:
        address: of the engine; without one, nobody hears anything.
    """

    def __init__(self, address: str | None) -> None:
        self._stub = None if not address else engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    @classmethod
    def of_this_process(cls) -> Engine:
        """The engine of this process."""
        return cls(sys.argv[1] if len(sys.argv) > 1 else None)

    def tell(self, severity: Literal["info", "warning"], message: str, urn: str = "") -> None:
        """Says something; an engine that does not listen is no failure."""
        if self._stub is None:
            return
        try:
            said = engine_pb2.LogRequest(severity=_SEVERITIES[severity], message=message, urn=urn)
            self._stub.Log(said, timeout=5)  # pyright: ignore[reportUnknownMemberType] - its types are partial
        except grpc.RpcError:
            return
