"""The driver for one Linux host keeps the contract of network drivers, in a network namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.network_contract import ForwardingContract
from tests.drivers.netlab import NetLab, reason_unavailable


class TestLocalNetwork(ForwardingContract):
    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> Iterator[NetLab]:
        if reason := reason_unavailable():
            pytest.skip(reason)
        with NetLab() as lab:
            yield lab
