"""What the counters of guests and GPUs are to whoever asks the control plane for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pextra.agent_protocol import (
    MOST_DEVICES,
    MOST_GPU_SAMPLES,
    MOST_SAMPLES,
    CardSample,
    DiskSample,
    GpuSample,
    GuestSample,
)
from pextra.drivers.convergence import card_of_port
from pextra.drivers.gpu.interface import GpuReading
from pextra.drivers.interface import GuestMetrics


def samples_of(metrics: Mapping[str, GuestMetrics]) -> list[GuestSample]:
    """A sample of each guest, as many as one exchange carries, always of the same ones."""
    return [_sample(metrics[uid]) for uid in sorted(metrics)[:MOST_SAMPLES]]


def gpu_samples_of(readings: Sequence[GpuReading]) -> list[GpuSample]:
    """A sample of each GPU, as many as one exchange carries."""
    return [GpuSample.model_validate(asdict(reading)) for reading in readings[:MOST_GPU_SAMPLES]]


def _sample(counted: GuestMetrics) -> GuestSample:
    return GuestSample(
        uid=counted.uid,
        cpu_ns=counted.cpu_ns,
        memory_mib=counted.memory_mib,
        resident_mib=counted.resident_mib,
        disks=[
            DiskSample(
                volume_uid=disk.volume_uid,
                read_bytes=disk.read_bytes,
                read_operations=disk.read_operations,
                written_bytes=disk.written_bytes,
                write_operations=disk.write_operations,
            )
            for disk in counted.disks[:MOST_DEVICES]
        ],
        cards=[
            CardSample(
                card=card_of_port(nic.port_uid),
                received_bytes=nic.received_bytes,
                received_packets=nic.received_packets,
                sent_bytes=nic.sent_bytes,
                sent_packets=nic.sent_packets,
            )
            for nic in counted.nics[:MOST_DEVICES]
        ],
    )
