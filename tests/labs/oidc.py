"""A small OpenID Connect provider on loopback: Authlib's server behind Flask, over TLS with an authority of its own.

It has discovery, keys that can be rotated, the client-credentials grant, and `issue`, by which a test has a token
signed without anybody's password.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from pextra.pki.authority import Authority

LOOPBACK: Final = "127.0.0.1"
AUDIENCE: Final = "pextra"
CLIENT: Final = ("pipeline", "a-secret-of-the-lab")


def new_keys(suffix: str = "1") -> list[Any]:
    """A key of each sort, named after it and the suffix."""
    keys: list[Any] = [
        RSAKey.generate_key(2048, {"kid": f"rsa-{suffix}", "use": "sig"}),
        ECKey.generate_key("P-256", {"kid": f"ec-{suffix}", "use": "sig"}),
        OKPKey.generate_key("Ed25519", {"kid": f"ed-{suffix}", "use": "sig"}),
    ]
    return keys


@dataclass
class Provider:
    """The provider.

    Attributes:
        url: its issuer.
        authorities: PEM of the authority of its certificate.
        keys: those that it signs with and publishes.
        jwks: answered instead of the set of its keys.
        calls: the path of every request, in order.
        discovery: what the discovery document says otherwise.
        faults: path to what it does there instead of answering.
    """

    url: str = ""
    authorities: str = ""
    keys: list[Any] = field(default_factory=list[Any])
    jwks: Any = None
    calls: list[str] = field(default_factory=list[str])
    discovery: dict[str, Any] = field(default_factory=dict[str, Any])
    faults: dict[str, Response] = field(default_factory=dict[str, Response])

    def rotate(self, suffix: str) -> None:
        """Sign with new keys, and publish these alone."""
        self.keys = new_keys(suffix)

    def key(self, algorithm: str) -> Any:
        """The key for an algorithm."""
        return self.keys[{"RS256": 0, "PS256": 0, "ES256": 1, "EdDSA": 2}[algorithm]]

    def claims(self, now: float, **changed: Any) -> dict[str, Any]:
        """What an access token says; None takes a claim away."""
        said: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "7f3a",
            "iat": int(now),
            "exp": int(now) + 300,
            "preferred_username": "Ada.L@example.com",
            "azp": "shop",
            **changed,
        }
        return {name: value for name, value in said.items() if value is not None}

    def issue(
        self, now: float, algorithm: str = "RS256", header: dict[str, Any] | None = None, key: Any = None, **claims: Any
    ) -> str:
        """A signed token."""
        signer = key or self.key(algorithm)
        first = {"alg": algorithm, "typ": "at+jwt", "kid": getattr(signer, "kid", None), **(header or {})}
        shown = {name: value for name, value in first.items() if value is not None}
        payload = json.dumps(self.claims(now, **claims)).encode()
        return signed(shown, payload, signer)


class _Registry(jws.JWSRegistry):
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def signed(header: dict[str, Any], payload: bytes, key: Any) -> str:
    """A token of these parts, however little sense they make together."""
    return jws.serialize_compact(header, payload, key, registry=_Registry(strict_check_header=False))


class _Client(ClientMixin):
    def get_client_id(self) -> str:
        return CLIENT[0]

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT[1]

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == ("client_secret_basic", "token")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: Any) -> str:
        return str(scope)


class _Generator(JWTBearerTokenGenerator):
    def __init__(self, provider: Provider) -> None:
        super().__init__(issuer=provider.url)  # pyright: ignore[reportUnknownMemberType]
        self._provider = provider

    def get_jwks(self) -> KeySet:
        return KeySet(self._provider.keys[:1])

    def get_audiences(self, client: Any, user: Any, scope: Any) -> str:
        del client, user, scope
        return AUDIENCE


def _application(provider: Provider) -> Flask:
    app = Flask("oidc-lab")

    @app.before_request
    def note() -> Response | None:
        provider.calls.append(request.path)
        return provider.faults.get(request.path)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        said = {"issuer": provider.url, "jwks_uri": f"{provider.url}/jwks", "token_endpoint": f"{provider.url}/token"}
        return jsonify(said | provider.discovery)

    @app.get("/jwks")
    def jwks() -> Response:
        public = [key.as_dict(private=False) for key in provider.keys]
        return jsonify(provider.jwks if provider.jwks is not None else {"keys": public})

    @app.get("/elsewhere")
    def elsewhere() -> Any:
        return redirect("/jwks")

    def client(name: str) -> _Client | None:
        return _Client() if name == CLIENT[0] else None

    def save(*issued: Any) -> None:
        del issued

    server: Any = AuthorizationServer(app, query_client=client, save_token=save)
    server.register_grant(grants.ClientCredentialsGrant)
    server.register_token_generator("default", _Generator(provider))

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    del note, discovery, jwks, elsewhere, token
    return app


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def provider(*, tls: bool = True, keys: list[Any] | None = None) -> Generator[Provider]:
    """A provider that answers until the context ends."""
    now = datetime.now(UTC)
    authority = Authority.create("lab", now)
    made = Provider(authorities=authority.certificate_pem, keys=list(keys or new_keys()))
    context: ssl.SSLContext | None = None
    if tls:
        credentials = authority.sign_server([LOOPBACK, "localhost"], now, timedelta(days=1))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:
            both.write(credentials.chain_pem + credentials.key_pem)
            both.flush()
            context.load_cert_chain(Path(both.name))
    holder = Flask("not-yet")
    server = make_server(LOOPBACK, 0, holder, threaded=True, ssl_context=context, request_handler=_Quiet)
    made.url = f"http{'s' if tls else ''}://{LOOPBACK}:{server.server_port}"
    server.app = _application(made)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="oidc-lab")
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
