"""The process that Terraform starts: it announces a socket, and answers there until Terraform goes.

Source: go-plugin's handshake, version 1.
"""

from __future__ import annotations

import base64
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from terraform_provider_pextra.description import Description
from terraform_provider_pextra.lean_grpc import grpc
from terraform_provider_pextra.upcasting import UPCASTERS, Upcaster
from terraform_provider_pextra.wire import MESSAGES, METHODS, SERVICE

_COOKIE: Final = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
_LARGEST_MESSAGE_BYTES: Final = 256 * 1024 * 1024
_THREADS: Final = 64
_SIGN_OFF_S: Final = 0.2

_log = logging.getLogger(__name__)


def main() -> None:
    """Serves the provider as Terraform and OpenTofu expect it of the program that they start."""
    serve()


def serve(upcasters: Mapping[str, Sequence[Upcaster]] = UPCASTERS) -> None:
    """Announces a socket on the standard output and answers there until Terraform goes.

    Args:
        upcasters: for states of older versions, by the name of the kind.
    """
    if os.environ.get(_COOKIE[0]) != _COOKIE[1]:
        sys.exit("This is a provider of Terraform and OpenTofu: they start it, nobody else does.")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="[%(levelname)s] %(name)s: %(message)s")
    # Ctrl-C reaches the whole group of processes. Terraform says itself when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gone = threading.Event()
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE_BYTES),
        ],
    )
    server.add_generic_rpc_handlers((_handler(Calls(upcasters)), *_control(gone)))
    with tempfile.TemporaryDirectory(prefix="pextra-") as folder:
        socket = Path(folder) / "s"
        certificate = _listen(server, socket)
        server.start()
        sys.stdout.write(f"1|6|unix|{socket}|grpc|{certificate}\n")
        sys.stdout.flush()
        gone.wait()
        server.stop(_SIGN_OFF_S).wait()
    # Threads that still wait for an object would hold the process.
    os._exit(0)


def _listen(server: Any, socket: Path) -> str:
    """Has the server listen, encrypted when Terraform wants it so: its certificate, or nothing."""
    address = f"unix://{socket}"
    if not os.environ.get("PLUGIN_CLIENT_CERT"):
        server.add_insecure_port(address)
        return ""
    from terraform_provider_pextra.certificate import self_signed  # noqa: PLC0415 - not needed by who does not encrypt

    key_pem, certificate_pem, certificate_der = self_signed("localhost", datetime.now(UTC))
    # Terraform's own certificate is of a curve that grpcio does not take: it is the mode of the socket's folder that
    # keeps other users out.
    server.add_secure_port(address, grpc.ssl_server_credentials([(key_pem, certificate_pem)]))
    return base64.b64encode(certificate_der).decode().rstrip("=")


class Calls:
    """Every call of the protocol. What needs a client is imported at the first call that does.

    Args:
        upcasters: for states of older versions.
    """

    def __init__(self, upcasters: Mapping[str, Sequence[Upcaster]]) -> None:
        self._upcasters = upcasters
        self._homes: list[Any] = [Description(upcasters)]
        self._lock = threading.Lock()

    def answer(self, method: str, request: Any) -> Any:
        """The answer to a call. A mistake in the provider is in Terraform's log, too."""
        try:
            return getattr(self._home(method), method)(request)
        except Exception:
            _log.exception("a mistake in the provider, in %s of %s", method, getattr(request, "type_name", ""))
            raise

    def _home(self, method: str) -> Any:
        with self._lock:
            while True:
                found = next((each for each in self._homes if hasattr(each, method)), None)
                if found is not None:
                    return found
                self._homes.append(self._next())

    def _next(self) -> Any:
        from terraform_provider_pextra.checks import Checks, Resources  # noqa: PLC0415

        if len(self._homes) == 1:
            return Checks(Resources(self._upcasters))
        from terraform_provider_pextra.service import Provider  # noqa: PLC0415

        self._homes[1].planning = True
        return Provider(self._homes[1].resources)


def _behaviour(calls: Calls, name: str) -> Any:
    def answer(request: Any, context: Any) -> Any:
        del context
        return calls.answer(name, request)

    return answer


def _handler(calls: Calls) -> Any:
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            _behaviour(calls, name),
            request_deserializer=MESSAGES[asked].decoded,
            response_serializer=MESSAGES[answered].encoded,
        )
        for name, (asked, answered) in METHODS.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _control(gone: threading.Event) -> tuple[Any, Any]:
    """The two services of go-plugin itself: the end, and a stream that lasts as long as Terraform does."""

    def shutdown(request: bytes, context: Any) -> bytes:
        del request, context
        gone.set()
        return b""

    def stream(request: bytes, context: Any) -> Iterator[bytes]:
        del request
        context.add_callback(gone.set)  # called when Terraform was killed, too
        gone.wait()
        return iter(())

    return (
        grpc.method_handlers_generic_handler(
            "plugin.GRPCController", {"Shutdown": grpc.unary_unary_rpc_method_handler(shutdown)}
        ),
        grpc.method_handlers_generic_handler(
            "plugin.GRPCStdio", {"StreamStdio": grpc.unary_stream_rpc_method_handler(stream)}
        ),
    )
