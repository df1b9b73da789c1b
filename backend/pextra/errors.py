"""Every error of the product, as data.

A code is a promise to programs: the list below only grows, a code is never renamed or reused, and
each one has a test. The message is for people: what was wrong, with what value, and what to do.

Source: RFC 9457 (problem details); the list-of-codes idea is OpenStack Placement's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Code:
    """What one error code means on the wire."""

    status: int
    title: str


CODES: Final[dict[str, Code]] = {
    # 400, 413, 415, 422: the request is wrong; sending it again will not help
    "request.malformed": Code(400, "The request cannot be read"),
    "request.too_large": Code(413, "The request body is too large"),
    "request.media_type": Code(415, "The media type is not supported"),
    "request.method": Code(405, "The method is not allowed here"),
    "request.parameter": Code(422, "A query parameter or header is invalid"),
    "spec.invalid": Code(422, "The object is invalid"),
    "spec.immutable": Code(422, "An immutable field would change"),
    "reference.not_found": Code(422, "A referenced object does not exist"),
    "reference.circular": Code(422, "Objects would refer to each other in a circle"),
    "idempotency.mismatch": Code(422, "The idempotency key was used for another request"),
    "upload.digest_mismatch": Code(422, "The uploaded content is not what was declared"),
    "agent.csr_invalid": Code(422, "The certificate signing request is not acceptable"),
    "action.unknown": Code(404, "There is no such action"),
    # 401, 403, 404: who is asking
    "auth.unauthenticated": Code(401, "Authentication is required"),
    "agent.unauthenticated": Code(401, "A host agent's certificate is required"),
    "agent.join_refused": Code(403, "The join token is not valid"),
    "console.ticket_refused": Code(401, "The console's ticket is not valid"),
    "auth.login_failed": Code(401, "The login failed"),
    "auth.wrong_password": Code(403, "The present password is wrong"),
    "auth.password_change_required": Code(403, "The password must be changed first"),
    "auth.denied": Code(403, "The principal may not do this"),
    "auth.escalation": Code(403, "Nobody can give more than they have"),
    "tenant.suspended": Code(403, "The tenant is suspended"),
    "object.not_found": Code(404, "There is no such object"),
    "route.not_found": Code(404, "There is no such route"),
    # 409, 412, 410: the state of the cloud stands against it
    "object.exists": Code(412, "The object exists already"),
    "object.deleting": Code(409, "The object is being deleted"),
    "object.in_use": Code(409, "Other objects refer to this one"),
    "object.conflict": Code(409, "The object conflicts with another"),
    "object.stale": Code(412, "The object has changed since it was read"),
    "object.uid_mismatch": Code(412, "The name belongs to another object"),
    "operation.finished": Code(409, "The operation has finished already"),
    "policy.locks_out": Code(409, "The policy would shut out its author"),
    "quota.exceeded": Code(409, "A quota would be exceeded"),
    "quota.below_use": Code(409, "A limit would fall below what is in use"),
    "instance.not_running": Code(409, "The instance is not running"),
    "console.unavailable": Code(409, "There is no such console"),
    "upload.unexpected": Code(409, "The image takes no upload"),
    "upload.offset": Code(409, "The upload goes on elsewhere"),
    "upload.busy": Code(409, "Somebody else is uploading"),
    "capacity.none": Code(409, "No host can take this"),
    "address.exhausted": Code(409, "The subnet has no free address"),
    "watch.expired": Code(410, "The stream position is no longer kept"),
    # 429, 503, 504: try again
    "auth.too_many_attempts": Code(429, "Too many attempts"),
    "server.busy": Code(503, "The server is busy"),
    "store.unavailable": Code(503, "The database cannot be reached"),
    "store.contention": Code(503, "Too many writers at once"),
    "store.full": Code(503, "The database cannot write: its disk is full"),
    "upload.full": Code(503, "There is no room for uploads"),
    "keys.unavailable": Code(503, "The key-encryption key cannot be used now"),
    "identity.unavailable": Code(503, "The identity provider cannot be asked now"),
    "wait.timeout": Code(504, "The condition was not reached in time"),
    # 500: ours
    "server.error": Code(500, "The server failed"),
    "keys.lost": Code(500, "The key-encryption key is not there"),
    "keys.damaged": Code(500, "A sealed value does not open"),
}

RETRYABLE: Final = frozenset(
    {
        "server.busy",
        "store.unavailable",
        "store.contention",
        "store.full",
        "upload.full",
        "keys.unavailable",
        "identity.unavailable",
    }
)


class PextraError(Exception):
    """A refusal with a stable code.

    Args:
        code: a key of `CODES`.
        message: what was wrong, with what value, and what to do about it.
        **facts: machine-readable details; they become members of the problem document. Never a
            secret, and never anything about an object that the caller may not read.
    """

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        if code not in CODES:
            raise ValueError(f"unregistered error code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = facts

    @property
    def status(self) -> int:
        """The HTTP status of this error's code."""
        return CODES[self.code].status

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 document of this error."""
        kind = CODES[self.code]
        return {
            "type": f"urn:pextra:error:{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.message,
            "code": self.code,
            **self.facts,
        }


def invalid(errors: list[dict[str, Any]], what: str) -> PextraError:
    """A `spec.invalid` that lists every field at fault.

    Args:
        errors: one `{"field": "spec.size_gib", "message": …, "value": …}` for each fault.
        what: the kind and name, for the message.
    """
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return PextraError(
        "spec.invalid",
        f"{what}: {first['field']}: {first['message']}{more}",
        errors=errors,
    )
