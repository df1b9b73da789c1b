"""gunicorn's configuration of the agents' endpoint: TLS 1.3, and certificates of our own authority on both sides."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pextra.pki.contexts import requiring_hosts

FOLDER: Final = "PEXTRA_AGENTS_TLS"
"""The environment variable that names the folder with `server.pem` (key and chain) and `authority.pem`."""


def ssl_context(config: Any, default_ssl_context_factory: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """The context that gunicorn serves with."""
    del config, default_ssl_context_factory
    return context_of(Path(os.environ[FOLDER]), joining=True)


def context_of(folder: Path, *, joining: bool) -> ssl.SSLContext:
    """What agents are served with.

    Args:
        folder: holds `server.pem` (key and chain) and `authority.pem`.
        joining: also serve who has no certificate yet.
    """
    context = requiring_hosts((folder / "authority.pem").read_text(), joining=joining)
    context.load_cert_chain(folder / "server.pem")
    return context
