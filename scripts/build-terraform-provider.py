"""Builds the provider as a registry would offer it, for this machine's system.

    python scripts/build-terraform-provider.py FOLDER

FOLDER/mirror becomes a filesystem mirror that `terraform init` installs from: one archive with a folder that needs no
Python. FOLDER is made; what an earlier build left there is replaced.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

from pextra_client.version import VERSION

ROOT: Final = Path(__file__).parents[1]
HOSTS: Final = ("registry.terraform.io", "registry.opentofu.org")
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64", "amd64": "amd64"}
# Installed beside it in a developer's environment, and never imported by it.
_LEFT_OUT: Final = ("pextra", "grpc_tools", "setuptools", "sqlalchemy", "flask", "pytest", "tkinter", "rich", "typer")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same archive from the same files


def main(folder: Path) -> None:
    """Builds program, archive and mirror."""
    name = f"terraform-provider-pextra_v{VERSION}"
    work = folder / "work"
    shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True)
    entry = work / "entry.py"
    entry.write_text("from terraform_provider_pextra.plugin import main\n\nmain()\n")
    left_out = [option for module in _LEFT_OUT for option in ("--exclude-module", module)]
    arguments = [
        *("--noconfirm", "--log-level", "WARN", "--onedir", "--strip", "--name", name),
        *("--distpath", str(work / "dist"), "--workpath", str(work / "build"), "--specpath", str(work)),
        *("--paths", str(ROOT), "--add-data", f"{ROOT / 'pextra_client' / 'kinds.json'}{os.pathsep}pextra_client"),
        # Imported at the first call that needs it.
        *("--hidden-import", "terraform_provider_pextra.service", "--hidden-import", "jsonschema"),
        *left_out,
        str(entry),
    ]
    subprocess.run([sys.executable, "-m", "PyInstaller", *arguments], check=True)
    archive = folder / f"terraform-provider-pextra_{VERSION}_{_platform()}.zip"
    _pack(work / "dist" / name, archive)
    for host in HOSTS:
        mirror = folder / "mirror" / host / "pextra" / "pextra"
        mirror.mkdir(parents=True)
        os.link(archive, mirror / archive.name)
    shutil.rmtree(work)
    sys.stdout.write(f"{archive} ({archive.stat().st_size // 1_000_000} MB), and a mirror in {folder / 'mirror'}\n")


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(machine, machine)}"


def _pack(tree: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(each for each in tree.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(tree)), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Terraform unpacks with these permissions, and must be able to start it.
            entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
            packed.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
