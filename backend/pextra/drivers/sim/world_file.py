"""The world on disk: one JSON file, replaced as a whole soon after each change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

from pydantic import TypeAdapter

from pextra.drivers.sim.records import FabricRecord, HostRecord, PoolRecord
from pextra.replacing import replace_file

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class WorldDocument:
    """Everything that is kept of a world."""

    hosts: dict[str, HostRecord] = field(default_factory=dict[str, HostRecord])
    pools: dict[str, PoolRecord] = field(default_factory=dict[str, PoolRecord])
    fabric: FabricRecord = field(default_factory=FabricRecord)


_ADAPTER = TypeAdapter(WorldDocument)


def encode(document: WorldDocument) -> bytes:
    """The document as JSON; it holds the guests' seeds, and so their secrets."""
    return _ADAPTER.dump_json(document)


def read(path: Path) -> WorldDocument:
    """The document in the file, or an empty one when there is no file.

    Raises:
        ValueError: the file is not a world.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return WorldDocument()
    return _ADAPTER.validate_json(content)


class WorldFile:
    """Writes a world's document in a thread of its own, a moment after a change.

    Changes within the moment share one write. The file is readable by its owner alone.

    Args:
        path: the file; its folder exists.
        dump: the document now, consistent in itself.
        delay_s: at most this long a change is lost by a kill.
    """

    def __init__(self, path: Path, dump: Callable[[], bytes], *, delay_s: float) -> None:
        self._path = path
        self._dump = dump
        self._delay_s = delay_s
        self._dirty = Event()
        self._closing = Event()
        self._write_lock = Lock()
        self._thread = Thread(target=self._run, name="sim-world-file", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """Something changed that is to be written soon."""
        self._dirty.set()

    def save(self) -> None:
        """Write the document now: after this returns it survives a crash of the machine.

        Raises:
            OSError: it could not be written; the file is as it was.
        """
        with self._write_lock:
            self._dirty.clear()
            try:
                replace_file(self._path, self._dump())
            except BaseException:
                self._dirty.set()
                raise

    def close(self) -> None:
        """End the thread and write the last state."""
        self._closing.set()
        self._dirty.set()
        self._thread.join()
        self.save()

    def _run(self) -> None:
        while self._dirty.wait() and not self._closing.wait(self._delay_s):
            try:
                self.save()
            except OSError as error:
                _log.warning("the simulated world was not saved and will be tried again: %s", error)
