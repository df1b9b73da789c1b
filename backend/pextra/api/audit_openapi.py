"""What the OpenAPI document says of the audit log."""

from __future__ import annotations

from typing import Any, Final

from pextra.declaration.kind import PATH

_TEXT: Final = {"type": "string"}
_HASH: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_PLACE: Final = {"type": "integer", "minimum": 1, "maximum": 999_999_999_999_999_999}
_TENANT: Final = {
    "name": "tenant",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{PATH.pattern}$", "maxLength": 253},
}
_OF_UID: Final = {
    "name": "uid",
    "in": "query",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    "description": "Of the tenant, where several had the path one after the other.",
}


def _query(name: str, schema: dict[str, Any], description: str, *, required: bool = False) -> dict[str, Any]:
    found = {"name": name, "in": "query", "schema": schema, "description": description}
    return found | ({"required": True} if required else {})


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _ref(name: str, part: str = "schemas") -> dict[str, str]:
    return {"$ref": f"#/components/{part}/{name}"}


def _route(operation: str, summary: str, answer: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "parameters": [_TENANT],
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [*parameters, _OF_UID, _ref("after", "parameters")],
            "responses": {
                "200": {"description": summary, "content": answer},
                **{status: _ref(f"Problem{status}", "responses") for status in ("401", "403", "404", "422", "503")},
            },
        },
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def paths() -> dict[str, Any]:
    """Its routes."""
    prefix = "/v1/tenants/{tenant}/audit"
    moment = {"type": "string", "format": "date-time"}
    return {
        prefix: _route(
            "audit_list",
            "A page of the tenant's audit log.",
            _json(_ref("AuditEntryList")),
            _query("since", moment, "Made at this time or later."),
            _query("until", moment, "Made before this time."),
            _query("principal", _text(253), "Name or uid of who did it."),
            _query("action", _text(127), "What the action begins with, such as `instance.`."),
            _query("kind", _text(63), "Of the object."),
            _query("name", _text(253), "Of the object, or its uid."),
            _query("outcome", {"enum": ["succeeded", "refused"]}, "How it ended."),
            _query("order", {"enum": ["newest", "oldest"]}, "What comes first; `newest` without it."),
            _ref("limit", "parameters"),
            _query("page", {"type": "string", "pattern": "^[0-9]{1,18}$"}, "`next_page` of an earlier answer."),
        ),
        f"{prefix}/head": _route("audit_head", "The newest signed head of the chain.", _json(_ref("AuditHead"))),
        f"{prefix}/proof": _route(
            "audit_proof",
            "The proof that an entry is in the chain.",
            _json(_ref("AuditInclusion")),
            _query("sequence", _PLACE, "Of the entry.", required=True),
            _query("size", _PLACE, "Of a head that was signed; the newest without it."),
        ),
        f"{prefix}/consistency": _route(
            "audit_consistency",
            "The proof that the chain continues an earlier one.",
            _json(_ref("AuditConsistency")),
            _query("from", _PLACE, "Size of the earlier one.", required=True),
            _query("to", _PLACE, "Size of a head that was signed; the newest without it."),
        ),
        f"{prefix}/export": _route(
            "audit_export",
            "Entries as JSON lines, at most 10,000; docs/audit.md describes them.",
            {"application/x-ndjson": {"schema": _TEXT}},
            _query("from", _PLACE, "The first entry; the oldest that is kept without it."),
            _query("to", _PLACE, "The last entry; the newest without it."),
        ),
    }


def schemas() -> dict[str, Any]:
    """Its schemas."""
    head = {
        "type": "object",
        "description": "What is signed, as canonical JSON.",
        "required": ["purpose", "site", "tenant", "size", "root", "chain_hash", "at", "key"],
        "properties": {
            "purpose": _TEXT,
            "site": _TEXT,
            "tenant": _TEXT,
            "size": {"type": "integer"},
            "root": _HASH,
            "chain_hash": _HASH,
            "at": {"type": "string", "format": "date-time"},
            "key": _HASH,
        },
    }
    signed = {"head": head, "signature": {"type": "string", "pattern": "^[0-9a-f]{128}$"}, "public_key": _TEXT}
    path = {"type": "array", "items": _HASH}
    return {
        "AuditEntry": {
            "type": "object",
            "required": ["version", "id", "at", "site", "tenant", "sequence", "action", "outcome", "principal"],
            "properties": {
                "version": {"const": 1},
                "id": _TEXT,
                "at": {"type": "string", "format": "date-time"},
                "site": _TEXT,
                "tenant": _TEXT,
                "sequence": {"type": "integer", "minimum": 1},
                "action": _TEXT,
                "outcome": {"enum": ["succeeded", "refused"]},
                "principal": {"type": "object"},
                "source": {"type": "object"},
                "object": {"type": "object"},
                "changes": {"type": "array", "items": {"type": "object"}},
                "reason": _TEXT,
                "error": _TEXT,
                "count": {"type": "integer", "minimum": 2},
            },
        },
        "AuditEntryList": {
            "type": "object",
            "required": ["kind", "items", "size"],
            "properties": {
                "kind": {"const": "audit_entry_list"},
                "items": {"type": "array", "items": _ref("AuditEntry")},
                "size": {"type": "integer", "description": "How many entries the chain has."},
                "next_page": {"type": "string", "description": "A page may be short, or empty, and not the last."},
            },
        },
        "AuditHead": {
            "type": "object",
            "required": ["type", "head", "signature", "public_key"],
            "properties": {"type": {"const": "head"}, "tenant_path": _TEXT, **signed},
        },
        "AuditInclusion": {
            "type": "object",
            "required": ["type", "sequence", "leaf_hash", "path", "head", "signature", "public_key"],
            "properties": {
                "type": {"const": "inclusion"},
                "sequence": {"type": "integer"},
                "leaf_hash": _HASH,
                "path": path,
                "entry": _ref("AuditEntry"),
                **signed,
            },
        },
        "AuditConsistency": {
            "type": "object",
            "required": ["type", "from", "path", "head", "signature", "public_key"],
            "properties": {"type": {"const": "consistency"}, "from": {"type": "integer"}, "path": path, **signed},
        },
    }
