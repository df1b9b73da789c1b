"""grpc without its asyncio half, which nothing here uses and which takes nearly as long to import as the rest of it.

It is there all the same for whoever imports `grpc.aio` in the same process.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Final

__all__ = ["grpc"]

_ASYNCIO_HALF: Final = "grpc.aio"

# What is written to the standard error ends up in Terraform's log: nothing but what is meant for it.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

_first = "grpc" not in sys.modules
if _first:
    sys.modules[_ASYNCIO_HALF] = ModuleType(_ASYNCIO_HALF)
import grpc  # noqa: E402 - after what keeps the half out

if _first:
    del sys.modules[_ASYNCIO_HALF]
