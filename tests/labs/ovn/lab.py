"""The lab as a whole."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.labs.ovn.central import SCHEMAS, Member
from tests.labs.ovn.certificates import issue
from tests.labs.ovn.host import SCHEMA, Host
from tests.labs.ovn.layout import (
    CLIENT,
    FABRIC,
    OUTSIDE,
    OUTSIDE_V4,
    OUTSIDE_V6,
    UNDERLAY_MTU,
    Layout,
    management_address,
)
from tests.labs.ovn.machine import Peer
from tests.labs.ovn.node import LabError, end_everything_in, run
from tests.labs.scratch import scratch_directory
from tests.labs.waiting import wait_until

_PROGRAMS: Final = (
    *("ip", "nsenter", "ethtool", "ovsdb-tool", "ovsdb-server", "ovs-vsctl", "ovs-vswitchd"),
    *("ovn-nbctl", "ovn-sbctl", "ovn-northd", "ovn-controller"),
)
_SYNC_TRIES: Final = 3


@cache
def reason_unavailable() -> str | None:
    """Why no such lab can be made here, in words for a skip; None if it can."""
    if os.geteuid() != 0:
        return "OVN: not root"
    if missing := [name for name in _PROGRAMS if shutil.which(name) is None]:
        return f"OVN: not installed: {', '.join(missing)}"
    if gone := [path for path in (*SCHEMAS.values(), SCHEMA) if not path.exists()]:
        return f"OVN: no {gone[0]}"
    return None if Path("/dev/net/tun").exists() else "OVN: no /dev/net/tun"


class OvnLab:
    """See the package. The object is a view of a directory: others of the same directory control the same lab.

    Args:
        directory: where all files go; a new temporary one by default.
        hosts: how many there are.
        members: see `Layout`.
    """

    def __init__(self, directory: Path | None = None, *, hosts: int = 2, members: int = 1) -> None:
        self.layout = Layout(directory or scratch_directory("pextra-ovn-"), hosts, members)
        self.hosts = [Host(self.layout, name) for name in self.layout.host_names]
        self.members = [Member(self.layout, name) for name in self.layout.member_names]
        self.outside = Peer(self.layout.namespace(OUTSIDE), self.layout.directory)
        self.fabric = Peer(self.layout.namespace(FABRIC), self.layout.directory)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Have everything run; does nothing where it does."""
        ready = self.layout.directory / "ready"
        if ready.exists():
            return
        self.layout.directory.mkdir(exist_ok=True)
        self._lay_cables()
        issue(self.layout.directory, [CLIENT, *self.layout.member_names, *self.layout.host_names])
        with ThreadPoolExecutor() as pool:
            switches = [pool.submit(host.start_switch) for host in self.hosts]
            for member in self.members:  # the others join the first
                member.start_databases()
            for member in self.members:
                member.start_northd()
            self.nbctl("init", "--", "set", "NB_Global", ".", "options:northd_probe_interval=5000")
            self.sbctl("init")
            for switch in switches:
                switch.result()
            list(pool.map(Host.start_controller, self.hosts))
        self._wait_for_hosts()
        ready.touch()

    def stop(self) -> None:
        """End everything and remove what there was, also of a lab that was left behind."""
        listed = Path("/run/netns")
        mine = [path.name for path in listed.glob(f"{self.layout.prefix}-*")] if listed.exists() else []
        end_everything_in(mine)
        if mine:
            run("ip", "-batch", "-", lines=[f"netns del {name}" for name in mine])
        shutil.rmtree(self.layout.directory, ignore_errors=True)

    def host(self, name: str) -> Host:
        """A host by its name."""
        return next(host for host in self.hosts if host.name == name)

    def nbctl(self, *argv: str) -> str:
        """Ask the northbound database."""
        return run("ovn-nbctl", f"--db={self.layout.sockets('nb')}", "--timeout=50", *argv).strip()

    def sbctl(self, *argv: str) -> str:
        """Ask the southbound database."""
        return run("ovn-sbctl", f"--db={self.layout.sockets('sb')}", "--timeout=50", *argv).strip()

    def sync(self) -> None:
        """Wait until every host does what the northbound database says.

        Tried again: a host that has just lost its connection answers late.
        """
        for left in reversed(range(_SYNC_TRIES)):
            try:
                self.nbctl("--wait=hv", "--timeout=15", "sync")
            except LabError:
                if left == 0:
                    raise
            else:
                return

    def _wait_for_hosts(self) -> None:
        def registered() -> bool:
            return set(self.sbctl("--bare", "--columns=name", "list", "Chassis").split()) >= set(self.layout.host_names)

        wait_until(registered, 30, "the hosts in the southbound database")
        for host in self.hosts:
            for other in self.hosts:
                if other is not host:
                    host.know(other)
        self.sync()

    def _lay_cables(self) -> None:
        name = self.layout.namespace
        nodes = [*self.layout.member_names, *self.layout.host_names]
        run("ip", "-batch", "-", lines=[f"netns add {name(who)}" for who in (FABRIC, OUTSIDE, *nodes)])
        fabric = name(FABRIC)
        size = f"mtu {UNDERLAY_MTU}"
        bridge = "type bridge forward_delay 0 mcast_snooping 0"
        lines = [f"link add {b} netns {fabric} {size} {bridge}" for b in ("mg", "ul", "ex")]
        lines += [f"link add mg0 netns {name(who)} type veth peer name {who}-mg netns {fabric}" for who in nodes]
        for who in self.layout.host_names:
            for card in ("ul", "ex"):
                peer = f"type veth peer name {who}-{card} netns {fabric}"
                lines.append(f"link add {card}0 netns {name(who)} {size} {peer}")
        lines.append(f"link add eth0 netns {name(OUTSIDE)} type veth peer name {OUTSIDE}-ex netns {fabric}")
        run("ip", "-batch", "-", lines=lines)
        ends = [f"{who}-mg master mg" for who in nodes]
        ends += [
            f"{who}-{card} mtu {UNDERLAY_MTU} master {card}" for who in self.layout.host_names for card in ("ul", "ex")
        ]
        up = [f"link set {device} up" for device in ("lo", "mg", "ul", "ex", f"{OUTSIDE}-ex master ex", *ends)]
        self.fabric.ip(*up, "addr add 172.30.0.1/24 dev mg")
        for node in (*self.members, *self.hosts):
            address = f"addr add {management_address(node.name)}/24 dev mg0"
            more = ("link set ul0 up", "link set ex0 up") if isinstance(node, Host) else ()
            node.ip("link set lo up", address, "link set mg0 up", *more)
        outside = (f"addr add {OUTSIDE_V4}/24 dev eth0", f"addr add {OUTSIDE_V6}/64 dev eth0 nodad")
        self.outside.ip("link set lo up", *outside, "link set eth0 up")
        # the userspace datapath reads the device as it is: the sums have to be in the packets
        self.outside.run("ethtool", "-K", "eth0", "tx", "off")
