"""The route that tells how long a tenant's instances had GPUs, and what the OpenAPI document says of it."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Request, Response, request

from pextra.api import requests
from pextra.api.endpoint import Endpoint
from pextra.api.responses import answer
from pextra.declaration.kind import PATH
from pextra.errors import PextraError
from pextra.services import gpu_usage
from pextra.services.gpu_usage import LONGEST_DAYS, UsageQuery
from pextra.store.gpu_usage import DIMENSIONS


def blueprint(endpoint: Endpoint) -> Blueprint:
    """The route."""
    routes = Blueprint("gpu_usage", __name__)

    @routes.get("/v1/tenants/<tenant>/gpu-usage")
    def summed(tenant: str) -> Response:
        requests.only(request, "since", "until", "by", "recursive", "limit", "page")
        query = UsageQuery(
            tenant,
            recursive=requests.flag(request, "recursive"),
            since_us=_since_1970(request, "since"),
            until_us=_since_1970(request, "until"),
            by=_dimensions(request),
            limit=requests.limit(request),
            page=request.args.get("page"),
        )
        return answer(200, endpoint.read(request, lambda ctx: gpu_usage.summed(ctx, query)))

    del summed
    return routes


def _since_1970(request: Request, name: str) -> int | None:
    found = requests.moment(request, name)
    if found is not None and found < 0:
        raise PextraError("request.parameter", f"{name} is a time after 1970, not {request.args[name][:40]!r}.")
    return found


def _dimensions(request: Request) -> tuple[str, ...]:
    text = request.args.get("by")
    if text is None:
        return ()
    names = tuple(text.split(","))
    if len(set(names)) != len(names) or not set(names) <= set(DIMENSIONS):
        raise PextraError(
            "request.parameter", f"by is some of {', '.join(DIMENSIONS)}, with commas between, not {text[:40]!r}."
        )
    return names


# --- what the OpenAPI document says ---

_TEXT: Final = {"type": "string"}
_OR_NULL: Final = {"type": ["string", "null"]}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_DECIMAL: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,9})?$"}
_BY: Final = "|".join(DIMENSIONS)


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _ref(name: str, part: str = "schemas") -> dict[str, str]:
    return {"$ref": f"#/components/{part}/{name}"}


def paths() -> dict[str, Any]:
    """The route."""
    summary = "A page of sums of how long the tenant's instances had GPUs."
    tenant = {"type": "string", "pattern": f"^{PATH.pattern}$", "maxLength": 253}
    problems = ("401", "403", "404", "422", "503")
    return {
        "/v1/tenants/{tenant}/gpu-usage": {
            "parameters": [{"name": "tenant", "in": "path", "required": True, "schema": tenant}],
            "get": {
                "operationId": "gpu_usage_list",
                "summary": summary,
                "parameters": [
                    _query("since", _MOMENT, "From this time on; by default from the beginning of the month."),
                    _query(
                        "until", _MOMENT, f"Until this time, at most {LONGEST_DAYS} days later; by default until now."
                    ),
                    _query(
                        "by",
                        {"type": "string", "pattern": f"^({_BY})(,({_BY})){{0,{len(DIMENSIONS) - 1}}}$"},
                        "By what is summed, with commas between; `model,profile` without it.",
                    ),
                    _ref("recursive", "parameters"),
                    _ref("limit", "parameters"),
                    _ref("page", "parameters"),
                    _ref("after", "parameters"),
                ],
                "responses": {
                    "200": {"description": summary, "content": {"application/json": {"schema": _ref("GpuUsageList")}}},
                    **{status: _ref(f"Problem{status}", "responses") for status in problems},
                },
            },
        }
    }


def schemas() -> dict[str, Any]:
    """Its schemas."""
    of_profile = "With `profile`, of the parts: "
    return {
        "GpuUsage": {
            "type": "object",
            "required": ["parts", "gpu_seconds", "part_seconds"],
            "properties": {
                "tenant": {**_OR_NULL, "description": "With `tenant` or `instance`; null when it has gone."},
                "tenant_uid": {**_TEXT, "description": "With `tenant` or `instance`."},
                "model": {**_TEXT, "description": "With `model`."},
                "mode": {**_TEXT, "description": f"{of_profile}how they are handed out."},
                "slice": {**_TEXT, "description": f"{of_profile}the MIG profile or the vGPU type, or empty."},
                "milli": {"type": "integer", "description": f"{of_profile}thousandths of a GPU."},
                "instance": {**_OR_NULL, "description": "With `instance`; null when it has gone."},
                "instance_uid": {**_TEXT, "description": "With `instance`."},
                "parts": {"type": "integer", "description": "How many GPUs, and parts of GPUs, were had."},
                "gpu_seconds": {**_DECIMAL, "description": "Exact: a quarter of a GPU for 2 seconds is `0.5`."},
                "part_seconds": {**_DECIMAL, "description": "Exact: a quarter of a GPU for 2 seconds is `2`."},
            },
        },
        "GpuUsageList": {
            "type": "object",
            "required": ["kind", "since", "until", "by", "items"],
            "properties": {
                "kind": {"const": "gpu_usage_list"},
                "since": _MOMENT,
                "until": _MOMENT,
                "by": {"type": "array", "items": {"enum": list(DIMENSIONS)}},
                "items": {"type": "array", "items": _ref("GpuUsage")},
                "next_page": {"type": "string", "description": "Says the window, too: it does not move meanwhile."},
            },
        },
    }
