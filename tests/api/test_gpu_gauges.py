"""What operators are told of GPUs: what is given out, what is left, and how usable that is."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pextra.services import gpu_gauges
from pextra.store import samples
from pextra.store.database import Tx
from tests.api.site import Site

H100 = "h100-80gb-hbm3"
INSTANCE: dict[str, Any] = {"flavor": "small", "image": "system/linux"}


def furnish(site: Site) -> None:
    """A host with a board of eight, one with two cards, and profiles of all ways to hand them out."""
    site.admin.put("hosts/board", {"driver": "sim", "simulated": {"vcpus": 64, "gpus": {"board": "hgx-h100-8"}}}).ok()
    cards = {"vcpus": 64, "gpus": {"model": "l4", "count": 2}}
    site.admin.put("hosts/cards", {"driver": "sim", "simulated": cards}).ok()
    site.admin.put("gpu_profiles/h100", {"mode": "whole", "models": [H100]}).ok()
    site.admin.put("gpu_profiles/quarter", {"mode": "share", "share_milli": 250, "models": ["l4"]}).ok()
    site.converge()


def run(site: Site, tenant: str, name: str, **gpus: Any) -> None:
    site.admin.put(f"tenants/{tenant}/instances/{name}", {**INSTANCE, "gpus": gpus}).ok()
    site.converge()


def told(site: Site) -> dict[str, dict[tuple[str, ...], float]]:
    """The values of each gauge by those of its labels, as a scraper reads them."""
    site.clock.advance(20)
    families = text_string_to_metric_families(site.nobody.get("/metrics/cloud").text)
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        if name not in gpu_gauges.GAUGES:  # those of other services
            continue
        labels = gpu_gauges.GAUGES[name][1]
        found[name] = {tuple(sample.labels[label] for label in labels): sample.value for sample in family.samples}
    return found


def test_what_is_given_out_and_left_is_told_by_model_profile_and_tenant(any_site: Site) -> None:
    site = any_site
    furnish(site)
    run(site, "acme", "pair", profile="h100", count=2, nvlink="required")
    run(site, "globex", "part", profile="quarter")
    found = told(site)
    assert found["pextra_gpus"] == found["pextra_gpus_usable"] == {(H100,): 8, ("l4",): 2}
    assert found["pextra_gpus_free"] == {(H100,): 6, ("l4",): 1.75}
    assert found["pextra_gpus_allocated"] == {
        (H100, "whole", "", "acme"): 2,
        ("l4", "share", "", "globex"): 0.25,
    }
    assert found["pextra_gpu_parts_allocated"][H100, "whole", "", "acme"] == 2
    claimed = {labels[-2:]: value for labels, value in found["pextra_gpu_claimed"].items()}
    assert claimed == {("acme", "pair"): 1, ("globex", "part"): 0.25}
    assert [labels[-1] for labels in found["pextra_gpu_health"]] == ["ok"] * 10


def test_partitions_that_are_still_whole_are_counted_by_size(site: Site) -> None:
    furnish(site)

    def whole() -> dict[str, float]:
        return {labels[2]: value for labels, value in told(site)["pextra_gpu_partitions_free"].items()}

    assert told(site)["pextra_gpu_partitions"] == {
        (H100, "hgx-h100-8", size): n for size, n in zip("248", (4, 2, 1), strict=True)
    }
    assert whole() == {"2": 4, "4": 2, "8": 1}
    run(site, "acme", "one", profile="h100", count=1)
    assert whole() == {"2": 3, "4": 1, "8": 0}
    run(site, "acme", "four", profile="h100", count=4, nvlink="required")
    assert whole() == {"2": 1, "4": 0, "8": 0}
    site.admin.patch("hosts/board", {"spec": {"schedulable": False}}).ok()
    site.converge()
    assert whole() == {"2": 0, "4": 0, "8": 0}
    assert told(site)["pextra_gpus_free"][H100,] == 0


def test_fragmentation_rises_when_what_is_left_fits_nobody(site: Site) -> None:
    furnish(site)
    run(site, "acme", "eight", profile="h100", count=8)
    assert told(site)["pextra_gpus_fragmented"][H100,] == 0
    site.admin.send("DELETE", "/v1/tenants/acme/instances/eight").ok()
    site.converge()
    run(site, "acme", "seven", profile="h100", count=7)
    assert told(site)["pextra_gpus_fragmented"][H100,] == pytest.approx(1.0)


def test_what_gpus_say_of_their_work_is_told_with_who_has_them(site: Site) -> None:
    furnish(site)
    run(site, "acme", "trainer", profile="h100", count=1)
    run(site, "acme", "one", profile="quarter")
    run(site, "globex", "two", profile="quarter")
    uid = site.admin.get("hosts/board").ok()["metadata"]["uid"]
    cards = site.admin.get("hosts/cards").ok()["metadata"]["uid"]
    (device,) = [labels for labels in told(site)["pextra_gpu_claimed"] if labels[-1] == "trainer"]
    (shared,) = {labels[:4] for labels in told(site)["pextra_gpu_claimed"] if labels[-1] == "two"}
    said = {
        "utilization_percent": 93, "memory_used_mib": 1024, "memory_mib": 81_559, "power_mw": 612_500,
        "temperature_c": 71, "ecc_corrected": 3, "ecc_uncorrected": 1, "nvlink_sent_kib": 2, "nvlink_received_kib": 4,
    }  # fmt: skip

    def say(tx: Tx) -> None:
        gone = {"address": "0000:ff:00.0", "power_mw": 1}  # the host does not tell of it any more
        samples.put(tx, uid, {}, [{"address": device[1], **said}, gone])
        samples.put(tx, cards, {}, [{"address": shared[1], "power_mw": 40_000}])

    site.database.write(say)
    found = told(site)
    assert device == (*device[:4], "whole", "", "acme", "trainer")
    whose = (*device, "host")
    assert found["pextra_gpu_utilization_ratio"] == {whose: 0.93}
    assert found["pextra_gpu_memory_used_bytes"] == {whose: 1 << 30}
    assert found["pextra_gpu_memory_bytes"] == {whose: 81_559 << 20}
    assert found["pextra_gpu_power_watts"] == {whose: 612.5, (*shared, "", "", "", "", "host"): 40.0}
    assert found["pextra_gpu_temperature_celsius"] == {whose: 71}
    assert found["pextra_gpu_ecc_errors_total"] == {(*whose, "corrected"): 3, (*whose, "uncorrected"): 1}
    assert found["pextra_gpu_nvlink_bytes_total"] == {(*whose, "sent"): 2048, (*whose, "received"): 4096}
    site.clock.advance(gpu_gauges.FRESH_US / 1e6)
    assert told(site)["pextra_gpu_power_watts"] == {}


def test_what_a_guest_says_of_its_gpu_is_told_as_its_word_and_only_while_it_has_it(site: Site) -> None:
    furnish(site)
    run(site, "acme", "trainer", profile="h100", count=1)
    uid = site.admin.get("hosts/board").ok()["metadata"]["uid"]
    guest_uid = site.admin.get("tenants/acme/instances/trainer").ok()["metadata"]["uid"]
    (device,) = told(site)["pextra_gpu_claimed"]
    others = next(labels for labels in told(site)["pextra_gpu_health"] if labels[1] != device[1])
    mine = {"address": device[1], "guest_uid": guest_uid, "power_mw": 300_000, "ecc_uncorrected": 7}
    not_mine = {"address": others[1], "guest_uid": guest_uid, "power_mw": 1}

    def say(guest: str) -> dict[str, dict[tuple[str, ...], float]]:
        said = [{**each, "guest_uid": guest} for each in (mine, not_mine)]
        site.database.write(lambda tx: samples.put(tx, uid, {}, said))
        return told(site)

    found = say(guest_uid)
    assert found["pextra_gpu_power_watts"] == {(*device, "guest"): 300.0}
    assert found["pextra_gpu_ecc_errors_total"] == {(*device, "guest", "uncorrected"): 7}
    assert say("0193a1b2-0000-7000-8000-0000000000aa")["pextra_gpu_power_watts"] == {}  # who had it before


def test_limits_are_told_with_what_is_used_of_them(site: Site) -> None:
    furnish(site)
    site.admin.put(
        "tenants/acme/quotas/default", {"limits": {"gpus": 4, f"gpus/{H100}": 3}, "unlisted": "unlimited"}
    ).ok()
    run(site, "acme", "pair", profile="h100", count=2)
    found = told(site)
    assert found["pextra_gpu_quota_limit"] == {("acme", "gpus"): 4, ("acme", f"gpus/{H100}"): 3}
    assert found["pextra_gpu_quota_used"] == {("acme", "gpus"): 2, ("acme", f"gpus/{H100}"): 2}


def test_only_those_tenants_are_named_that_have_most(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_gauges, "MOST_TENANTS", 1)
    furnish(site)
    run(site, "acme", "pair", profile="h100", count=2)
    run(site, "globex", "one", profile="h100")
    assert {labels[-1]: value for labels, value in told(site)["pextra_gpus_allocated"].items()} == {
        "acme": 2, gpu_gauges.OTHERS: 1,
    }  # fmt: skip


def test_gauges_are_told_to_operators_alone_and_asking_often_costs_no_more(site: Site) -> None:
    app = site.another_app()

    def ask(address: str) -> tuple[int, str]:
        answer = app.test_client().get("/metrics/cloud", environ_base={"REMOTE_ADDR": address})
        return answer.status_code, answer.get_data(as_text=True)

    assert ask("203.0.113.7")[0] == 403
    status, text = ask("127.0.0.1")
    assert status == 200
    furnish(site)
    site.clock.advance(-1_000)  # as if no time had passed since
    assert ask("127.0.0.1")[1] == text
    assert set(told(site)) == set(gpu_gauges.GAUGES)
