"""What a client shows to a server, and which servers it believes."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from pextra_client.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A token or a client certificate, and the certificates to trust.

    Args:
        token: the bearer token, or None for what needs none.
        ca: file or folder of certificates to trust instead of the system's.
        client_cert: certificate and key files for mutual TLS.
    """

    token: str | None = None
    ca: Path | None = None
    client_cert: tuple[Path, Path] | None = None

    def __repr__(self) -> str:
        token = "…" if self.token else None
        return f"Credentials(token={token}, ca={self.ca}, client_cert={self.client_cert})"

    def headers(self) -> dict[str, str]:
        """The headers that authenticate.

        Raises:
            ConfigError: the token holds characters that no header may hold.
        """
        if self.token is None:
            return {}
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ConfigError("the token holds a space, a line break or another character that no token has")
        return {"Authorization": f"Bearer {self.token}"}

    def tls(self) -> ssl.SSLContext:
        """A context that verifies the server.

        Raises:
            ConfigError: a file is missing or holds no certificate.
        """
        folder = self.ca is not None and self.ca.is_dir()
        try:
            context = ssl.create_default_context(
                cafile=str(self.ca) if self.ca and not folder else None,
                capath=str(self.ca) if self.ca and folder else None,
            )
        except OSError as error:
            raise ConfigError(f"certificates to trust cannot be read from {self.ca}: {error}") from error
        if self.client_cert is not None:
            certificate, key = self.client_cert
            try:
                context.load_cert_chain(certificate, key)
            except OSError as error:
                raise ConfigError(f"client certificate {certificate} cannot be used: {error}") from error
        return context
