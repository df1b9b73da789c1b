"""The fabric that is OVN; see `interface.fabric.Fabric` for the contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from pextra.drivers.interface import DriverError, Permanent, Retryable
from pextra.drivers.interface.fabric import KINDS, Difference, Part
from pextra.drivers.ovn.describing import describe
from pextra.drivers.ovn.northbound import Northbound, holdings_of
from pextra.drivers.ovn.reconciling import Comparison, Reconcile
from pextra.drivers.ovn.rows import Document
from pextra.drivers.ovn.southbound import Southbound
from pextra.drivers.ovn.translation import document_of, owner_of
from pextra.drivers.ovn.translation.networks import switch_ref
from pextra.drivers.ovn.translation.ports import port_ref
from pextra.drivers.ovn.translation.routers import router_ref

DOMAIN: Final = "internal"
BATCH: Final = 50
"""How many parts are made in one transaction: more make it longer, and hardly cheaper."""
_TRIES: Final = 3
T = TypeVar("T")


class OvnFabric:
    """See the module.

    Args:
        northbound: the database, of this cloud's site.
        domain: guests' own, for names.
        southbound: what tells by which hosts routers go out; None: nothing does.
    """

    def __init__(self, northbound: Northbound, *, domain: str = DOMAIN, southbound: Southbound | None = None) -> None:
        self._northbound = northbound
        self._southbound = southbound
        self._domain = domain
        self._made: dict[str, tuple[Part, Document]] = {}

    def ensure(self, parts: Sequence[Part]) -> Mapping[str, DriverError]:
        """See `Fabric.ensure`."""
        failed: dict[str, DriverError] = {}
        documents: dict[str, tuple[Part, Document]] = {}
        for part in parts:
            try:
                documents[part.uid] = (part, document_of(part, self._domain))
            except Permanent as error:
                failed[part.uid] = error
        for chosen in _batched([(uid, document) for uid, (_, document) in documents.items()]):
            failed |= self._reconcile(chosen)
        self._made |= {each[1].owner: each for uid, each in documents.items() if uid not in failed}
        return failed

    def ensure_absent(self, uids: Sequence[str]) -> Mapping[str, DriverError]:
        """See `Fabric.ensure_absent`. `Retryable` (`NetworkBusy`) for a network that has others' ports."""
        failed: dict[str, DriverError] = {}
        documents = [(uid, Document(f"{kind}/{uid}")) for uid in uids for kind in KINDS.values()]
        try:
            with self._northbound.reading() as (_, holdings):
                documents = [(uid, document) for uid, document in documents if holdings.owned(document.owner)]
        except Retryable as error:
            return dict.fromkeys(uids, error)
        free: list[tuple[str, Document]] = []
        for uid, document in documents:
            if (busy := self._busy(uid, document.owner, {d.owner for _, d in documents})) is not None:
                failed[uid] = busy
            else:
                free.append((uid, document))
        for chosen in _batched(free):
            failed |= self._reconcile(chosen)
        for uid in uids:
            if uid not in failed:
                for kind in KINDS.values():
                    self._made.pop(f"{kind}/{uid}", None)
        return failed

    def owners(self) -> Mapping[str, str]:
        """See `Fabric.owners`."""
        with self._northbound.reading() as (_, holdings):
            found = list(holdings.owners())
        return {uid: kind for kind, _, uid in (owner.partition("/") for owner in found)}

    def differences(self, parts: Sequence[Part]) -> Sequence[Difference]:
        """See `Fabric.differences`."""
        documents = [document_of(part, self._domain) for part in parts]
        with self._northbound.reading() as (tables, holdings):
            changes = Comparison(self._northbound.site, tables, holdings).all_changes(documents)
            return [Difference(document.owner.partition("/")[2], *describe(change)) for document, change in changes]

    def altered(self) -> Sequence[Part]:
        """See `Fabric.altered`. What this process does itself touches rows, too, and is as it was made."""
        with self._northbound.reading() as (_, holdings):
            touched = sorted(holdings.take_touched())
        found: list[Part] = []
        for chosen in _batched([made for owner in touched if (made := self._made.get(owner)) is not None]):
            with self._northbound.reading() as (tables, holdings):
                comparison = Comparison(self._northbound.site, tables, holdings)
                found += [part for part, document in chosen if _differs(comparison, document)]
        for part in found:
            self._made.pop(owner_of(part), None)
        return found

    def hosting(self, uids: Sequence[str]) -> Mapping[str, str]:
        """See `Fabric.hosting`."""
        if self._southbound is None:
            message = "By which host routers go out is not known: start the control plane with --ovn-southbound."
            raise Permanent("OutletUnknown", message)
        ports: dict[str, str] = {}
        with self._northbound.reading() as (tables, _):
            rows = tables["Logical_Router"].rows
            for uid in uids:
                router = rows.get(router_ref(uid).uuid(self._northbound.site_uuid))
                ports |= {port.name: uid for port in router.ports} if router is not None else {}
        return {ports[port]: host for port, host in self._southbound.outlets(ports).items()}

    def plugged(self, uids: Sequence[str]) -> Mapping[str, bool]:
        """See `Fabric.plugged`."""
        refs = {uid: port_ref(uid).uuid(self._northbound.site_uuid) for uid in uids}
        with self._northbound.reading() as (tables, _):
            rows = tables["Logical_Switch_Port"].rows
            found = {uid: rows.get(uuid) for uid, uuid in refs.items()}
            return {uid: row is not None and row.up == [True] for uid, row in found.items()}

    def close(self) -> None:
        """End the connection."""
        self._northbound.close()
        if self._southbound is not None:
            self._southbound.close()

    def _busy(self, uid: str, owner: str, going: Iterable[str]) -> Retryable | None:
        """Why a network cannot be removed yet."""
        with self._northbound.reading() as (_, holdings):
            switch = switch_ref(uid)
            place = (switch.table, switch.uuid(self._northbound.site_uuid))
            others = {holdings.owner("Logical_Switch_Port", port) for port in holdings.members((*place, "ports"))}
        left = others - {owner, None, *going}
        if not left:
            return None
        return Retryable("NetworkBusy", f"network {uid} has {len(left)} ports: remove them first")

    def _reconcile(self, documents: Sequence[tuple[str, Document]]) -> dict[str, DriverError]:
        """Make the database as the documents say, all at once, or one by one where that fails."""
        try:
            self._settle([document for _, document in documents])
        except DriverError as error:
            if len(documents) == 1 or error.reason == "FabricUnreachable":
                return {uid: error for uid, _ in documents}
        else:
            return {}
        failed: dict[str, DriverError] = {}
        for each in documents:
            failed |= self._reconcile([each])
        return failed

    def _settle(self, documents: Sequence[Document]) -> None:
        """Commit until there is nothing to commit: what a transaction writes may have changed while it was under way.

        Raises:
            DriverError: see `Northbound.commit`; `FabricChanged` where it does not come to rest.
        """
        for _ in range(_TRIES):
            backend = self._northbound.backend()
            command = Reconcile(backend, holdings_of(backend), self._northbound.site, documents)
            self._northbound.commit([command])
            if command.result == 0:
                return
        raise Retryable("FabricChanged", f"{len(documents)} parts are changed by somebody else as fast as by us")


def _batched(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at once as are worth it."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _differs(comparison: Comparison, document: Document) -> bool:
    try:
        return any(True for _ in comparison.changes(document))
    except DriverError:
        return True  # what it needs is not there
