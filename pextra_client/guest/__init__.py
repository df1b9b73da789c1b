"""What tenants put into their guests: files that are printed, and run there with nothing of this package."""

from __future__ import annotations

import base64
import gzip
from importlib.resources import files
from typing import Final

PROGRAM: Final = "/usr/local/sbin/pextra-gpu-reporter"
UNIT: Final = "pextra-gpu-reporter.service"


def program() -> str:
    """The reporter of GPUs, which is one file."""
    return (files(__name__) / "gpu_reporter.py").read_text()


def service() -> str:
    """Its unit of systemd."""
    return (files(__name__) / UNIT).read_text()


def user_data() -> str:
    """What has cloud-init install and start it."""
    return f"""\
#cloud-config
write_files:
  - path: {PROGRAM}
    permissions: "0755"
    encoding: gz+b64
    content: {_packed(program())}
  - path: /etc/systemd/system/{UNIT}
    encoding: gz+b64
    content: {_packed(service())}
runcmd:
  - systemctl daemon-reload
  - systemctl enable --now {UNIT}
"""


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
