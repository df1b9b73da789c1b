"""An OpenID Connect provider that a tenant trusts, and the tenant's site, called with its tokens."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from pextra.api.app import create_app
from pextra.identity.keys import IssuerKeys
from pextra.identity.outbound import Outbound
from tests.api.caller import Answer
from tests.api.site import Site
from tests.labs.oidc import LOOPBACK, Provider

COMPANY, USER = "tenants/acme/identity_providers/company", "tenants/acme/users/lovelace"
REFUSED = (401, "auth.unauthenticated")
DISCOVERY = "/.well-known/openid-configuration"


@dataclass
class World:
    """A site that may call the provider, and is called with its tokens."""

    site: Site
    idp: Provider

    def oidc(self, **changed: Any) -> dict[str, Any]:
        return {"issuer": self.idp.url, "audiences": ["pextra"], "authorities": self.idp.authorities, **changed}

    def trust(self, oidc: dict[str, Any] | None = None, **spec: Any) -> None:
        self.site.ada.put(COMPANY, {"oidc": oidc or self.oidc(), **spec}).ok()

    def name(self, subject: str = "7f3a", **spec: Any) -> None:
        self.site.ada.put(USER, {"identity": {"provider": "company", "subject": subject}, **spec}).ok()

    def token(self, **said: Any) -> str:
        return self.idp.issue(self.site.clock.now(), **said)

    def whoami(self, token: str | None = None, **said: Any) -> Answer:
        return self.site.caller(token or self.token(**said)).get("whoami")

    def refuses(self, token: str | None = None, **said: Any) -> bool:
        answer = self.whoami(token, **said)
        return (answer.status, answer.code) == REFUSED


def trusting(site: Site, idp: Provider) -> World:
    """The provider is trusted in `acme`, where user `lovelace` is its subject `7f3a`."""
    allow(site)
    made = World(site, idp)
    made.trust()
    made.name()
    return made


def allow(site: Site, *hosts: str) -> None:
    """Have the site call providers on loopback, or only these."""
    keys = IssuerKeys(Outbound(hosts or [LOOPBACK]), site.clock.monotonic)
    site.cloud = replace(site.cloud, issuer_keys=keys)
    site.app = create_app(site.cloud)
    for caller in ("admin", "ada", "dev", "gus"):
        setattr(site, caller, site.caller(site.tokens[caller]))


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(key: Any, header: Any, payload: bytes) -> str:
    """A token with an RSA signature, of parts that no library would sign."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(key.private_key.sign(text.encode(), PKCS1v15(), SHA256()))}"


def with_secret(secret: bytes, header: Any, payload: bytes) -> str:
    """A token that is signed with a secret, whatever is used as that."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}"
