"""Networks of one Linux host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account
from pextra.drivers.interface import (
    NetworkCapabilities,
    NetworkSource,
    NotFound,
    Permanent,
    PortBinding,
    PortSource,
    Retryable,
)
from pextra.drivers.local import naming
from pextra.drivers.local.claims import check_claims
from pextra.drivers.local.commands import Commands
from pextra.drivers.local.dnsmasq import Dnsmasq
from pextra.drivers.local.dnsmasq_files import Resolving
from pextra.drivers.local.host_ruleset import host_tables
from pextra.drivers.local.ledger import Ledger, NetworkEntry, PortEntry, disk_errors
from pextra.drivers.local.links import ensure_forwarding_entry, ensure_link_absent, links, tap_changes
from pextra.drivers.local.nftables import Tables
from pextra.drivers.local.router import Router
from pextra.drivers.local.router_ruleset import router_table
from pextra.drivers.local.uplink import Forwarding, Uplink, host_resolvers
from pextra.drivers.local.validation import check_network, check_port

TRANSIT: Final = IPv4Network("169.254.64.0/18")
DOMAIN: Final = "internal"
_FORWARD_ADDRESS: Final = "127.0.0.1"


class LocalNetwork:
    """The network driver for one Linux host; see `interface.NetworkDriver` for the contract.

    Guests of one network reach each other and, with an uplink, the world, as far as their rules let them. Nothing
    that a guest sends reaches the host itself, another tenant, or another network. All is made with root's rights in
    the network namespace that `commands` acts in, under names that begin with `pxb-`, `pxv-`, `pxt-`, `pxp-` (devices),
    `pxr-` (namespaces) and in nftables' tables `inet pextra` and `bridge pextra`; one directory of state serves one
    such namespace. Any number of objects and processes may use both at once: they take turns.

    Rules count at once, also for connections that they had let through. A forward that is taken away lets no new
    connection in.

    Args:
        state_dir: where documents lie; made when absent. Others must be able to pass the directories above.
        account: who may open the taps; by default only root.
        uplink: how guests reach the world, and the world their forwards; without it, they do not.
        resolvers: IPv4 name servers that are asked for names other than guests'; by default those of the host.
        domain: guests' own domain.
        transit: addresses by which the host alone knows guests, unused elsewhere on this host.
        commands: what runs the system's programs.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        account: Account | None = None,
        uplink: Uplink | None = None,
        resolvers: tuple[str, ...] | None = None,
        domain: str = DOMAIN,
        transit: IPv4Network = TRANSIT,
        commands: Commands | None = None,
    ) -> None:
        self._state_dir = state_dir
        self._owner = 0 if account is None else account.uid
        self._uplink = uplink
        self._resolvers = resolvers
        self._domain = domain
        self._pool = transit
        self._commands = commands or Commands()
        self._ledger = Ledger(state_dir, transit)
        self._tables = Tables(self._commands, state_dir / "tables")
        self._forwarding = Forwarding(self._commands, uplink, state_dir / "host")

    def capabilities(self) -> NetworkCapabilities:
        """Isolation, rules and forwards, on one host."""
        return NetworkCapabilities(
            isolation=True, security_rules=True, cross_host=False, forward_address=_FORWARD_ADDRESS
        )

    def ensure_network(self, network: NetworkSource) -> None:
        """Make the network as described, or change it to that.

        Raises:
            Permanent: `NetworkInvalid`, `UidInvalid`, `NameTaken`, `TransitExhausted`, `ProgramMissing`.
            Retryable: `CommandFailed`, `StateUnwritable`.
        """
        check_network(network)
        with self._ledger.locked():
            networks, ports = self._ledger.networks(), self._ledger.ports()
            entry = self._ledger.note_network(network, [*networks.values(), *ports.values()])
            self._ensure_network(entry, ports.values())

    def observe_networks(self) -> Mapping[str, NetworkSource]:
        """Every network that this host has been asked for and not been told to remove, by uid.

        Also those of which a restart of the host, or somebody, took away devices: `ensure_network` makes them again.
        """
        with disk_errors():
            return {uid: entry.source for uid, entry in self._ledger.networks().items()}

    def ensure_network_absent(self, uid: str) -> None:
        """Remove the network with everything that was made for it.

        Raises:
            Retryable: `NetworkBusy` while it has ports.
        """
        with self._ledger.locked():
            networks, ports = self._ledger.networks(), self._ledger.ports()
            count = sum(port.source.network_uid == uid for port in ports.values())
            if count:
                raise Retryable("NetworkBusy", f"network {uid} has {count} ports: remove them first")
            self._dnsmasq(uid).ensure_absent()
            # Also without a document: the state's directory may have been lost while the kernel's objects were not.
            unknown = NetworkEntry(NetworkSource(uid, "", 0, ()), self._pool[0])
            self._router(networks.get(uid, unknown)).ensure_absent()
            self._tables.forget(router_table(()), naming.router(uid))
            if not networks.keys() - {uid}:
                self._forwarding.ensure_absent()
                self._tables.ensure_absent(host_tables((), self._pool, (), ()))
            self._ledger.forget_network(uid)

    def ensure_port(self, port: PortSource) -> PortBinding:
        """Make the port as described, or change it to that; its tap is plugged in already.

        Raises:
            NotFound: `NetworkMissing`.
            Permanent: `PortInvalid`, `UidInvalid`, `PortTaken`, `UplinkMissing`, `NameTaken`, `TransitExhausted`,
                `ProgramMissing`.
            Retryable: `CommandFailed`, `StateUnwritable`.
        """
        check_port(port)
        with self._ledger.locked():
            networks, ports = self._ledger.networks(), self._ledger.ports()
            network = networks.get(port.network_uid)
            if network is None:
                raise NotFound("NetworkMissing", f"port {port.uid}: network {port.network_uid} is not on this host")
            self._check_forwards(port, ports)
            ports[port.uid] = self._ledger.note_port(port, [*networks.values(), *ports.values()])
            router = self._router(network)
            seen = links(self._commands)
            if not router.is_made(seen):
                self._ensure_network(network, ports.values())
            # Before there is a device that a guest could send from.
            self._ensure_host_tables(ports.values())
            tap, bridge = naming.tap(port.uid), naming.bridge(port.network_uid)
            mtu = network.source.mtu
            self._commands.batch("ip", tap_changes(seen.get(tap), tap, port.uid, mtu, self._owner, bridge))
            ensure_forwarding_entry(self._commands, tap, port.mac.lower())
            self._ensure_members(network, ports.values())
        return PortBinding("tap", tap)

    def observe_ports(self) -> Mapping[str, PortSource]:
        """Every port that this host has been asked for and not been told to remove, by uid.

        Also those whose tap went with a restart of the host: `ensure_port` makes it again.
        """
        with disk_errors():
            return {uid: entry.source for uid, entry in self._ledger.ports().items()}

    def ensure_port_absent(self, uid: str) -> None:
        """Remove the port with everything that was made for it.

        Raises:
            Permanent: `NameTaken`.
            Retryable: `CommandFailed`, `StateUnwritable`.
        """
        with self._ledger.locked():
            networks, ports = self._ledger.networks(), self._ledger.ports()
            entry = ports.pop(uid, None)
            ensure_link_absent(self._commands, (naming.tap(uid),), uid)
            if entry is not None:
                self._ensure_host_tables(ports.values())
                network = networks.get(entry.source.network_uid)
                if network is not None and self._router(network).is_made(links(self._commands)):
                    self._ensure_members(network, ports.values())
            self._ledger.forget_port(uid)

    def _ensure_network(self, entry: NetworkEntry, ports: Iterable[PortEntry]) -> None:
        listed = list(ports)
        router = self._router(entry)
        self._forwarding.note()
        self._ensure_host_tables(listed)
        self._forwarding.ensure()
        if not router.has_namespace():
            # It lives in what had the name before, if it lives.
            self._dnsmasq(entry.source.uid).ensure_absent()
            router.make_namespace()
        self._ensure_router_table(entry, listed)
        router.ensure_links()
        self._ensure_members(entry, listed)

    def _ensure_members(self, network: NetworkEntry, ports: Iterable[PortEntry]) -> None:
        """Have the network's router know these of the ports that are its own."""
        own = [port for port in ports if port.source.network_uid == network.source.uid]
        self._ensure_router_table(network, own)
        self._router(network).ensure_ways(own)
        self._dnsmasq(network.source.uid).ensure(network.source, [port.source for port in own], self._resolving())

    def _ensure_router_table(self, network: NetworkEntry, ports: Iterable[PortEntry]) -> None:
        own = [port for port in ports if port.source.network_uid == network.source.uid]
        self._tables.ensure([router_table(own)], namespace=naming.router(network.source.uid))

    def _ensure_host_tables(self, ports: Iterable[PortEntry]) -> None:
        tables = host_tables(ports, self._pool, self._forwarding.devices(), self._forwarding.lent())
        self._tables.ensure(tables)

    def _check_forwards(self, port: PortSource, ports: Mapping[str, PortEntry]) -> None:
        if self._uplink is None:
            for forward in port.forwards:
                if not forward.listen_address.startswith("127."):
                    raise Permanent(
                        "UplinkMissing",
                        f"port {port.uid}: {forward.listen_address}:{forward.listen_port} is for connections from "
                        "elsewhere, and this host was told no uplink",
                    )
        known = ports.get(port.uid)
        check_claims(self._commands, port, known and known.source, [entry.source for entry in ports.values()])

    def _router(self, entry: NetworkEntry) -> Router:
        return Router(self._commands, entry, self._pool[1])

    def _dnsmasq(self, network_uid: str) -> Dnsmasq:
        return Dnsmasq(self._commands, self._state_dir / "dnsmasq", network_uid)

    def _resolving(self) -> Resolving:
        if self._uplink is None:
            return Resolving(self._domain, ())
        return Resolving(self._domain, host_resolvers() if self._resolvers is None else self._resolvers)
