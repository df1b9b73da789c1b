"""Says what this machine lacks to connect guests, before anything is made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account
from pextra.drivers.lacking import APT, Problem
from pextra.drivers.local.commands import program_path

_PROGRAMS: Final = {
    "ip": "iproute2",
    "bridge": "iproute2",
    "ss": "iproute2",
    "nft": "nftables",
    "dnsmasq": "dnsmasq-base",
    "sysctl": "procps",
    "nsenter": "util-linux",
}
_TUN: Final = Path("/dev/net/tun")
_BRIDGED_TO_IPTABLES: Final = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
# What our tables are made of, and the devices; tried in a namespace that ends with the trial.
_RULES: Final = """
table bridge trial {
 set pairs { type ifname . ether_addr . ipv4_addr; }
 chain prerouting {
  type filter hook prerouting priority -300; policy accept;
  iifname . ether saddr . ip saddr @pairs drop
 }
}
table inet trial {
 map forwards { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
 chain prerouting {
  type nat hook prerouting priority dstnat; policy accept;
  fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @forwards
 }
 chain forward {
  type filter hook forward priority filter; policy accept;
  ct state established ct direction reply accept
 }
}
"""
_DEVICES: Final = "link add trial0 type bridge\nlink add trial1 type veth peer name trial2\n"


def check(account: Account | None = None) -> list[Problem]:
    """What keeps `LocalNetwork` from working here.

    Changes nothing; what the kernel is able to is tried in a network namespace that ends with the trial.

    Args:
        account: whom guests run as, who must be able to open their taps.
    """
    if os.geteuid() != 0:
        return [Problem("networks of a host are made by root", "run the host's agent as root")]
    path = program_path()
    missing = {package for name, package in _PROGRAMS.items() if shutil.which(name, path=path) is None}
    problems = [Problem(f"{package} is not installed", f"{APT} {package}") for package in sorted(missing)]
    problems += _tun_problems(account)
    if not missing:
        problems += _kernel_problems()
        problems += _firewall_problems()
    return problems


def _tun_problems(account: Account | None) -> list[Problem]:
    if not _TUN.exists():
        return [Problem(f"there is no {_TUN}", "modprobe tun, or give the container the device")]
    mode = _TUN.stat().st_mode
    if account is not None and mode & 0o006 != 0o006:
        # Debian's udev makes it so; who opens a tap is decided by the tap's owner.
        return [Problem(f"{account.name} cannot open {_TUN} (mode {mode & 0o777:o})", f"chmod 666 {_TUN}")]
    return []


def _kernel_problems() -> list[Problem]:
    problems: list[Problem] = []
    trials = (
        (("ip", "-batch", "-"), _DEVICES, "the kernel makes no bridge or veth devices", "modprobe bridge veth"),
        (
            ("nft", "--file", "-"),
            _RULES,
            "the kernel lacks parts of nftables",
            "use a kernel with CONFIG_NF_TABLES_BRIDGE, NF_TABLES_INET, NFT_NAT, NFT_CT and NFT_FIB_INET",
        ),
    )
    for argv, stdin, what, remedy in trials:
        done = _run(("unshare", "--net", *argv), stdin)
        if done.returncode != 0:
            problems.append(Problem(f"{what} ({done.stderr.strip()[:200]})", remedy))
    return problems


def _firewall_problems() -> list[Problem]:
    """A firewall that drops what is forwarded, and is shown what bridges carry, drops what guests send."""
    try:
        shown = _BRIDGED_TO_IPTABLES.read_text().strip() == "1"
    except OSError:
        return []
    if not shown:
        return []
    chains = _run(("nft", "list", "chains"), "").stdout
    tables = ("",)
    problems: list[Problem] = []
    for line in chains.splitlines():
        words = line.split()
        if words[:1] == ["table"]:
            tables = tuple(words[1:3])
        elif "hook forward" in line and "policy drop" in line and tables[0] in ("ip", "inet"):
            problems.append(
                Problem(
                    f"table {' '.join(tables)} drops what is forwarded, also by bridges (bridge-nf-call-iptables)",
                    "sysctl net.bridge.bridge-nf-call-iptables=0, or let pass what devices pxb-* and pxt-* carry",
                )
            )
    return problems


def _run(argv: tuple[str, ...], stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"LC_ALL": "C", "PATH": program_path()},
    )
