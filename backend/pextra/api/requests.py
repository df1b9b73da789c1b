"""Reading a request: headers, parameters and bodies, each bounded and checked."""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, cast

from flask import Request, g

from pextra.errors import PextraError
from pextra.services.cloud import Preconditions, Principal
from pextra.services.documents import check_request_text

UID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
JSON_TYPES: Final = frozenset({"application/json", "application/merge-patch+json"})
MAX_WAIT_S: Final = 60.0
MAX_LIMIT: Final = 500
MAX_DEPTH: Final = 32


def bearer(request: Request) -> str | None:
    """The bearer token of the request, if it has one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.isprintable() else None


def asking_tenant() -> str:
    """The path of the tenant whose user asks, once it is known who asks; empty before."""
    principal: Principal | None = g.get("principal")
    return principal.tenant_path if principal is not None else ""


def check_printable(request: Request) -> None:
    """Refuse a path or parameter with control characters, which no object's name can hold.

    Raises:
        PextraError: `route.not_found`, `request.parameter`.
    """
    if not request.path.isprintable():
        raise PextraError("route.not_found", "There is no such route.")
    for name, value in request.args.items(multi=True):
        if not (name.isprintable() and value.isprintable()) or len(value) > 8192 or _lone_surrogate(name + value):
            raise PextraError("request.parameter", f"Parameter {name[:40]!r} has characters that cannot be.")


def _lone_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def body(request: Request) -> Any:
    """The JSON body.

    Raises:
        PextraError: `request.media_type`, `request.malformed`; `request.too_large` comes from Flask's own bound.
    """
    raw = request.get_data(cache=True)
    if not raw:
        raise PextraError("request.malformed", "A JSON body is required.")
    if request.mimetype not in JSON_TYPES:
        raise PextraError(
            "request.media_type", f"The body is {request.mimetype or 'of no type'}: send application/json."
        )
    try:
        value = json.loads(
            raw.decode(), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_duplicates
        )
        _check(value, 0)
        if value is None:
            raise ValueError("null says nothing")
    except (ValueError, RecursionError) as error:
        raise PextraError(
            "request.malformed", f"The body is not JSON that this server takes: {_short(error)}."
        ) from error
    return value


def _check(value: Any, depth: int) -> None:
    """Refuse what JSON can say and no database can keep."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("strings cannot hold NUL")
        value.encode()  # a lone surrogate is a ValueError
        return
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for name, member in cast("dict[str, Any]", value).items():
            _check(name, depth)
            _check(member, depth + 1)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            _check(item, depth + 1)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def optional_body(request: Request) -> Any:
    """The JSON body, or None when there is none."""
    return body(request) if request.get_data(cache=True) else None


def _short(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:160]


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object names one member twice")
    return result


def only(request: Request, *names: str) -> None:
    """Refuse every other parameter: one that is misspelt, or means nothing here, must not be passed over in silence.

    Raises:
        PextraError: `request.parameter`.
    """
    unknown = next((name for name in request.args if name not in names), None)
    if unknown is not None:
        known = f"there are {', '.join(names)}" if names else "there is none"
        raise PextraError("request.parameter", f"There is no parameter {unknown[:40]!r} here; {known}.")


def flag(request: Request, name: str) -> bool:
    """A boolean parameter, false when absent.

    Raises:
        PextraError: `request.parameter`.
    """
    value = request.args.get(name, "false")
    if value not in ("true", "false"):
        raise PextraError("request.parameter", f"{name} is true or false, not {value[:40]!r}.")
    return value == "true"


def limit(request: Request) -> int:
    """The size of a page.

    Raises:
        PextraError: `request.parameter`.
    """
    text = request.args.get("limit", "100")
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text) or int(text) > MAX_LIMIT:
        raise PextraError("request.parameter", f"limit is a number from 1 to {MAX_LIMIT}, not {text[:40]!r}.")
    return int(text)


def wait(request: Request) -> tuple[str, float] | None:
    """What is waited for and for how many seconds.

    Raises:
        PextraError: `request.parameter`.
    """
    what = request.args.get("wait")
    if what is None:
        return None
    if not re.fullmatch(r"[a-z][a-z_]{0,62}", what):
        raise PextraError("request.parameter", "wait is the name of a condition, or `deleted`.")
    text = request.args.get("timeout_s", "30")
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or float(text) > MAX_WAIT_S:
        raise PextraError("request.parameter", f"timeout_s is a number from 0 to {MAX_WAIT_S:g}, not {text[:40]!r}.")
    return what, float(text)


def moment(request: Request, name: str) -> int | None:
    """The time that the parameter says, in microseconds since 1970; in UTC unless it says otherwise.

    Raises:
        PextraError: `request.parameter`.
    """
    text = request.args.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return int(found.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise PextraError(
            "request.parameter", f"{name} is a time such as 2027-01-31T12:00:00Z, not {text[:40]!r}."
        ) from error


def uid(request: Request) -> str | None:
    """The uid that the object must have.

    Raises:
        PextraError: `request.parameter`.
    """
    value = request.args.get("uid")
    if value is not None and not UID.fullmatch(value):
        raise PextraError("request.parameter", f"uid is a UUID in lower case, not {value[:40]!r}.")
    return value


def preconditions(request: Request) -> Preconditions:
    """What must hold for the write to happen.

    Raises:
        PextraError: `request.parameter`.
    """
    none_match = request.headers.get("If-None-Match")
    if none_match is not None and none_match.strip() != "*":
        raise PextraError("request.parameter", "If-None-Match on a write is `*` (create only).")
    etag = request.headers.get("If-Match")
    if etag is not None:
        check_request_text("If-Match", etag, 200)
    return Preconditions(create_only=none_match is not None, etag=etag, uid=uid(request))


def idempotency_key(request: Request) -> str | None:
    """The client's key for this request.

    Raises:
        PextraError: `request.parameter`.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        check_request_text("Idempotency-Key", key, 255)
    return key


def after(request: Request) -> str | None:
    """The write that a read must see.

    Raises:
        PextraError: `request.parameter`.
    """
    token = request.headers.get("Pextra-After")
    if token is not None and not UID.fullmatch(token):
        raise PextraError("request.parameter", "Pextra-After is a Pextra-Position that this server gave.")
    return token


def digest(request: Request) -> str:
    """What makes two requests under one idempotency key the same request."""
    parts = (
        request.method,
        request.full_path,
        request.headers.get("If-Match", ""),
        request.headers.get("If-None-Match", ""),
    )
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + request.get_data(cache=True)).hexdigest()
