"""What an agent keeps on its host: who it is, whom it believes, and what it saw of GPUs. The rest it is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pextra.agent_protocol import Certificate
from pextra.replacing import replace_file

DEFAULT: Final = Path("/var/lib/pextra-agent")


class NotJoined(Exception):
    """The agent has not joined, or its files are broken; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the agent is.

    Attributes:
        endpoints: the control plane's addresses for agents, `https://…`.
    """

    host: str
    host_uid: str
    endpoints: tuple[str, ...]


class Home:
    """The agent's folder; only its user may look into it.

    Args:
        path: the folder; made when something is first kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def credentials(self) -> Path:
        """Certificate and key in one file, so that they change together."""
        return self.path / "agent.pem"

    @property
    def authority(self) -> Path:
        """The control plane's authority."""
        return self.path / "authority.pem"

    @property
    def gpus(self) -> Path:
        """What was seen of the host's GPUs, for when guests have them."""
        return self.path / "gpus.json"

    def identity(self) -> Identity:
        """Who this agent is.

        Raises:
            NotJoined: it is nobody yet.
        """
        try:
            written = json.loads((self.path / "identity.json").read_text())
            return Identity(written["host"], written["host_uid"], tuple(written["endpoints"]))
        except FileNotFoundError as error:
            raise NotJoined(
                f"This machine has not joined (there is nothing in {self.path}): "
                "make a join token for its host and run `pextra-agent join`."
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotJoined(f"{self.path / 'identity.json'} cannot be used ({error}): join again.") from error

    def keep(self, issued: Certificate, key_pem: str, endpoints: Sequence[str]) -> Identity:
        """Keep what joining brought. The identity is written last: half a joining is none."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = Identity(issued.host, issued.host_uid, tuple(endpoints))
        replace_file(self.authority, issued.authority.encode())
        self.keep_certificate(issued.certificate, key_pem)
        replace_file(self.path / "identity.json", json.dumps(asdict(identity), indent=1).encode() + b"\n")
        return identity

    def keep_certificate(self, certificate_pem: str, key_pem: str) -> None:
        """Keep a new certificate with its key, in place of the old one."""
        replace_file(self.credentials, (certificate_pem + key_pem).encode())
