"""Where a request came from, and what of its refusal belongs into the audit log."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from flask import Request, g

from pextra.declaration.kind import Scope
from pextra.declaration.registry import Registry
from pextra.errors import PextraError
from pextra.services.auditing import Refused
from pextra.services.cloud import Origin, Principal
from pextra.services.login import Named
from pextra.services.refusals import Refusals, is_noted

MOST_AGENT: Final = 200
MOST_HOPS: Final = 16
_VERBS: Final = {"PUT": "write", "PATCH": "update", "DELETE": "delete", "GET": "read", "HEAD": "read"}

Network = IPv4Network | IPv6Network


def address_of(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The client's address: the peer's, or what the last proxy says that is not itself one of ours.

    Args:
        peer: the other end of the connection.
        forwarded: the header `X-Forwarded-For`, which anybody can write; it is read from its end, as far as those
            who wrote it are trusted.
    """
    client = _parsed(peer)
    for hop in reversed(forwarded.split(",")[-MOST_HOPS:]):
        if client is None or not any(client in network for network in trusted):
            break
        said = _parsed(hop.strip())
        if said is None:
            break
        client = said
    return str(client) if client is not None else ""


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def origin_of(request: Request, trusted: Sequence[Network]) -> Origin:
    """Where the request came from."""
    agent = request.headers.get("User-Agent", "")[:MOST_AGENT]
    forwarded = request.headers.get("X-Forwarded-For", "")[:1024] if trusted else ""
    return Origin(
        address_of(request.remote_addr or "", forwarded, trusted),
        agent if agent.isprintable() else "",
        g.get("request_id", ""),
    )


def note_refusal(refusals: Refusals, registry: Registry, request: Request, origin: Origin, error: PextraError) -> None:
    """Note that the request was refused, if that belongs into the audit log."""
    principal: Principal | None = g.get("principal")
    named: Named | None = g.get("named")
    if named is not None:
        if error.status in (401, 403, 429):
            what = Refused(None, origin, "session.create", "user", named.tenant, named.user, error.code)
            reason = f"identity provider {named.provider} was asked" if named.provider else ""
            refusals.note(replace(what, chain=named.chain, reason=reason))
        return
    if principal is None and error.status not in (401, 403):
        return  # refused before anybody was recognised, for what was wrong with the request itself
    path = request.view_args or {}
    kind = registry.routed(path.get("plural", ""))
    name, tenant = path.get("name", ""), path.get("tenant")
    dry = request.args.get("dry_run") == "true" or request.path == "/v1/plan"
    mutation = request.method not in ("GET", "HEAD") and not dry
    if kind is None or principal is None:
        reached = True
    elif kind.scope is Scope.TENANT:
        reached = tenant is not None and principal.reaches(tenant)
    else:
        reached = principal.is_cloud or (kind.name == "tenant" and principal.reaches(name))
    if not is_noted(error, mutation=mutation, reached=reached):
        return
    what = kind.name if kind is not None else (request.endpoint or "none").rpartition(".")[2]
    verb = path.get("action") or _VERBS.get(request.method, "other")
    action = f"{what}.{verb}" if kind is not None else what
    refusals.note(
        Refused(
            principal,
            origin,
            str(error.facts.get("action", action)),
            kind.name if kind is not None else "",
            tenant,
            name,
            error.code,
            str(error.facts.get("reason", "")),
        )
    )
