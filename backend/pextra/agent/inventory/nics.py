"""Network interfaces that are hardware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pextra.agent.inventory.pci import ancestry
from pextra.agent.inventory.tree import Tree

_NETS: Final = "sys/class/net"
# ARPHRD_ETHER and ARPHRD_INFINIBAND of the kernel's if_arp.h.
_LINK_LAYERS: Final[dict[int, Literal["ethernet", "infiniband"]]] = {1: "ethernet", 32: "infiniband"}


@dataclass(frozen=True, slots=True)
class Nic:
    """A network interface with a device behind it.

    Attributes:
        name: the kernel's, or udev's.
        link_layer: which addresses it has.
        mac: its own hardware address, also while a bond gives it another.
        driver: who drives it.
        speed_mbps: as negotiated; None while there is no link, or where speed means nothing.
        mtu: in bytes.
        carrier: whether there is a link; None while it is switched off.
        pci_address: of the device behind it; None where that is no PCI device.
        numa_node: the NUMA cell that it is near to.
        total_vfs: how many virtual functions it can have.
        num_vfs: how many it has now.
        is_vf: whether it is itself one.
    """

    name: str
    link_layer: Literal["ethernet", "infiniband", "other"]
    mac: str | None
    driver: str | None
    speed_mbps: int | None
    mtu: int | None
    carrier: bool | None
    pci_address: str | None
    numa_node: int | None
    total_vfs: int
    num_vfs: int
    is_vf: bool


def read_nics(tree: Tree) -> tuple[Nic, ...]:
    """The network interfaces, ordered by name."""
    found: list[Nic] = []
    for name in tree.names(_NETS):
        path = f"{_NETS}/{name}"
        link = tree.link(path)
        if link is None or "/devices/virtual/" in f"/{link}":
            continue
        _, way = ancestry(link)
        device = f"sys/bus/pci/devices/{way[-1]}" if way else f"{path}/device"
        speed = tree.integer(f"{path}/speed")
        found.append(
            Nic(
                name=name,
                link_layer=_LINK_LAYERS.get(tree.integer(f"{path}/type") or 0, "other"),
                mac=tree.text(f"{path}/bonding_slave/perm_hwaddr") or tree.text(f"{path}/address"),
                driver=tree.link_name(f"{path}/device/driver"),
                speed_mbps=speed if speed is not None and 0 < speed < 0xFFFF_FFFF else None,
                mtu=tree.count(f"{path}/mtu"),
                carrier=tree.flag(f"{path}/carrier"),
                pci_address=way[-1] if way else None,
                numa_node=tree.numa_node(f"{device}/numa_node"),
                total_vfs=tree.count(f"{device}/sriov_totalvfs") or 0,
                num_vfs=tree.count(f"{device}/sriov_numvfs") or 0,
                is_vf=tree.link(f"{device}/physfn") is not None,
            )
        )
    return tuple(found)
