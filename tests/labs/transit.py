"""A small server that speaks those parts of Vault's transit engine that we use, for where there is no Vault.

Source: Vault's documentation, HTTP API of the secrets engine `transit` (create, read, rotate, configure, encrypt,
decrypt), and the statuses that it answers with.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "root-token-of-the-lab"


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class _Key:
    versions: list[tuple[bytes, int]]
    least: int = 1


@dataclass
class Transit:
    """The engine.

    Attributes:
        url: where it answers.
        calls: method and path of every call, in order.
        bodies: what was sent, in order.
        down: answers 503 as a sealed Vault does.
    """

    url: str = ""
    calls: list[str] = field(default_factory=list[str])
    bodies: list[str] = field(default_factory=list[str])
    down: bool = False
    token: str = TOKEN
    keys: dict[str, _Key] = field(default_factory=dict[str, _Key])

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """What Vault would answer; None for 204.

        Raises:
            _Refused: a status that is not a success.
        """
        if not path.startswith("/v1/transit/"):
            raise _Refused(404, "no handler for route")
        verb, name, *rest = path.removeprefix("/v1/transit/").split("/")
        if verb == "keys" and not rest and method == "POST":
            self.keys.setdefault(name, _Key([self._made()]))
            return None
        key = self.keys.get(name)
        if key is None:
            raise _Refused(404 if verb == "keys" else 400, "encryption key not found")
        if verb == "keys":
            return self._keys(key, method, rest, body)
        return self._encrypt(key, body) if verb == "encrypt" else self._decrypt(key, body)

    def _keys(self, key: _Key, method: str, rest: list[str], body: dict[str, Any]) -> dict[str, Any] | None:
        if method == "GET":
            made = {str(n): at for n, (_, at) in enumerate(key.versions, 1) if n >= key.least}
            return {"keys": made, "latest_version": len(key.versions), "min_decryption_version": key.least}
        if rest == ["rotate"]:
            key.versions.append(self._made())
        elif rest == ["config"]:
            key.least = int(body["min_decryption_version"])
        else:
            raise _Refused(404, "unsupported path")
        return None

    def _encrypt(self, key: _Key, body: dict[str, Any]) -> dict[str, Any]:
        number = int(body.get("key_version") or len(key.versions))
        if not key.least <= number <= len(key.versions):
            raise _Refused(400, "requested version for encryption is not available")
        nonce = os.urandom(12)
        text = AESGCM(key.versions[number - 1][0]).encrypt(
            nonce, base64.b64decode(body["plaintext"]), base64.b64decode(body.get("associated_data", ""))
        )
        return {"ciphertext": f"vault:v{number}:{base64.b64encode(nonce + text).decode()}", "key_version": number}

    def _decrypt(self, key: _Key, body: dict[str, Any]) -> dict[str, Any]:
        _, version, text = str(body["ciphertext"]).split(":")
        number, raw = int(version[1:]), base64.b64decode(text)
        if number < key.least:
            raise _Refused(400, "ciphertext or signature version is disallowed by policy (too old)")
        if number > len(key.versions):
            raise _Refused(400, "invalid ciphertext: version is too new")
        try:
            plain = AESGCM(key.versions[number - 1][0]).decrypt(
                raw[:12], raw[12:], base64.b64decode(body.get("associated_data", ""))
            )
        except InvalidTag as error:
            raise _Refused(400, "cipher: message authentication failed") from error
        return {"plaintext": base64.b64encode(plain).decode()}

    def _made(self) -> tuple[bytes, int]:
        return os.urandom(32), 1_700_000_000 + sum(len(key.versions) for key in self.keys.values())


@contextmanager
def transit() -> Generator[Transit]:
    """The engine, on a port of loopback, until the block ends."""
    engine = Transit()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            engine.calls.append(f"{self.command} {self.path}")
            engine.bodies.append(raw)
            try:
                if engine.down:
                    raise _Refused(503, "Vault is sealed")
                if self.headers.get("X-Vault-Token") != engine.token:
                    raise _Refused(403, "permission denied")
                data = engine.answer(self.command, self.path, json.loads(raw or "{}"))
                status, answer = (204, None) if data is None else (200, {"data": data})
            except _Refused as refused:
                status, answer = refused.status, {"errors": [str(refused)]}
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of http.server
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    engine.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
