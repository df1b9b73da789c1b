"""Running the loops of one process in threads until they are told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pextra.controllers.fabric_sweep import FabricSweep
from pextra.controllers.fleet import Fleet
from pextra.controllers.loop import Loop
from pextra.controllers.outcome import Controller
from pextra.controllers.sampling import Sampling
from pextra.controllers.sequencer import Sequencer
from pextra.controllers.session_expiry import SessionExpiry
from pextra.controllers.sweep import Sweep
from pextra.errors import PextraError
from pextra.services.cloud import Cloud
from pextra.store.audit import Signer

log = logging.getLogger("pextra.controllers")

LOOKERS: Final = 4
SHORTEST_IDLE_S: Final = 0.03
LONGEST_IDLE_S: Final = 0.4
SWEEP_EVERY_S: Final = 5.0
AFTER_FAILURE_S: Final = 2.0


class Runner:
    """The loops of one process: work, sequencer and sweeps, a thread each, and those of `also`.

    Args:
        holder: names this process among all that run loops.
        signer: signs the heads of audit chains; without it, this process leaves the audit log unsealed.
        also: names and steps of further loops, each of which tells how much it found to do.
    """

    def __init__(
        self,
        cloud: Cloud,
        fleet: Fleet,
        controllers: Mapping[str, Controller],
        *,
        holder: str,
        signer: Signer | None = None,
        also: Mapping[str, Callable[[], int]] | None = None,
    ) -> None:
        self._executor = ThreadPoolExecutor(LOOKERS, thread_name_prefix="look")
        self._loop = Loop(cloud, controllers, holder=holder, executor=self._executor)
        self._sequencer = Sequencer(cloud, holder=holder, signer=signer)
        self._stop = threading.Event()
        sweep, sampling, expiry = Sweep(cloud, fleet), Sampling(cloud, fleet), SessionExpiry(cloud)
        hosts = [
            lambda: sweep.run(self._loop.shards),
            lambda: sampling.run(self._loop.shards),
            expiry.run,
        ]
        fabric = FabricSweep(cloud, fleet)  # it may wait long for a database that does not answer
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._loop.step,), name="work", daemon=True),
            threading.Thread(target=self._repeat, args=(self._sequencer.step,), name="sequencer", daemon=True),
            threading.Thread(target=self._sweeping, args=(hosts,), name="sweep", daemon=True),
            threading.Thread(
                target=self._sweeping, args=([lambda: fabric.run(self._loop.shards)],), name="fabric", daemon=True
            ),
        ]
        self._threads += [
            threading.Thread(target=self._repeat, args=(step,), name=name, daemon=True)
            for name, step in (also or {}).items()
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every look that is under way and give the leases back."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        self._executor.shutdown(wait=True, cancel_futures=True)
        try:
            self._loop.release()
        except PextraError as error:
            log.warning("the leases could not be given back and will run out: %s", error.message)

    def _repeat(self, step: Callable[[], int]) -> None:
        """Call `step` again at once while it finds something, ever more seldom while it does not."""
        idle = SHORTEST_IDLE_S
        while not self._stop.is_set():
            found = self._guarded(step)
            idle = SHORTEST_IDLE_S if found else min(idle * 1.5, LONGEST_IDLE_S)
            if not found:
                self._stop.wait(idle)

    def _sweeping(self, steps: Sequence[Callable[[], int]]) -> None:
        while not self._stop.wait(SWEEP_EVERY_S):
            for step in steps:
                self._guarded(step)

    def _guarded(self, step: Callable[[], int]) -> int:
        try:
            return step()
        except PextraError as error:
            log.warning("the loops wait: %s: %s", error.code, error.message)
        except Exception:
            log.exception("a loop failed; it goes on")
        self._stop.wait(AFTER_FAILURE_S)
        return 0
