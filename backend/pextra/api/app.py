"""The Flask application of one API process."""

from __future__ import annotations

from functools import cache

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from pextra import __version__
from pextra.api import audit as audit_routes
from pextra.api import framing, gpu_usage, health, login, objects, openapi, pages, requests, schemas, uploads
from pextra.api.endpoint import Endpoint
from pextra.api.responses import answer
from pextra.api.settings import ApiSettings
from pextra.api.waiting import Waits
from pextra.errors import PextraError
from pextra.services import access, planning
from pextra.services.attempts import Attempts
from pextra.services.authentication import unauthenticated
from pextra.services.cloud import Cloud, Context
from pextra.services.login import Login
from pextra.services.password_hashing import Hashing
from pextra.services.passwords import PasswordSetting
from pextra.tenancy import cedar_schema

EXTENSIONS = (
    "conditional-get", "dry-run", "idempotency-key", "plan", "prune", "recursive-list", "shares", "wait", "watch",
    "image-upload", "audit", "login", "gpu-usage",
)  # fmt: skip
"""What this server can do beyond the first version; append-only."""


_OPEN = frozenset({"/v1/login", "/v1/capabilities", "/v1/schemas/manifest.json", "/v1/schemas/cedar.json"})
"""What says nothing of anybody; for all else below /v1 who has no token is told that before anything else."""


def create_app(cloud: Cloud, settings: ApiSettings | None = None) -> Flask:
    """The application that serves `cloud`."""
    settings = settings or ApiSettings()
    app = Flask("pextra")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.sort_keys = False  # pyright: ignore[reportAttributeAccessIssue]  # the default provider has it
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    endpoint = Endpoint(cloud, settings.trusted_proxies)
    framing.install(app, cloud, admit=_with_token, trusted=settings.trusted_proxies)
    app.register_blueprint(health.blueprint(cloud, settings.trusted_proxies, settings.operator_networks))
    _general(app, endpoint, settings)
    hashing, attempts = Hashing(settings.hashing), Attempts(cloud)
    sign_in = Login(cloud, hashing, attempts, session_s=settings.session_s)
    app.register_blueprint(login.blueprint(sign_in, settings.trusted_proxies))
    passwords = PasswordSetting(cloud, hashing, attempts)
    app.register_blueprint(objects.blueprint(endpoint, Waits(settings.max_waits), passwords))
    app.register_blueprint(uploads.blueprint(endpoint, settings))
    app.register_blueprint(audit_routes.blueprint(endpoint))
    app.register_blueprint(gpu_usage.blueprint(endpoint))
    app.register_blueprint(pages.blueprint(cloud))
    return app


def _with_token() -> None:
    if request.path.startswith("/v1/") and request.path not in _OPEN and requests.bearer(request) is None:
        raise unauthenticated()


def _general(app: Flask, endpoint: Endpoint, settings: ApiSettings) -> None:
    cloud = endpoint.cloud
    # made when they are first asked for: a process starts sooner without them
    document = cache(lambda: openapi.document(cloud.registry))
    manifests = cache(lambda: schemas.manifest_schema(cloud.registry))
    policy_schema = cache(lambda: cedar_schema.of_registry(cloud.registry))
    kinds = cache(lambda: schemas.kinds_document(cloud.registry))

    @app.get("/openapi.json")
    def openapi_json() -> Response:
        return answer(200, document())

    @app.get("/v1/schemas/manifest.json")
    def manifest_json() -> Response:
        return answer(200, manifests())

    @app.get("/v1/schemas/cedar.json")
    def cedar_json() -> Response:
        return answer(200, policy_schema())

    @app.get("/v1/capabilities")
    def capabilities() -> Response:
        return answer(
            200,
            {
                "version": __version__,
                "api": "v1",
                "site": cloud.site.uid,
                "extensions": list(EXTENSIONS),
                "streams": settings.streams_url,
            },
        )

    @app.get("/v1/kinds")
    def all_kinds() -> Response:
        return answer(200, endpoint.read(request, lambda _: kinds()))

    @app.get("/v1/whoami")
    def whoami() -> Response:
        return answer(200, endpoint.read(request, _whoami))

    @app.post("/v1/can-i")
    def can_i() -> Response:
        body = requests.body(request)
        return answer(200, endpoint.read(request, lambda ctx: access.can_i(ctx, body)))

    @app.get("/v1/roles")
    def built_in_roles() -> Response:
        return answer(200, {"items": endpoint.read(request, access.built_in_roles)})

    @app.post("/v1/policy-test")
    def policy_test() -> Response:
        body = requests.body(request)
        return answer(200, endpoint.read(request, lambda ctx: access.try_policies(ctx, body)))

    @app.post("/v1/plan")
    def plan() -> Response:
        body = requests.body(request)
        return answer(200, endpoint.plan(request, lambda ctx: planning.batch(ctx, body)))

    @app.get("/v1/watch")
    def watch() -> BaseResponse:
        endpoint.read(request, lambda ctx: ctx.principal)
        if settings.streams_url is None:
            raise PextraError("server.busy", "This server has no stream process.", retry_after_s=30)
        return redirect(f"{settings.streams_url}/v1/watch?{request.query_string.decode()}", 307)


def _whoami(ctx: Context) -> dict[str, object]:
    return {
        "user": ctx.principal.name,
        "uid": ctx.principal.uid,
        "kind": ctx.principal.kind,
        "tenant": ctx.principal.tenant_path,
        "groups": list(ctx.principal.groups),
        "credential": {"kind": ctx.principal.credential, "name": ctx.principal.token_name},
        "rights": access.rights(ctx),
        "cloud_administrator": ctx.principal.is_cloud,
    }
