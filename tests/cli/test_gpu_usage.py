"""`pextra gpu usage` tells how long GPUs were had."""

from __future__ import annotations

from decimal import Decimal

from pextra_client import guest
from pextra_client.client import Client
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra


def test_gpu_seconds_are_told_by_what_is_asked_for(
    pextra: Pextra, client: Client, tenant: str, cloud: RunningCloud
) -> None:
    assert "nobody had a GPU" in pextra("gpu", "usage").err
    with Client(cloud.url, cloud.admin_token) as operator:
        machine = {"gpus": {"model": "l4", "count": 2}}
        operator.put("host", "sim-gpus", {"driver": "sim", "zone": "zone-gpus", "simulated": machine})
        operator.put("gpu_profile", "whole-l4", {"models": ["l4"], "mode": "whole"})
        operator.wait_ready("host", "sim-gpus", timeout_s=30)
        operator.put("quota", "default", {"unlisted": "unlimited"}, tenant=tenant)
    wish = {"profile": "whole-l4", "count": 2}
    client.put("instance", "trainer", {"flavor": "small", "image": "system/sim-linux", "gpus": wish})
    client.wait_ready("instance", "trainer", timeout_s=30)
    header, row = pextra("gpu", "usage", "--by", "instance,model").lines()
    assert header.split() == ["TENANT", "INSTANCE", "MODEL", "PARTS", "GPU", "SECONDS", "GPU", "HOURS"]
    assert row.split()[:4] == [tenant, "trainer", "l4", "2"]
    (item,) = pextra("gpu", "usage", "-o", "json").document()["items"]
    assert (item["mode"], item["milli"], item["parts"]) == ("whole", 1000, 2)
    assert Decimal(item["gpu_seconds"]) >= Decimal(row.split()[4]) > 0
    everybody = pextra("gpu", "usage", "-t", "system", "-A", "--by", "tenant", "-o", "json").document()["items"]
    assert tenant in [each["tenant"] for each in everybody]
    assert pextra("gpu", "usage", "--by", "colour").code == 3


def test_the_program_for_guests_is_printed_and_asks_nobody(pextra: Pextra) -> None:
    assert pextra("gpu", "reporter").out == guest.program()
    assert "ExecStart=" in pextra("gpu", "reporter", "--unit").out
    assert pextra("gpu", "reporter", "--cloud-init").out.startswith("#cloud-config\n")
    assert pextra("gpu", "reporter", "--unit", "--cloud-init").code == 3
