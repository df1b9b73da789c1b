"""A second tenant that has all that the first has, under the same names, and what it learns from its requests.

Each request is sent for what the first tenant has, for a name that it has not, and for a tenant that there is not; the
names are of one length, so that nothing but the site can make the answers differ.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event

from pextra.declaration.kind import Kind, Scope
from pextra.resources import REGISTRY
from pextra.store.database import Database
from tests.api import logins
from tests.api.caller import Answer, Caller
from tests.api.everything import SPECS, make_everything
from tests.api.site import Site
from tests.api.templates import SqliteTemplate
from tests.store.clock import ManualClock

TENANT, NO_TENANT = "acme", "acne"
REFUSAL_WINDOW_S: Final = 601.0
"""Alike refusals are noted one by one at first and then rarely: what is compared begins in a new window each."""

_MORE: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "floating_ip": ("tenants/acme/floating_ips/web", {"instance": "web-1", "pool": "public"}),
    "load_balancer": (
        "tenants/acme/load_balancers/web",
        {
            "router": "core",
            "network": "front",
            "address": "10.1.0.20",
            "listeners": [
                {
                    "protocol": "tcp",
                    "port": 80,
                    "to_port": 8080,
                    "affinity_s": 60,
                    "check": {"interval_s": 2, "timeout_s": 3, "successes": 1, "failures": 2},
                }
            ],
            "members": [{"instance": "web-1", "card": 0}],
            "selector": {"made-by": "tests"},
            "description": "the shop",
        },
    ),
    "join_token": ("join_tokens/sim-1", {"host": "sim-1"}),
}
EVERYTHING: Final = SPECS | _MORE
"""One object of every kind that users write, most of them of the first tenant: path and spec by kind."""


@dataclass(frozen=True)
class Foreign:
    """One object of the first tenant, and how it is called.

    Attributes:
        plural: of its kind, as in routes.
        name: its own.
        view: as its owner sees it.
        revision: its `Pextra-Revision`.
    """

    kind: str
    plural: str
    name: str
    view: dict[str, Any]
    revision: str

    @property
    def uid(self) -> str:
        """Its uid."""
        return self.view["metadata"]["uid"]

    @property
    def etag(self) -> str:
        """Its ETag."""
        return self.view["metadata"]["etag"]

    @property
    def absent_name(self) -> str:
        """A name as long that no object has."""
        return self.name[:-1] + "q"


def below_globex(value: Any) -> Any:
    """The same, said of the second tenant."""
    return json.loads(json.dumps(value).replace("acme", "globex"))


def populate_both(site: Site) -> None:
    """Give `acme` an object of every kind, shared with nobody, and `globex` the same."""
    make_everything(site)
    for path, spec in _MORE.values():
        site.admin.put(path, spec).ok()
    site.ada.patch("tenants/acme/shares/mine", {"spec": {"tenants": []}}).ok()
    for kind, (path, spec) in EVERYTHING.items():
        if path.startswith("tenants/acme"):
            alike = below_globex(spec | {"tenants": []} if kind == "share" else spec)
            site.admin.put(below_globex(path), alike, labels={"made-by": "tests"}).ok()
    for caller, tenant in ((site.ada, "acme"), (site.gus, "globex")):
        caller.act(f"tenants/{tenant}/instances/web-1", "reboot").ok()
    app = logins.server(site)
    for user, tenant in (("ada", "acme"), ("gus", "globex")):
        logins.set_password(site, app, path=f"tenants/{tenant}/users/{user}")
        logins.log_in(app, user=user, tenant=tenant).ok()
    site.number_events()


@contextmanager
def opened(template: SqliteTemplate, folder: Path) -> Generator[Site]:
    """A site of both, for several tests that leave what it holds as it is."""
    clock = ManualClock()
    clock.advance(60.0)
    url = template.copy(folder / "site.db")
    database = Database(url, clock=clock, rng=random.Random(url), durable=False)
    try:
        site = Site(database, clock, template.tokens, depot=folder / "depot")
        populate_both(site)
        yield site
    finally:
        database.close()


@contextmanager
def suspended(site: Site, *, suspend: bool) -> Generator[None]:
    """The first tenant is suspended meanwhile, or not."""
    site.admin.patch("tenants/acme", {"spec": {"suspended": suspend}}).ok()
    try:
        yield
    finally:
        site.admin.patch("tenants/acme", {"spec": {"suspended": False}}).ok()


def path_of(kind: Kind, tenant: str = TENANT) -> str:
    """The path of the list of the kind's objects."""
    return f"tenants/{tenant}/{kind.plural}" if kind.scope is Scope.TENANT else kind.plural


def foreign_objects(site: Site) -> dict[str, Foreign]:
    """One object of each kind that the second tenant has no part in, by the kind's plural.

    A new kind needs an object in `tests/api/everything.py`, or here.
    """
    found: dict[str, Foreign] = {}
    for kind in REGISTRY:
        tenant = "acme.ops" if kind.name == "quota" else TENANT
        made = EVERYTHING.get(kind.name)
        listed = [view["metadata"]["name"] for view in site.admin.get(path_of(kind, tenant)).ok()["items"]]
        name = TENANT if kind.name == "tenant" else made[0].rpartition("/")[2] if made is not None else ""
        name = name if name in listed else next(iter(listed), "")
        assert name, f"There is no {kind.name} to hide: make one in tests/api/everything.py."
        answer = site.admin.get(f"{path_of(kind, tenant)}/{name}")
        found[kind.plural] = Foreign(
            kind.name, kind.plural, name, answer.ok(), answer.headers.get("Pextra-Revision", "")
        )
    return found


@contextmanager
def counted(site: Site) -> Generator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    statements: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        del conn, cursor, rest
        statements.append(_PLACES.sub("(?)", statement))

    engine = site.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


_PLACES: Final = re.compile(r"\(\?(, \?)*\)")
"""One statement may look for more names than the other: how many there are follows from the path that was asked for."""


Said = tuple[int, str, dict[str, str], list[str]]


def said(site: Site, send: Callable[[], Answer], *names: str) -> Said:
    """All that is learned from a request: status, body, headers and what the database had to do.

    Args:
        names: of which the request speaks, and the answer therefore may; they are made one.
    """
    with counted(site) as statements:
        answer = send()
    headers = {k: v for k, v in answer.headers.items() if k != "Pextra-Request-Id"}
    text = without(answer.text, *names)
    if "Content-Length" in headers:
        headers["Content-Length"] = str(int(headers["Content-Length"]) - len(answer.text) + len(text))
    return answer.status, text, headers, statements


def without(text: str, *names: str) -> str:
    """The text with each name, where it stands for itself, as NAME."""
    for name in filter(None, names):
        text = re.sub(rf"(?<![a-z0-9-]){re.escape(name)}(?=['\"/.#])", "NAME", text)
    return text


Target = tuple[str, str]


def targets(foreign: Foreign) -> Iterator[Target]:
    """Tenant and name of what is there, of what is not, and of what would be in a tenant that is not there."""
    yield TENANT, foreign.name
    yield TENANT, foreign.absent_name
    yield NO_TENANT, foreign.name


def assert_alike(site: Site, requests: list[tuple[Callable[[], Answer], tuple[str, ...]]], what: str) -> Said:
    """Every request learns the same; what that is. Each comes with the names that it speaks of."""
    site.clock.advance(REFUSAL_WINDOW_S)
    first, *others = (said(site, send, *names) for send, names in requests)
    for other in others:
        for part, one, two in zip(("status", "body", "headers", "statements"), first, other, strict=True):
            assert two == one, f"{what}: the {part} {one} and {two} differ"
    return first


def globex_credential(site: Site) -> Caller:
    """A program of `globex` that may only read, by an application credential."""
    spec = {"subject": {"kind": "user", "name": "gus"}, "tenant": "globex", "actions": ["*.read"]}
    made = site.gus.put("tenants/globex/application_credentials/reader", spec).ok()
    return site.caller(made["minted"]["token"])


def streams_of(position: str) -> dict[str, int]:
    """What a position tells of, by stream."""
    return json.loads(base64.urlsafe_b64decode(position + "=" * (-len(position) % 4)))


def page_token(tenant_uid: str, name: str) -> str:
    """A page token as a list of that tenant would end with."""
    return base64.urlsafe_b64encode(f"{tenant_uid}/{name}".encode()).decode().rstrip("=")
