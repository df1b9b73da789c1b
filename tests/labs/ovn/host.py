"""A host of a lab: Open vSwitch's userspace datapath and `ovn-controller`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.labs.ovn.layout import PROVIDER, UNDERLAY_MTU, Layout, bridge_mac, tunnel_address
from tests.labs.ovn.node import Node, run

SCHEMA: Final = Path("/usr/share/openvswitch/vswitch.ovsschema")


class Host(Node):
    """See the module.

    Args:
        name: in the lab, and as a chassis.
    """

    def __init__(self, layout: Layout, name: str) -> None:
        super().__init__(layout.namespace(name), layout.folder(name))
        self.name = name
        self._layout = layout

    @property
    def database(self) -> str:
        """Where its Open vSwitch is configured, from every namespace."""
        return f"unix:{self.folder}/db.sock"

    def vsctl(self, *argv: str) -> str:
        """Configure its Open vSwitch, and wait until that is so."""
        return run("ovs-vsctl", f"--db={self.database}", "--timeout=20", *argv, env=self.environment).strip()

    def start_switch(self) -> None:
        """Start Open vSwitch; its configuration is made if it is not there."""
        fresh = not self.folder.exists()
        self.folder.mkdir(exist_ok=True)
        if fresh:
            run("ovsdb-tool", "create", str(self.folder / "conf.db"), str(SCHEMA))
        self.start_database()
        if fresh:
            self._configure()
        self.start_vswitchd()

    def start_database(self) -> None:
        """Start the database of its configuration."""
        self.start("ovsdb-server", str(self.folder / "conf.db"), f"--remote=p{self.database}")

    def start_vswitchd(self) -> None:
        """Start the switch itself. `--disable-system`: the kernel's datapath is not used even where there is one."""
        self.start("ovs-vswitchd", self.database, "--disable-system")
        self.vsctl("get", "Open_vSwitch", ".", "cur_cfg")
        # a tunnel ends at an address of the bridge that has the card of the network below
        address = f"addr replace {tunnel_address(self.name)}/24 dev br-phy"
        self.ip(address, f"link set br-phy mtu {UNDERLAY_MTU} up", "link set br-ex up")

    def start_controller(self) -> None:
        """Start `ovn-controller`. OVN 23.03's dies where the central databases are empty: have `northd` run first."""
        self.start("ovn-controller", self.database)

    def know(self, other: Host) -> None:
        """Tell the tunnels where another host's end is: else the first packet to it is lost to ARP."""
        mac = bridge_mac(other.name, 1)
        self.control("ovs-vswitchd", "tnl/arp/set", "br-phy", tunnel_address(other.name), mac)

    def _configure(self) -> None:
        ids = {
            "system-id": self.name,
            "hostname": self.name,
            "ovn-remote": f'"{self._layout.remotes("sb")}"',
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": tunnel_address(self.name),
            "ovn-bridge-datapath-type": "netdev",
            "ovn-bridge-mappings": f"{PROVIDER}:br-ex",
            "ovn-openflow-probe-interval": "60",
            "ovn-remote-probe-interval": "5000",
        }
        words = ["init", "--", "set", "Open_vSwitch", ".", *(f"external_ids:{k}={v}" for k, v in ids.items())]
        words += ["--", "set-ssl", *map(str, self._layout.credentials(self.name))]
        for number, (bridge, card) in enumerate((("br-phy", "ul0"), ("br-ex", "ex0"), ("br-int", None)), 1):
            mac = f"other_config:hwaddr={bridge_mac(self.name, number)}"
            mode = "standalone" if card else "secure"
            words += ["--", "add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev", mac]
            words += [f"fail_mode={mode}", "other_config:disable-in-band=true"]
            words += ["--", "add-port", bridge, card] if card else []
        run("ovs-vsctl", f"--db={self.database}", "--no-wait", *words, env=self.environment)
