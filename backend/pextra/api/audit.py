"""The routes of the audit log."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Request, Response, request, stream_with_context

from pextra.api import requests
from pextra.api.endpoint import Endpoint
from pextra.api.responses import answer
from pextra.errors import PextraError
from pextra.services import audit_reading
from pextra.services.audit_reading import Export, Whose
from pextra.store.audit_reading import Filter

log = logging.getLogger("pextra.api")

PREFIX: Final = "/v1/tenants/<tenant>/audit"
_TEXTS: Final = {"principal": 253, "action": 127, "kind": 63, "name": 253}


def blueprint(endpoint: Endpoint) -> Blueprint:
    """The routes."""
    routes = Blueprint("audit", __name__, url_prefix=PREFIX)

    @routes.get("")
    def listed(tenant: str) -> Response:
        wanted, whose = _filter(request), _whose(tenant)
        newest_first = _choice(request, "order", ("newest", "oldest")) != "oldest"
        limit, page = requests.limit(request), request.args.get("page")
        body = endpoint.read(
            request,
            lambda ctx: audit_reading.listed(ctx, whose, wanted, newest_first=newest_first, page=page, limit=limit),
        )
        return answer(200, body)

    @routes.get("/head")
    def head(tenant: str) -> Response:
        whose = _whose(tenant)
        return answer(200, endpoint.read(request, lambda ctx: audit_reading.head(ctx, whose)))

    @routes.get("/proof")
    def proof(tenant: str) -> Response:
        whose, sequence, size = _whose(tenant), _required("sequence"), _number("size")
        return answer(200, endpoint.read(request, lambda ctx: audit_reading.inclusion(ctx, whose, sequence, size)))

    @routes.get("/consistency")
    def consistency(tenant: str) -> Response:
        whose, earlier, later = _whose(tenant), _required("from"), _number("to")
        return answer(200, endpoint.read(request, lambda ctx: audit_reading.consistency(ctx, whose, earlier, later)))

    @routes.get("/export")
    def export(tenant: str) -> Response:
        whose, first, last = _whose(tenant), _number("from"), _number("to")
        begun = endpoint.read(request, lambda ctx: audit_reading.export(ctx, whose, first, last))
        return Response(stream_with_context(_lines(endpoint, whose, begun)), 200, content_type="application/x-ndjson")

    del listed, head, proof, consistency, export
    return routes


def _lines(endpoint: Endpoint, whose: Whose, begun: Export) -> Iterator[str]:
    """An export's lines, of which only a part is in memory at a time; it breaks off when it may not go on."""
    yield json.dumps(begun.start, separators=(",", ":")) + "\n"
    following = begun.first
    while following <= begun.last:
        try:
            lines = endpoint.read(request, lambda ctx, first=following: audit_reading.part(ctx, whose, begun, first))
        except PextraError as error:
            log.warning("an export of the audit log breaks off: %s", error.code)
            return
        if not lines:
            return
        yield "\n".join(lines) + "\n"
        following += len(lines)


def _whose(tenant: str) -> Whose:
    return Whose(tenant, requests.uid(request))


def _filter(request: Request) -> Filter:
    texts: dict[str, str | None] = {}
    for name, most in _TEXTS.items():
        texts[name] = request.args.get(name)
        if texts[name] is not None and not 0 < len(texts[name] or "") <= most:
            raise PextraError("request.parameter", f"{name} is a text of 1 to {most} characters.")
    return Filter(
        since_us=requests.moment(request, "since"),
        until_us=requests.moment(request, "until"),
        outcome=_choice(request, "outcome", ("succeeded", "refused")),
        **texts,
    )


def _choice(request: Request, name: str, choices: tuple[str, ...]) -> str | None:
    value = request.args.get(name)
    if value is not None and value not in choices:
        raise PextraError("request.parameter", f"{name} is {' or '.join(choices)}, not {value[:40]!r}.")
    return value


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise PextraError("request.parameter", f"{name} is a whole number from 1 on, not {text[:40]!r}.")
    return int(text)


def _required(name: str) -> int:
    number = _number(name)
    if number is None:
        raise PextraError("request.parameter", f"{name} is required.")
    return number
