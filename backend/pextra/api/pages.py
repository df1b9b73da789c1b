"""The page that shows an instance's display in a browser, by noVNC, which the machine provides.

It is static: no cookie, no token, and the ticket is in the fragment of its address, which a browser keeps to itself.
"""

from __future__ import annotations

import os
import sys
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, send_from_directory

from pextra.errors import PextraError
from pextra.services.cloud import Cloud

NOVNC: Final = "PEXTRA_NOVNC"
"""The environment variable that names noVNC's folder, where it is in none of the usual ones."""
_FILES: Final = Path(__file__).with_name("console")
_MISSING: Final = (
    "This server lacks noVNC, which shows displays in a browser. Install the package `novnc` of the distribution, "
    f"or unpack noVNC anywhere and set {NOVNC} to its folder."
)


def novnc_folder() -> Path | None:
    """Where noVNC's modules are, or None."""
    usual = [Path(sys.prefix) / "share" / "novnc", Path("/usr/share/novnc")]
    given = os.environ.get(NOVNC)
    for folder in [Path(given)] if given else usual:
        if (folder / "core" / "rfb.js").is_file():
            return folder
    return None


def blueprint(cloud: Cloud) -> Blueprint:
    """The routes of the page."""
    routes = Blueprint("console", __name__, url_prefix="/console")
    relay = cloud.addresses.consoles

    @routes.get("")
    def page() -> Response:
        if relay is None:
            raise PextraError("console.unavailable", "This cloud has no relay, which consoles need: start one.")
        if novnc_folder() is None:
            return _guarded(Response(f"{_MISSING}\n", 503, mimetype="text/plain"), relay)
        text = (_FILES / "page.html").read_text().replace("{relay}", escape(f"{relay}/v1/console"))
        return _guarded(Response(text, 200, mimetype="text/html"), relay)

    @routes.get("/<any('page.js', 'page.css'):name>")
    def part(name: str) -> Response:
        return send_from_directory(_FILES, name)

    @routes.get("/novnc/<path:name>")
    def novnc(name: str) -> Response:
        folder = novnc_folder()
        if folder is None or not name.endswith(".js"):
            raise PextraError("route.not_found", "There is no such route.")
        return send_from_directory(folder, name)

    del page, part, novnc
    return routes


def _guarded(response: Response, relay: str) -> Response:
    """Allow the page its own scripts and the relay, and nothing else."""
    parts = urlsplit(relay)
    response.headers["Content-Security-Policy"] = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src {parts.scheme}://{parts.netloc}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    return response
