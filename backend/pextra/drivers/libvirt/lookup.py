"""A guest's domain with the record in its stored definition, and writing the record's history back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pextra.drivers.interface import NotFound
from pextra.drivers.libvirt import reading, record
from pextra.drivers.libvirt.binding import Connection, Domain, constant
from pextra.drivers.libvirt.domain import domain_uuid
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.reading import Reading
from pextra.drivers.libvirt.record import History, Record


@dataclass(frozen=True, slots=True)
class Found:
    """A domain of ours, and its record as it was read."""

    domain: Domain
    record: Record

    @property
    def history(self) -> History:
        """What was done to the guest."""
        return self.record.history

    def state(self) -> tuple[int, int]:
        """Libvirt's state and reason."""
        with translated(f"guest {self.record.uid}: its state cannot be read", acting=False):
            state, reason = self.domain.state()
        return state, reason

    def is_active(self) -> bool:
        """Whether a process of it exists."""
        return self.state()[0] != constant("VIR_DOMAIN_SHUTOFF")

    def described(self) -> Reading:
        """What the XML says of what runs, or of the definition of a guest that is off."""
        with translated(f"guest {self.record.uid} cannot be observed", acting=False):
            return reading.read(self.domain.XMLDesc())

    def remember(self, history: History) -> Found:
        """Replace the history in the stored definition, atomically; the caller keeps others from it."""
        remembered = replace(self.record, history=history)
        with translated(f"guest {self.record.uid}: its history cannot be written", acting=True):
            self.domain.setMetadata(
                constant("VIR_DOMAIN_METADATA_ELEMENT"),
                record.to_bare_xml(remembered),
                record.PREFIX,
                record.NAMESPACE,
                constant("VIR_DOMAIN_AFFECT_CONFIG"),
            )
        return Found(self.domain, remembered)


def recorded(domain: Domain) -> Found | None:
    """The domain with its record, which is newer in the stored definition than in what runs; None: not ours."""
    with translated("a definition cannot be read", acting=False):
        stored = domain.XMLDesc(constant("VIR_DOMAIN_XML_INACTIVE"))
    known = reading.read(stored).record
    return None if known is None else Found(domain, known)


def find(connection: Connection, uid: str) -> Found:
    """The guest.

    Raises:
        NotFound: `GuestMissing`: there is none, or it is not ours.
    """
    with translated(f"guest {uid}", acting=False):
        domain = connection.lookupByUUIDString(domain_uuid(uid))
    found = recorded(domain)
    if found is None:
        raise NotFound("GuestMissing", f"guest {uid} is not defined on this host")
    return found
