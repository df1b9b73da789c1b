"""OVN keeps the contract of fabrics."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from pextra.drivers.interface.fabric import Fabric
from pextra.drivers.ovn.driver import OvnFabric
from pextra.drivers.ovn.northbound import Northbound
from tests.contract.fabric_contract import FabricContract
from tests.labs.ovn.lab import OvnLab


class TestOvnFabric(FabricContract):
    @pytest.fixture
    def fabric(self, lab: OvnLab) -> Iterator[Fabric]:
        made = OvnFabric(Northbound(lab.layout.sockets("nb"), str(uuid4())))
        yield made
        assert not made.ensure_absent(list(made.owners()))
        made.close()
