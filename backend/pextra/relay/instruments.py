"""What the relay counts of itself. Nothing here names a tenant, a host or an object."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

AGENTS: Final = Gauge("pextra_relay_agents", "Agents whose channel is open.")
CONSOLES: Final = Gauge("pextra_relay_consoles", "Consoles that are open.")
BYTES: Final = Counter("pextra_relay_console_bytes_total", "Bytes that consoles passed on.", ["direction"])
WAKES: Final = Counter("pextra_relay_wakes_total", "Times that an agent was told of something new.")
REFUSALS: Final = Counter("pextra_relay_refusals_total", "Connections that were refused or cut off.", ["code"])
"""By the status of the refusal, as in HTTP."""
