"""Telling agents that something was assigned to their hosts: one small query for all of them."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from pextra.errors import PextraError
from pextra.relay.channels import Channels
from pextra.services.cloud import Cloud
from pextra.store import agents
from pextra.store.database import Tx

log = logging.getLogger("pextra.relay")

OVERLAP_US: Final = 10_000_000
"""How far back it looks: a transaction commits some time after its clock was read, and clocks differ."""


class Waker:
    """Looks again and again for what is new.

    Args:
        every_s: how often.
    """

    def __init__(self, cloud: Cloud, channels: Channels, *, every_s: float) -> None:
        self._cloud = cloud
        self._channels = channels
        self._every_s = every_s

    async def run(self) -> None:
        """Wake agents until it is canceled."""
        down = False
        while True:
            await asyncio.sleep(self._every_s)
            if not len(self._channels):
                continue
            try:
                self._channels.wake(await asyncio.to_thread(self._cloud.database.read, _changed))
                down = False
            except PextraError as error:
                if not down:
                    log.warning("what is new cannot be read; agents find it by asking: %s", error.message)
                down = True


def _changed(tx: Tx) -> dict[str, int]:
    return dict(agents.changed_since(tx, tx.now_us - OVERLAP_US))
