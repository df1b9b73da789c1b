"""What was taken from the host for guests, on disk: written before it is taken, removed after it was given back."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pextra.drivers.file.durable import step
from pextra.drivers.interface import DeviceKind, Permanent, Retryable
from pextra.drivers.network_documents import Folder


@dataclass(frozen=True, slots=True)
class Taken:
    """A device that a guest has, and how it was before.

    Attributes:
        name: `GuestDevice.name`.
        address: `GuestDevice.address`.
        driver: who drove it; empty: nobody.
        override: the only driver that was allowed to; empty: any.
        type: `GuestDevice.type`.
        made: as what it is made, of a vGPU the number of its type: one that has become something else is not ours.
    """

    name: str
    guest_uid: str
    kind: DeviceKind
    address: str
    driver: str = ""
    override: str = ""
    type: str = ""
    made: str = ""


class Ledger:
    """The devices that are taken on one host.

    Args:
        path: a directory of ours; made when something is taken.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = Folder(path)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Nobody else takes or gives back meanwhile, in this process or another.

        Raises:
            Retryable: `StateUnwritable`.
        """
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self._path / "lock").open("w")
        except OSError as error:
            raise Retryable("StateUnwritable", f"{self._path} cannot be used: {error}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def all(self) -> dict[str, Taken]:
        """Every device, by name.

        Raises:
            Permanent: `LedgerDamaged`.
        """
        found: dict[str, Taken] = {}
        for text in self._folder.read_all():
            try:
                fields = json.loads(text)
                taken = Taken(**{**fields, "kind": DeviceKind(fields["kind"])})
            except (ValueError, TypeError, KeyError) as error:
                raise Permanent(
                    "LedgerDamaged",
                    f"a document below {self._path} is not one of ours ({error}): see to it, and remove it",
                ) from error
            found[taken.name] = taken
        return found

    def note(self, taken: Taken) -> None:
        """Write down what is about to be taken.

        Raises:
            Retryable: `StateUnwritable`.
        """
        step(f"note {taken.name}")
        try:
            self._folder.write(_document(taken.name), json.dumps(_written(taken), indent=1, sort_keys=True))
        except OSError as error:
            raise Retryable("StateUnwritable", f"{self._path} cannot be written to: {error}") from error

    def forget(self, name: str) -> None:
        """Remove what was given back.

        Raises:
            Retryable: `StateUnwritable`.
        """
        step(f"forget {name}")
        try:
            self._folder.remove(_document(name))
        except OSError as error:
            raise Retryable("StateUnwritable", f"{self._path} cannot be written to: {error}") from error


def _written(taken: Taken) -> dict[str, str]:
    """Without what only vGPUs have, so that an agent from before them reads the documents of other devices."""
    fields = asdict(taken)
    return {name: value for name, value in fields.items() if value or name not in ("type", "made")}


def _document(name: str) -> str:
    """What a device's document is called: an address has colons, which no file name of ours has."""
    return name.replace(":", "-")
