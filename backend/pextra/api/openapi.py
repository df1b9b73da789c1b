"""The OpenAPI 3.1 document, made from the declarations."""

from __future__ import annotations

from typing import Any, Final

from pextra import __version__
from pextra.api import audit_openapi, gpu_usage
from pextra.api.schemas import OPENAPI_REF, model_schema, name_pattern, spec_schema, status_schema, title
from pextra.declaration.kind import PATH, Action, Kind, Scope, SpecModel
from pextra.declaration.registry import Registry
from pextra.errors import CODES
from pextra.services import access
from pextra.services.documents import LABEL_KEY, LABEL_VALUE, MAX_ANNOTATION, MAX_LABELS
from pextra.services.login import LoginRequest
from pextra.services.planning import MAX_CHANGES

_PROBLEMS: Final = ("400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429", "500", "503", "504")
_DESCRIBED: Final = {
    status: "; ".join(sorted({c.title for c in CODES.values() if str(c.status) == status})) for status in _PROBLEMS
}


_QUESTIONS: Final[tuple[type[SpecModel], ...]] = (access.Question, access.PolicyTest, LoginRequest)


def document(registry: Registry) -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = (
        _shared_schemas([kind.name for kind in registry]) | audit_openapi.schemas() | gpu_usage.schemas()
    )
    for model in _QUESTIONS:
        whole = model_schema(model)
        schemas |= whole.pop("$defs", {}) | {model.__name__: whole}
    paths: dict[str, Any] = _general_paths() | audit_openapi.paths() | gpu_usage.paths()
    for kind in registry:
        schemas |= _schemas(kind)
        paths |= _paths(kind)
        if kind.name == "image":
            paths |= _content(kind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pextra",
            "version": __version__,
            "description": "An API-first, multi-tenant private cloud; docs/api.md explains what this specifies.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "responses": {f"Problem{s}": _problem(s) for s in _PROBLEMS},
            "parameters": _PARAMETERS,
        },
    }


def _ref(name: str, part: str = "schemas") -> dict[str, str]:
    return {"$ref": f"#/components/{part}/{name}"}


def _problem(status: str) -> dict[str, Any]:
    return {
        "description": _DESCRIBED[status] or "Refused",
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }


def _problems(*statuses: str) -> dict[str, Any]:
    return {s: _ref(f"Problem{s}", "responses") for s in statuses}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _header(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": schema, "description": description}


_UID: Final = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
_KEY: Final = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
_FLAG: Final = {"type": "string", "enum": ["true", "false"]}

_PARAMETERS: Final[dict[str, Any]] = {
    "uid": _query("uid", _UID, "Refuse unless the object has this uid."),
    "dry_run": _query("dry_run", _FLAG, "Store nothing; answer with the change."),
    "cascade": _query("cascade", _FLAG, "Take along what depends on it."),
    "recursive": _query("recursive", _FLAG, "The objects of the tenant's descendants too."),
    "limit": _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}, "Size of a page; 100 without it."),
    "page": _query("page", {"type": "string", "maxLength": 2000}, "`next_page` of an earlier answer."),
    "labels": _query("labels", {"type": "string", "maxLength": 2000}, "A label selector."),
    "filter": _query("filter", {"type": "array", "items": {"type": "string"}, "maxItems": 16}, "`path=value`."),
    "wait": _query("wait", {"type": "string", "pattern": "^[a-z][a-z_]{0,62}$"}, "A condition, or `deleted`."),
    "timeout_s": _query("timeout_s", {"type": "integer", "minimum": 0, "maximum": 60}, "How long to wait."),
    "key": _header("Idempotency-Key", _KEY, "The same key and request give the same answer again, for 24 hours."),
    "if_match": _header("If-Match", {"type": "string", "pattern": "^[ -~]{1,200}$"}, "Refuse unless this is the ETag."),
    "create_only": _header("If-None-Match", {"const": "*"}, "Refuse when the object exists."),
    "known": _header("If-None-Match", {"type": "string"}, "A `Pextra-Revision`."),
    "after": _header("Pextra-After", _UID, "A `Pextra-Position`: see at least that write."),
}


def _parameters(*names: str) -> list[dict[str, str]]:
    return [_ref(n, "parameters") for n in names]


_READ_ONLY: Final = {
    name: {"description": "Written by the server; ignored, so that what was read can be sent back.", "readOnly": True}
    for name in ("resolved", "status", "minted")
}


def _schemas(kind: Kind) -> dict[str, Any]:
    name = title(kind)
    spec, status = spec_schema(kind, OPENAPI_REF), status_schema(kind, OPENAPI_REF)
    inner = spec.pop("$defs", {}) | status.pop("$defs", {})
    writable = {
        "kind": {"enum": [kind.name, None]},
        "metadata": {"anyOf": [_ref("WritableMetadata"), {"type": "null"}]},
        "spec": {"anyOf": [_ref(f"{name}Spec"), {"type": "null"}]},
        **_READ_ONLY,
    }
    whole = {
        "kind": {"const": kind.name},
        "metadata": _ref("Metadata"),
        "spec": _ref(f"{name}Spec"),
        "resolved": {"type": "object"},
        "status": _ref(f"{name}Status"),
    }
    if kind.mints:
        whole["minted"] = {
            "type": "object",
            "description": "The credential, in the answer that made it only.",
        }
    if kind.sample is not None:
        sample = kind.sample.model_json_schema(ref_template=OPENAPI_REF)
        inner |= sample.pop("$defs", {}) | {f"{name}Metrics": sample}
    return inner | {
        f"{name}Spec": spec,
        f"{name}Status": status,
        name: {
            "type": "object",
            "description": kind.description,
            "required": ["kind", "metadata", "spec", "resolved", "status"],
            "properties": whole,
        },
        f"{name}Write": {
            "type": "object",
            "properties": writable,
            "additionalProperties": False,
            **({"example": {"spec": kind.example["spec"]}} if kind.example else {}),
        },
        f"{name}List": {
            "type": "object",
            "required": ["kind", "items", "position"],
            "properties": {
                "kind": {"const": f"{kind.name}_list"},
                "items": {"type": "array", "items": _ref(name)},
                "next_page": {"type": "string"},
                "position": {"type": "string"},
            },
        },
    }


def _paths(kind: Kind) -> dict[str, Any]:
    prefix = "/v1/tenants/{tenant}" if kind.scope is Scope.TENANT else "/v1"
    tenant = [
        {
            "name": "tenant",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": _tenant_pattern(), "maxLength": 253},
        }
    ]
    shared = tenant if kind.scope is Scope.TENANT else []
    name = {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": name_pattern(kind), "maxLength": 253},
    }
    paths: dict[str, Any] = {
        f"{prefix}/{kind.plural}": {"parameters": shared, "get": _list(kind)},
        f"{prefix}/{kind.plural}/{{name}}": {
            "parameters": [*shared, name],
            "get": _get(kind),
            **({"put": _put(kind), "patch": _patch(kind)} if kind.writable else {}),
            **({"delete": _delete(kind)} if "delete" in kind.verbs else {}),
        },
    }
    if kind.sample is not None:
        paths[f"{prefix}/{kind.plural}/{{name}}/metrics"] = {"parameters": [*shared, name], "get": _metrics(kind)}
    if kind.placed:
        paths[f"{prefix}/{kind.plural}/{{name}}/placement"] = {"parameters": [*shared, name], "get": _placement(kind)}
    for action in kind.actions:
        arguments = action.arguments.model_json_schema(ref_template=OPENAPI_REF)
        body = {"type": "object", "properties": {"arguments": arguments}, "additionalProperties": False}
        paths[f"{prefix}/{kind.plural}/{{name}}/actions/{action.name}"] = {
            "parameters": [*shared, name],
            "post": {
                "operationId": f"{kind.name}_{action.name}",
                "summary": action.description,
                "parameters": _parameters("uid", "key"),
                "requestBody": {"required": False, "content": {"application/json": {"schema": body}}},
                "responses": {
                    **_acted(kind, action),
                    **_problems("400", "401", "403", "404", "409", "412", "413", "415", "422", "503"),
                },
            },
        }
    return paths


def _content(kind: Kind) -> dict[str, Any]:
    """The upload of an image's content."""
    of = _paths(kind)[f"/v1/tenants/{{tenant}}/{kind.plural}/{{name}}"]["parameters"]
    offset = _header("Upload-Offset", {"type": "integer", "minimum": 0}, "How many bytes came before these.")
    number = {"schema": {"type": "integer"}, "required": True}
    state = {"Upload-Offset": number, "Upload-Length": number, "Upload-Complete": {"schema": {"enum": ["?0", "?1"]}}}
    binary = {"application/partial-upload": {"schema": {"type": "string", "format": "binary"}}}
    return {
        f"/v1/tenants/{{tenant}}/{kind.plural}/{{name}}/content": {
            "parameters": of,
            "head": {
                "operationId": f"{kind.name}_upload_state",
                "summary": "How much of an upload has come.",
                "parameters": _parameters("uid", "after"),
                "responses": {
                    "200": {"description": "Where it goes on.", "headers": state},
                    **_problems("401", "403", "404", "409", "412", "422", "503"),
                },
            },
            "patch": {
                "operationId": f"{kind.name}_upload",
                "summary": "Upload what comes next of the content; with the last byte it is verified.",
                "parameters": [*_parameters("uid", "after"), {**offset, "required": True}],
                "requestBody": {"required": True, "content": binary},
                "responses": {
                    "204": {"description": "Where it goes on.", "headers": state},
                    **_problems("400", "401", "403", "404", "409", "412", "413", "415", "422", "503"),
                },
            },
        }
    }


def _metrics(kind: Kind) -> dict[str, Any]:
    return {
        "operationId": f"{kind.name}_metrics_get",
        "summary": f"What was measured last of one {kind.name}.",
        "parameters": _parameters("after"),
        "responses": {
            "200": _json(_ref(f"{title(kind)}Metrics"), "The latest sample."),
            **_problems("401", "404", "422", "503"),
        },
    }


def _placement(kind: Kind) -> dict[str, Any]:
    return {
        "operationId": f"{kind.name}_placement_get",
        "summary": f"Why one {kind.name} is on its host, or why on none now.",
        "parameters": _parameters("after"),
        "responses": {
            "200": _json(_ref("PlacementReasons"), "The reasons."),
            **_problems("401", "404", "422", "503"),
        },
    }


def _acted(kind: Kind, action: Action) -> dict[str, Any]:
    if action.mints is None:
        return {"202": _json(_ref("Operation"), "The operation that carries it out.")}
    minted = action.mints.model_json_schema(ref_template=OPENAPI_REF)
    replayed = {"type": "object", "required": ["shown_before"], "properties": {"shown_before": {"const": True}}}
    schema = {
        "type": "object",
        "required": ["target", "action", "arguments", "minted"],
        "properties": {
            "target": _ref("OperationTarget"),
            "action": {"const": action.name},
            "arguments": action.arguments.model_json_schema(ref_template=OPENAPI_REF),
            "minted": {"anyOf": [minted, replayed]},
        },
    }
    return {"200": _json(schema, f"What was minted of the {kind.name}; it is shown this once.")}


def _tenant_pattern() -> str:
    return f"^{PATH.pattern}$"


def _list(kind: Kind) -> dict[str, Any]:
    return {
        "operationId": f"{kind.name}_list",
        "summary": f"A page of {kind.plural}.",
        "parameters": _parameters("limit", "page", "labels", "filter", "recursive", "after"),
        "responses": {
            "200": _json(_ref(f"{title(kind)}List"), "The page."),
            **_problems("401", "404", "422", "503"),
        },
    }


def _get(kind: Kind) -> dict[str, Any]:
    return {
        "operationId": f"{kind.name}_get",
        "summary": f"One {kind.name}.",
        "parameters": _parameters("wait", "timeout_s", "uid", "known", "after"),
        "responses": {
            "200": _json(_ref(title(kind)), "The object."),
            "204": {"description": "It has gone (wait=deleted)."},
            "304": {"description": "Nothing has changed since that revision."},
            **_problems("401", "404", "412", "422", "503", "504"),
        },
    }


def _write(kind: Kind, verb: str, summary: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": f"{kind.name}_{verb}",
        "summary": summary,
        "parameters": _parameters("uid", "dry_run", "if_match", "create_only", "key"),
        "requestBody": {"required": True, "content": {media_type: {"schema": schema}}},
        "responses": {
            "200": _json({"anyOf": [_ref(title(kind)), _ref("Change")]}, "The object, or what a dry run found."),
            "201": _json(_ref(title(kind)), "The object that was made."),
            **_problems("400", "401", "403", "404", "409", "412", "413", "415", "422", "503"),
        },
    }


def _put(kind: Kind) -> dict[str, Any]:
    schema = _ref(f"{title(kind)}Write")
    return _write(kind, "put", f"Create or replace a {kind.name}.", "application/json", schema)


def _patch(kind: Kind) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": [kind.name, None]},
            "metadata": {"type": ["object", "null"]},
            "spec": {"type": ["object", "null"]},
            **_READ_ONLY,
        },
        "additionalProperties": False,
    }
    return _write(kind, "patch", f"Change a {kind.name} by a merge patch.", "application/merge-patch+json", schema)


def _delete(kind: Kind) -> dict[str, Any]:
    return {
        "operationId": f"{kind.name}_delete",
        "summary": f"Delete a {kind.name}.",
        "parameters": _parameters("uid", "dry_run", "cascade", "if_match", "key"),
        "responses": {
            "200": _json(_ref("Change"), "What a dry run found."),
            "202": _json(_ref(title(kind)), "The object, which is being deleted."),
            "204": {"description": "It has gone."},
            **_problems("401", "403", "404", "409", "412", "422", "503"),
        },
    }


def _exposition(name: str, summary: str, *problems: str) -> dict[str, Any]:
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "security": [],
            "responses": {
                "200": {"description": "Prometheus' format.", "content": text},
                **_problems("403", *problems),
            },
        }
    }


def _general_paths() -> dict[str, Any]:
    anything = {"type": "object"}

    def get(operation: str, summary: str, schema: dict[str, Any], *, secured: bool, **more: Any) -> dict[str, Any]:
        return {
            "get": {
                "operationId": operation,
                "summary": summary,
                "responses": {
                    "200": _json(schema, summary),
                    **more,
                    **(_problems("401", "422", "503") if secured else {}),
                },
                **({"parameters": _parameters("after")} if secured else {"security": []}),
            }
        }

    return {
        "/healthz": get("healthz", "The process answers.", anything, secured=False),
        "/readyz": get("readyz", "The process and its database answer.", anything, secured=False, **_problems("503")),
        "/metrics": _exposition("metrics", "What the process counts of itself."),
        "/metrics/cloud": _exposition("metrics_cloud", "What the cloud has and gives out, in gauges.", "503"),
        "/openapi.json": get("openapi", "This document.", anything, secured=False),
        "/v1/schemas/manifest.json": get("manifest_schema", "The JSON schema of manifests.", anything, secured=False),
        "/v1/capabilities": get("capabilities", "What this server can do.", anything, secured=False),
        "/v1/kinds": get("kinds", "Every kind, for the generation of clients.", anything, secured=True),
        "/v1/whoami": get("whoami", "Who is asking.", anything, secured=True),
        "/v1/schemas/cedar.json": get("policy_schema", "The Cedar schema of policies.", anything, secured=False),
        "/v1/roles": get("built_in_roles", "The roles that every cloud has.", anything, secured=True),
        "/v1/can-i": _question("can_i", "Whether the caller may do something, and what decides it.", access.Question),
        "/v1/policy-test": _question("test_policies", "What policies say of cases.", access.PolicyTest),
        "/v1/login": _login(),
        "/v1/watch": {"get": _watch()},
        "/v1/plan": {
            "post": {
                "operationId": "plan",
                "summary": "What a batch of changes would do.",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("PlanRequest")}},
                },
                "responses": {
                    "200": _json(_ref("Plan"), "The plan."),
                    **_problems("400", "401", "404", "413", "415", "422", "503"),
                },
            }
        },
    }


def _question(operation: str, summary: str, body: type[SpecModel]) -> dict[str, Any]:
    return {
        "post": {
            "operationId": operation,
            "summary": summary,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _ref(body.__name__)}},
            },
            "responses": {
                "200": _json({"type": "object"}, "The answer."),
                **_problems("400", "401", "404", "413", "415", "422", "503"),
            },
        }
    }


def _login() -> dict[str, Any]:
    minted = {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}}
    shown = {"type": "object", "required": ["minted"], "properties": {"minted": minted}}
    return {
        "post": {
            "operationId": "login",
            "summary": "Log in with a password; the answer shows the token of the session this once.",
            "security": [],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("LoginRequest")}}},
            "responses": {
                "201": _json({"allOf": [_ref("Session"), shown]}, "The session that was made."),
                **_problems("400", "401", "403", "413", "415", "422", "429", "503"),
            },
        }
    }


def _watch() -> dict[str, Any]:
    text = {"type": "string", "maxLength": 8192}
    return {
        "operationId": "watch",
        "summary": "Where what changes is streamed; docs/api.md describes the stream.",
        "parameters": [
            _query("tenant", text, "Whose objects."),
            _query("kind", text, "Of which kind; all of the tenant's without it."),
            _query("position", text, "Behind which position of a list or of an earlier watch; from now on without it."),
            *_parameters("recursive"),
        ],
        "responses": {
            "307": {
                "description": "The stream process.",
                "headers": {"Location": {"schema": {"type": "string"}, "required": True}},
            },
            **_problems("401", "422", "503"),
        },
    }


_WRITTEN_BY_THE_SERVER: Final = ("site", "generation", "revision", "etag", "created_at", "updated_at", "deleting")


def _shared_schemas(kinds: list[str]) -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    keys = {"pattern": f"^{LABEL_KEY.pattern}$"}
    labels = {
        "type": "object",
        "maxProperties": MAX_LABELS,
        "propertyNames": keys,
        "additionalProperties": {"type": "string", "pattern": f"^{LABEL_VALUE.pattern}$"},
    }
    annotations = {
        "type": "object",
        "maxProperties": MAX_LABELS,
        "propertyNames": keys,
        "additionalProperties": {"type": "string", "maxLength": MAX_ANNOTATION},
    }
    change = {
        "type": "object",
        "required": [
            "verb",
            "kind",
            "name",
            "action",
            "fields",
            "quota",
            "unknown",
            "problems",
            "preconditions",
        ],
        "properties": {
            "verb": {"enum": ["put", "delete"]},
            "kind": text,
            "tenant": {"type": ["string", "null"]},
            "name": text,
            "uid": text,
            "action": {"enum": ["create", "update", "restart", "replace", "delete", "none"]},
            "fields": {"type": "array", "items": {"type": "object"}},
            "quota": {"type": "object", "additionalProperties": {"type": "integer"}},
            "placement": {"type": "object"},
            "unknown": {"type": "array", "items": text},
            "problems": {"type": "array", "items": _ref("Problem")},
            "preconditions": {"type": "object"},
            "object": {"type": "object"},
            "takes_along": {
                "type": "object",
                "description": "What goes along with what is deleted: all of it counted, and named, up to a bound, "
                "what the caller may read.",
                "required": ["count", "kinds", "objects"],
                "properties": {
                    "count": number,
                    "kinds": {"type": "object", "additionalProperties": number},
                    "objects": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
    }
    counts = {"type": "object", "additionalProperties": number}
    return {
        "PlacementReasons": {
            "type": "object",
            "required": ["uid", "host", "waits", "message", "filters"],
            "properties": {
                "uid": text,
                "host": {"type": "string", "description": "The host's name; empty while it has none."},
                "waits": {"type": "boolean", "description": "Whether it has no host."},
                "message": {"type": "string", "description": "The reason in a sentence."},
                "filters": {
                    "type": "array",
                    "description": "What rejects hosts now, in the order in which it is asked.",
                    "items": {
                        "type": "object",
                        "required": ["name", "rejected", "why"],
                        "properties": {"name": text, "rejected": number, "why": text},
                    },
                },
                "decision": {
                    "type": "object",
                    "description": "What was decided when it was placed, or would be now.",
                    "properties": {
                        "why": text,
                        "hosts": number,
                        "eligible": number,
                        "rejected": counts,
                        "host": text,
                        "score": {"type": "object", "additionalProperties": {"type": "number"}},
                        "gpus": {"type": "array", "items": text},
                        "remedy": text,
                    },
                },
                "closest": {
                    "type": "object",
                    "description": "The host that lacks nothing but room, and of that least; only for who runs the "
                    "cloud.",
                    "required": ["host", "shortfall", "too_small", "lacks"],
                    "properties": {
                        "host": text,
                        "shortfall": counts,
                        "too_small": {"type": "boolean"},
                        "lacks": text,
                    },
                },
            },
        },
        "Problem": {
            "type": "object",
            "description": "RFC 9457, with a stable code.",
            "required": ["type", "title", "status", "detail", "code"],
            "properties": {
                "type": text,
                "title": text,
                "status": number,
                "detail": text,
                "code": {"enum": sorted(CODES)},
            },
        },
        "Metadata": {
            "type": "object",
            "required": [
                "name",
                "uid",
                "site",
                "labels",
                "annotations",
                "generation",
                "revision",
                "etag",
                "deleting",
            ],
            "properties": {
                "name": text,
                "tenant": text,
                "uid": text,
                "site": text,
                "labels": texts,
                "annotations": texts,
                "generation": number,
                "revision": number,
                "etag": text,
                "created_at": {"type": "string", "format": "date-time"},
                "updated_at": {"type": "string", "format": "date-time"},
                "deleting": {"type": "boolean"},
            },
        },
        "WritableMetadata": {
            "type": "object",
            "description": "Labels and annotations are written; `name`, `tenant` and `uid`, when given, must be those "
            "of the object; the rest is ignored, so that what was read can be sent back.",
            "additionalProperties": False,
            "properties": {
                "labels": {"anyOf": [labels, {"type": "null"}]},
                "annotations": {"anyOf": [annotations, {"type": "null"}]},
                **{name: {"type": ["string", "null"]} for name in ("name", "tenant", "uid")},
                **{name: {"readOnly": True} for name in _WRITTEN_BY_THE_SERVER},
            },
        },
        "Change": change,
        "PlanRequest": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "changes": {
                    "type": "array",
                    "maxItems": MAX_CHANGES,
                    "items": {
                        "type": "object",
                        "required": ["verb", "object"],
                        "properties": {
                            "verb": {"enum": ["put", "delete"]},
                            "object": {"type": "object", "description": "A manifest."},
                        },
                    },
                },
                "prune": {
                    "type": ["object", "null"],
                    "description": "Delete what bears the labels and is not among the changes.",
                    "required": ["labels", "tenant"],
                    "properties": {
                        "labels": {"type": "string", "minLength": 1},
                        "tenant": text,
                        "kinds": {"type": ["array", "null"], "items": {"enum": kinds}},
                    },
                },
            },
        },
        "Plan": {
            "type": "object",
            "required": ["changes", "quota", "summary"],
            "properties": {
                "changes": {"type": "array", "items": _ref("Change")},
                "quota": {"type": "object"},
                "summary": {"type": "object", "additionalProperties": {"type": "integer"}},
                "placement": {
                    "type": "object",
                    "description": "The instances that would be made, placed one after the other: how many, how many "
                    "of them fit, how many on which host, and the first that does not fit; absent without any.",
                    "required": ["wanted", "fit", "hosts"],
                    "properties": {
                        "wanted": number,
                        "fit": number,
                        "hosts": counts,
                        "first_unfit": {"type": "object"},
                    },
                },
            },
        },
    }
