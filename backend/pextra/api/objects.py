"""The routes of objects: the same few for every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from pextra.api import requests
from pextra.api.endpoint import Answer, Endpoint
from pextra.api.responses import answer
from pextra.api.waiting import Waits, holds
from pextra.declaration.kind import Kind, Scope
from pextra.errors import PextraError
from pextra.services import acting, deleting, explaining, measuring, planning, reading, views, writing
from pextra.services.authorization import SET_PASSWORD
from pextra.services.cloud import Address, Context, Preconditions, Written
from pextra.services.passwords import PasswordSetting
from pextra.services.reading import Found, ListQuery

UseCase = Callable[[Context, Address, Any, Preconditions], Written]


def blueprint(endpoint: Endpoint, waits: Waits, passwords: PasswordSetting) -> Blueprint:
    """The routes of every kind that the cloud has, and of nothing else: other routes lie beside them."""
    routes = Blueprint("objects", __name__)
    handler = ObjectRoutes(endpoint, waits, passwords)
    for scope, prefix in ((Scope.CLOUD, "/v1"), (Scope.TENANT, "/v1/tenants/<tenant>")):
        plurals = ", ".join(kind.plural for kind in endpoint.cloud.registry if kind.scope is scope)
        several = f"{prefix}/<any({plurals}):plural>"
        one = f"{several}/<name>"
        routes.add_url_rule(several, f"{scope}_list", handler.list, methods=["GET"])
        routes.add_url_rule(one, f"{scope}_get", handler.get, methods=["GET"])
        routes.add_url_rule(one, f"{scope}_put", handler.put, methods=["PUT"])
        routes.add_url_rule(one, f"{scope}_patch", handler.patch, methods=["PATCH"])
        routes.add_url_rule(one, f"{scope}_delete", handler.delete, methods=["DELETE"])
        routes.add_url_rule(f"{one}/metrics", f"{scope}_metrics", handler.metrics, methods=["GET"])
        routes.add_url_rule(f"{one}/placement", f"{scope}_placement", handler.placement, methods=["GET"])
        routes.add_url_rule(f"{one}/actions/<action>", f"{scope}_act", handler.act, methods=["POST"])
    return routes


class ObjectRoutes:
    """The handlers; path and kind are arguments, so that there is one of each."""

    def __init__(self, endpoint: Endpoint, waits: Waits, passwords: PasswordSetting) -> None:
        self._endpoint = endpoint
        self._passwords = passwords
        self._waits = waits

    def _kind(self, plural: str) -> Kind:
        kind = self._endpoint.cloud.registry.routed(plural)
        assert kind is not None  # the routes are of kinds only
        return kind

    def _address(self, plural: str, name: str, tenant: str | None) -> Address:
        return Address(self._kind(plural), tenant, name)

    def list(self, plural: str, tenant: str | None = None) -> Response:
        """A page of objects."""
        requests.only(request, "labels", "filter", "recursive", "limit", "page")
        query = ListQuery(
            kind=self._kind(plural),
            tenant=tenant,
            labels=request.args.get("labels"),
            filters=request.args.getlist("filter"),
            recursive=requests.flag(request, "recursive"),
            limit=requests.limit(request),
            page=request.args.get("page"),
        )
        return answer(200, self._endpoint.read(request, lambda ctx: reading.listed(ctx, query)))

    def get(self, plural: str, name: str, tenant: str | None = None) -> Response:
        """One object, now or when a condition is true."""
        requests.only(request, "wait", "timeout_s", "uid")
        address = self._address(plural, name, tenant)
        wait = requests.wait(request)
        if wait is not None:
            return self._wait(address, *wait)
        known = request.headers.get("If-None-Match")

        def work(ctx: Context) -> Answer:
            found = reading.get(ctx, address)
            headers = _headers(found)
            if known is not None and known == headers["Pextra-Revision"]:
                return Answer(304, None, headers)
            return Answer(200, views.view(ctx.cloud, ctx.tx, found.record, found.tenant_path), headers)

        return _send(self._endpoint.read(request, work))

    def metrics(self, plural: str, name: str, tenant: str | None = None) -> Response:
        """What was measured last of one object."""
        requests.only(request)
        address = self._address(plural, name, tenant)
        return answer(200, self._endpoint.read(request, lambda ctx: measuring.latest(ctx, address)))

    def placement(self, plural: str, name: str, tenant: str | None = None) -> Response:
        """Why one object is on its host, or on none."""
        requests.only(request)
        address = self._address(plural, name, tenant)
        return answer(200, self._endpoint.read(request, lambda ctx: explaining.explain(ctx, address)))

    def _wait(self, address: Address, condition: str, timeout_s: float) -> Response:
        expected = requests.uid(request)

        def work(ctx: Context) -> tuple[bool, Any]:
            found = reading.get(ctx, address)
            if expected is not None and found.record.uid != expected:
                raise PextraError("object.uid_mismatch", f"The name of {address} belongs to another object.")
            body = views.view(ctx.cloud, ctx.tx, found.record, found.tenant_path)
            return holds(found.record, condition), Answer(200, body, _headers(found))

        def gone() -> tuple[bool, Any]:
            try:
                return False, self._endpoint.read(request, work)[1].body
            except PextraError as error:
                if error.code in ("object.not_found", "object.uid_mismatch"):
                    return True, Answer(204)
                raise

        def look() -> tuple[bool, Any]:
            held, seen = self._endpoint.read(request, work)
            return held, seen if held else seen.body

        if condition == "deleted":
            what, seeing = f"The {address} has not gone", gone
        else:
            what, seeing = f"The {address} did not become {condition}", look
        return _send(self._waits.until(seeing, timeout_s, what, tenant=requests.asking_tenant))

    def put(self, plural: str, name: str, tenant: str | None = None) -> Response:
        """Create or replace."""
        requests.only(request, "uid", "dry_run")
        return self._write(self._address(plural, name, tenant), writing.put)

    def patch(self, plural: str, name: str, tenant: str | None = None) -> Response:
        """Change by a merge patch."""
        requests.only(request, "uid", "dry_run")
        return self._write(self._address(plural, name, tenant), writing.patch)

    def _write(self, address: Address, use_case: UseCase) -> Response:
        body, preconditions = requests.body(request), requests.preconditions(request)
        if requests.flag(request, "dry_run"):
            return self._dry_run(address, lambda ctx: use_case(ctx, address, body, preconditions))
        return _send(
            self._endpoint.write(request, lambda ctx: _written(ctx, use_case(ctx, address, body, preconditions)))
        )

    def _dry_run(self, address: Address, work: Callable[[Context], Written]) -> Response:
        requests.idempotency_key(request)  # of no use here, but refused alike
        return answer(200, self._endpoint.plan(request, lambda ctx: planning.one(ctx, address, work)))

    def delete(self, plural: str, name: str, tenant: str | None = None) -> Response:
        """Delete."""
        requests.only(request, "uid", "dry_run", "cascade")
        address, preconditions = self._address(plural, name, tenant), requests.preconditions(request)
        cascade = requests.flag(request, "cascade")
        if requests.flag(request, "dry_run"):
            return self._dry_run(address, lambda ctx: deleting.delete(ctx, address, preconditions, cascade=cascade))

        def work(ctx: Context) -> Answer:
            outcome = deleting.delete(ctx, address, preconditions, cascade=cascade)
            if outcome.record is None:
                return Answer(204)
            return Answer(202, views.written(ctx.cloud, ctx.tx, outcome), _headers(Found(outcome.record, None)))

        return _send(self._endpoint.write(request, work))

    def act(self, plural: str, name: str, action: str, tenant: str | None = None) -> Response:
        """Ask for an action."""
        requests.only(request, "uid")
        address, uid = self._address(plural, name, tenant), requests.uid(request)
        body = requests.optional_body(request)
        if (address.kind.name, action) == ("user", SET_PASSWORD):
            return self._set_password(address, body, uid)
        if address.kind.action(action).mints is not None:
            return self._show(address, action, body, uid)

        def work(ctx: Context) -> Answer:
            outcome = acting.act(ctx, address, action, body, uid=uid)
            assert outcome.record is not None
            return Answer(202, views.written(ctx.cloud, ctx.tx, outcome), _headers(Found(outcome.record, None)))

        return _send(self._endpoint.write(request, work))

    def _show(self, address: Address, action: str, body: Any, uid: str | None) -> Response:
        def work(ctx: Context) -> Answer:
            shown = acting.show(ctx, address, action, body, uid=uid)
            return Answer(200, shown.body, minted=shown.minted)

        return _send(self._endpoint.write(request, work))

    def _set_password(self, address: Address, body: Any, uid: str | None) -> Response:
        proposed = self._endpoint.read(request, lambda ctx: self._passwords.propose(ctx, address, body, uid=uid))
        prepared = self._passwords.prepare(proposed)  # outside of any transaction: hashing takes long

        def work(ctx: Context) -> Answer:
            shown = self._passwords.set(ctx, address, prepared)
            return Answer(200, shown.body, minted=shown.minted)

        return _send(self._endpoint.write(request, work, keyed=False))


def _written(ctx: Context, outcome: Written) -> Answer:
    assert outcome.record is not None
    return Answer(
        201 if outcome.created else 200,
        views.written(ctx.cloud, ctx.tx, outcome),
        _headers(Found(outcome.record, None)),
        outcome.minted,
    )


def _headers(found: Found) -> dict[str, str]:
    record = found.record
    return {"ETag": record.etag, "Pextra-Revision": f'"{record.uid}-r{record.revision}"'}


def _send(result: Answer) -> Response:
    return answer(result.status, result.sent(), result.headers)
