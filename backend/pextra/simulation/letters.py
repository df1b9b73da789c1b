"""What users send: addresses and requests, with what the simulation has to know of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pextra_client.messages import Request


@dataclass(frozen=True, slots=True)
class Where:
    """The address of an object, or of a list when the name is empty; without a tenant, of a cloud-wide one."""

    tenant: str | None
    plural: str
    name: str

    @property
    def path(self) -> str:
        """The path of the URL."""
        inside = f"/tenants/{self.tenant}" if self.tenant is not None else ""
        return f"/v1{inside}/{self.plural}{f'/{self.name}' if self.name else ''}"

    def __str__(self) -> str:
        return self.path.removeprefix("/v1/")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants to ask for.

    Attributes:
        foreign: the user has no right to see what is there.
    """

    method: str
    where: Where
    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    action: str | None = None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A wish in writing. Sent any number of times, it is the same request.

    Attributes:
        tenant: the tenant of the user who sends it.
        key: the idempotency key.
    """

    sender: str
    tenant: str
    wish: Wish
    key: str | None
    request: Request

    @property
    def where(self) -> Where:
        """What it is about."""
        return self.wish.where

    @property
    def action(self) -> str | None:
        """The action that it asks for."""
        return self.wish.action

    @property
    def uid(self) -> str | None:
        """The uid that the object has to have."""
        return self.wish.query.get("uid")

    @property
    def cascades(self) -> bool:
        """Whether what depends on the object goes along."""
        return "cascade" in self.wish.query

    @property
    def writes(self) -> bool:
        """Whether it makes or changes the object."""
        return self.wish.method in ("PUT", "PATCH") and "dry_run" not in self.wish.query

    @property
    def deletes(self) -> bool:
        """Whether it deletes the object."""
        return self.wish.method == "DELETE"

    @property
    def reads(self) -> bool:
        """Whether it asks for one object."""
        return self.wish.method == "GET" and self.where.name != ""

    def __str__(self) -> str:
        return f"{self.sender} {self.request.method} {self.request.target.removeprefix('/v1/')}"


def letter_of(sender: str, tenant: str, token: str, wish: Wish, key: str) -> Letter:
    """The wish as the user sends it; everything that changes something goes under the idempotency key."""
    changes = wish.method != "GET" and "dry_run" not in wish.query
    headers = {"Authorization": f"Bearer {token}", **wish.headers}
    if changes:
        headers["Idempotency-Key"] = key
    if wish.body is not None:
        patch = wish.method == "PATCH"
        headers["Content-Type"] = "application/merge-patch+json" if patch else "application/json"
    action = f"/actions/{wish.action}" if wish.action is not None else ""
    query = f"?{urlencode(wish.query)}" if wish.query else ""
    body = json.dumps(wish.body).encode() if wish.body is not None else None
    request = Request(method=wish.method, target=f"{wish.where.path}{action}{query}", headers=headers, body=body)
    return Letter(sender, tenant, wish, key if changes else None, request)
