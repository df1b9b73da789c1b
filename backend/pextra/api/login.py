"""The route by which users log in; it takes no token."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, g, request

from pextra.api import requests
from pextra.api.origin import Network, origin_of
from pextra.api.responses import answer
from pextra.services.login import Login, Named


def blueprint(login: Login, trusted: Sequence[Network]) -> Blueprint:
    """The route."""
    routes = Blueprint("login", __name__)

    @routes.post("/v1/login")
    def sign_in() -> Response:
        g.named = named = Named()
        session, minted = login.run(requests.body(request), origin_of(request, trusted), named)
        return answer(201, {**session, "minted": minted})

    return routes
