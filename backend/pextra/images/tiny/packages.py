"""Fetches distribution packages and unpacks them; needs no root and installs nothing."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Final

from pextra.images.tiny.failure import ImageBuildError, run_tool

# The smallest kernel that a distribution makes for guests: Debian's, then Ubuntu's.
_KERNELS: Final = ("linux-image-cloud-amd64", "linux-image-kvm", "linux-image-virtual")
_KERNEL_PART: Final = re.compile(r"^\s*(?:Depends|Recommends): (linux-(?:image|modules)-[0-9]\S*)$", re.MULTILINE)
_TOOLS: Final = ("busybox-static", "syslinux", "syslinux-common", "mtools")


def unpack_packages(work_dir: Path) -> Path:
    """Download and unpack kernel, modules, busybox, syslinux and mtools.

    Args:
        work_dir: an existing directory for the downloads and the tree.

    Returns:
        The root of the unpacked tree.

    Raises:
        ImageBuildError: this is no x86-64 Debian or Ubuntu, or apt knows no such package.
    """
    if platform.machine() != "x86_64":
        raise ImageBuildError(f"the tiny image is built on x86_64 only, not on {platform.machine()}")
    downloads = work_dir / "packages"
    downloads.mkdir()
    # apt's own download user cannot write here; as root it would say so at every package.
    run_tool(
        ["apt-get", "download", "-o", "APT::Sandbox::User=root", *_kernel_packages(), *_TOOLS],
        package="apt",
        cwd=downloads,
    )
    tree = work_dir / "tree"
    for archive in sorted(downloads.glob("*.deb")):
        run_tool(["dpkg-deb", "--extract", str(archive), str(tree)], package="dpkg")
    return tree


def _kernel_packages() -> list[str]:
    for name in _KERNELS:
        try:
            shown = run_tool(["apt-cache", "depends", name], package="apt")
        except ImageBuildError:
            continue
        parts = _KERNEL_PART.findall(shown)
        if parts:
            modules = [part.replace("-image-", "-modules-") for part in parts if "-image-" in part]
            known = run_tool(["apt-cache", "search", "--names-only", "^linux-modules-[0-9]"], package="apt")
            offered = {line.split(" ", 1)[0] for line in known.splitlines()}
            return sorted({*parts, *(module for module in modules if module in offered)})
    raise ImageBuildError(f"apt knows none of {', '.join(_KERNELS)}: run apt-get update, as root")
