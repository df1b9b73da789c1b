"""What happens around every request: an id, bounds, counters, problems for errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from pextra.api import instruments, requests
from pextra.api.origin import Network, note_refusal, origin_of
from pextra.api.responses import problem
from pextra.errors import PextraError
from pextra.http_headers import restrict
from pextra.process_logging import ACCESS, facts
from pextra.services.cloud import Cloud, Principal
from pextra.services.refusals import Refusals

log = logging.getLogger("pextra.api")
access = logging.getLogger(ACCESS)


def install(app: Flask, cloud: Cloud, *, admit: Callable[[], None], trusted: Sequence[Network] = ()) -> None:
    """Frame every request of the application.

    Args:
        admit: refuses a request that shows nothing to be known by, before anything else.
        trusted: networks of the proxies that are believed in whom they speak for.
    """
    refusals = Refusals(cloud)

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()
        g.request_id = cloud.database.new_uid()
        admit()
        requests.check_printable(request)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["Pextra-Request-Id"] = g.get("request_id", "")
        response.headers["Cache-Control"] = "no-store"
        restrict(response.headers, tls=request.is_secure)
        plural = (request.view_args or {}).get("plural", "")
        kind = cloud.registry.routed(plural)
        label = kind.name if kind is not None else (request.endpoint or "none")
        method = request.method if request.method in instruments.METHODS else "other"
        instruments.REQUESTS.labels(method, label, response.status_code).inc()
        if "wait" not in request.args:
            instruments.DURATION.labels(method, label).observe(time.monotonic() - g.get("began", 0))
        _note_access(response, origin_of(request, trusted).address)
        return response

    @app.errorhandler(PextraError)
    def refused(error: PextraError) -> Response:
        instruments.FAILURES.labels(error.code).inc()
        note_refusal(refusals, cloud.registry, request, origin_of(request, trusted), error)
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


def _note_access(response: Response, address: str) -> None:
    """One line a request: who did what from where, and nothing of what was sent; the route, not the address asked."""
    principal: Principal | None = g.get("principal")
    access.info(
        "request",
        extra=facts(
            request_id=g.get("request_id", ""),
            method=request.method if request.method in instruments.METHODS else "other",
            route=request.url_rule.rule if request.url_rule is not None else "none",
            status=response.status_code,
            ms=round((time.monotonic() - g.get("began", time.monotonic())) * 1000, 1),
            tenant=principal.tenant_path if principal is not None else None,
            principal=principal.uid if principal is not None else None,
            address=address,
        ),
    )
