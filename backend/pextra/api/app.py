"""The Flask application of one API process."""

from __future__ import annotations

import logging
import time
from functools import cache

from flask import Flask, Response, g, redirect, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from pextra import __version__
from pextra.api import instruments, objects, openapi, requests, schemas
from pextra.api.endpoint import Endpoint
from pextra.api.responses import answer, problem
from pextra.api.settings import ApiSettings
from pextra.api.waiting import Waits
from pextra.errors import PextraError
from pextra.services import planning
from pextra.services.authentication import unauthenticated
from pextra.services.cloud import Cloud, Context
from pextra.store import events

log = logging.getLogger("pextra.api")

EXTENSIONS = (
    "conditional-get", "dry-run", "idempotency-key", "plan", "prune", "recursive-list", "shares", "wait", "watch",
)  # fmt: skip
"""What this server can do beyond the first version; append-only."""


_OPEN = frozenset({"/v1/capabilities", "/v1/schemas/manifest.json"})
"""What says nothing of anybody; for all else below /v1 who has no token is told that before anything else."""


def create_app(cloud: Cloud, settings: ApiSettings | None = None) -> Flask:
    """The application that serves `cloud`."""
    settings = settings or ApiSettings()
    app = Flask("pextra")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.sort_keys = False  # pyright: ignore[reportAttributeAccessIssue]  # the default provider has it
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    endpoint = Endpoint(cloud)
    _wrap(app, cloud)
    _general(app, endpoint, settings)
    app.register_blueprint(objects.blueprint(endpoint, Waits(settings.max_waits)))
    return app


def _wrap(app: Flask, cloud: Cloud) -> None:
    """What happens around every request: an id, bounds, counters, problems for errors."""

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()
        g.request_id = cloud.database.new_uid()
        if request.path.startswith("/v1/") and request.path not in _OPEN and requests.bearer(request) is None:
            raise unauthenticated()
        requests.check_printable(request)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["Pextra-Request-Id"] = g.get("request_id", "")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        plural = (request.view_args or {}).get("plural", "")
        kind = cloud.registry.routed(plural)
        label = kind.name if kind is not None else (request.endpoint or "none")
        method = request.method if request.method in instruments.METHODS else "other"
        instruments.REQUESTS.labels(method, label, response.status_code).inc()
        if "wait" not in request.args:
            instruments.DURATION.labels(method, label).observe(time.monotonic() - g.get("began", 0))
        return response

    @app.errorhandler(PextraError)
    def refused(error: PextraError) -> Response:
        instruments.FAILURES.labels(error.code).inc()
        return problem(error)

    @app.errorhandler(HTTPException)
    def unrouted(error: HTTPException) -> Response | HTTPException:
        if isinstance(error, NotFound):
            return refused(PextraError("route.not_found", "There is no such route."))
        if isinstance(error, MethodNotAllowed):
            response = refused(PextraError("request.method", f"{request.method} is not possible here."))
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods or []))
            return response
        if isinstance(error, RequestEntityTooLarge):
            return refused(
                PextraError("request.too_large", f"The body is larger than {request.max_content_length} bytes.")
            )
        return refused(PextraError("request.malformed", error.description or "The request cannot be read."))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.error("request %s failed", g.get("request_id", ""), exc_info=error)
        return refused(
            PextraError(
                "server.error",
                "The server failed; its log has the details under the request id.",
                request_id=g.get("request_id", ""),
            )
        )


def _general(app: Flask, endpoint: Endpoint, settings: ApiSettings) -> None:
    cloud = endpoint.cloud
    # made when they are first asked for: a process starts sooner without them
    document = cache(lambda: openapi.document(cloud.registry))
    manifests = cache(lambda: schemas.manifest_schema(cloud.registry))
    kinds = cache(lambda: schemas.kinds_document(cloud.registry))

    @app.get("/healthz")
    def healthz() -> Response:
        return answer(200, {"status": "ok"})

    @app.get("/readyz")
    def readyz() -> Response:
        number, age_us = cloud.database.read(events.lag)
        return answer(200, {"status": "ok", "unsequenced_events": number, "oldest_unsequenced_s": age_us / 1e6})

    @app.get("/metrics")
    def metrics() -> Response:
        text, media_type = instruments.exposition()
        return Response(text, 200, content_type=media_type)

    @app.get("/openapi.json")
    def openapi_json() -> Response:
        return answer(200, document())

    @app.get("/v1/schemas/manifest.json")
    def manifest_json() -> Response:
        return answer(200, manifests())

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
        "tenant": ctx.principal.tenant_path,
        "cloud_administrator": ctx.principal.is_cloud,
    }
