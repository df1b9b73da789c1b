"""One look at NVIDIA's library, as a process: `python -m pextra.drivers.gpu.nvml_look` prints what it knows as JSON.

The document has one of `gpus` with `readings`, `absent` and `failed`; see `nvml_process`, which reads it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from pextra.drivers.gpu.nvml import Nvml, NvmlAbsent, NvmlFailed


def look() -> dict[str, Any]:
    """What is printed."""
    try:
        with Nvml() as nvml:
            return {
                "gpus": [asdict(gpu) for gpu in nvml.gpus()],
                "readings": [asdict(reading) for reading in nvml.readings()],
            }
    except NvmlAbsent as absent:
        return {"absent": str(absent)}
    except NvmlFailed as failed:
        return {"failed": str(failed)}


if __name__ == "__main__":
    json.dump(look(), sys.stdout)
