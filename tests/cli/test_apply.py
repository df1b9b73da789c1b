from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pextra_client.client import Client
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra

Write = Callable[..., str]

SITE = """
kind: instance
metadata: {name: web, labels: {app: web}}
spec:
  flavor: small
  image: system/sim-linux
  networks: [{network: front, security_groups: [web]}]
  volumes: [data]
---
kind: volume
metadata: {name: data, labels: {app: web}}
spec: {size_gib: 2}
---
kind: security_group
metadata: {name: web, labels: {app: web}}
spec: {rules: [{direction: egress}]}
---
kind: subnet
metadata: {name: front, labels: {app: web}}
spec: {network: front, cidr: 10.0.0.0/24}
---
kind: network
metadata: {name: front, labels: {app: web}}
spec: {}
"""


def volume(name: str, size_gib: int = 1, labels: str = "{}", **fields: str) -> str:
    extra = "".join(f"  {key}: {value}\n" for key, value in fields.items())
    return f"kind: volume\nmetadata: {{name: {name}, labels: {labels}}}\nspec:\n  size_gib: {size_gib}\n{extra}---\n"


def test_everything_is_made_in_an_order_that_works_and_is_ready_afterwards(
    pextra: Pextra, write: Write, client: Client, tenant: str
) -> None:
    result = pextra("apply", "-f", write(SITE))
    assert (result.code, result.err) == (0, "5 objects: ready\n")
    assert result.lines()[-1] == f"instance {tenant}/web: created"
    ready = client.get("instance", "web")
    assert ready.get("status", {})["power"] == "running"


def test_applying_again_changes_nothing(pextra: Pextra, write: Write, client: Client) -> None:
    path = write(SITE)
    pextra("apply", "-f", path, "--no-wait")
    before = client.get("volume", "data")["metadata"].get("generation")
    result = pextra("apply", "-f", path)
    assert {line.partition(": ")[2] for line in result.lines()} == {"unchanged"}
    assert client.get("volume", "data")["metadata"].get("generation") == before


def test_what_get_prints_can_be_applied(pextra: Pextra, write: Write) -> None:
    pextra("apply", "-f", write(SITE))
    for output in ("yaml", "json"):
        printed = pextra("get", "instances", "-o", output).out
        assert pextra("apply", "-f", "-", stdin=printed).out.endswith(": unchanged\n")


def test_nothing_is_changed_when_anything_would_be_refused(pextra: Pextra, write: Write, client: Client) -> None:
    result = pextra("apply", "-f", write(volume("fits") + volume("too-big", 5000)))
    assert result.code == 6
    assert "quota.exceeded" in result.err
    assert client.find("volume", "fits") is None


def test_a_dry_run_shows_the_plan_and_changes_nothing(pextra: Pextra, write: Write, client: Client) -> None:
    result = pextra("apply", "-f", write(volume("data")), "--dry-run")
    assert result.code == 0
    assert result.lines()[-1] == "Plan: 1 to create."
    assert client.find("volume", "data") is None


def test_prune_deletes_what_has_the_labels_and_is_not_in_the_files(
    pextra: Pextra, write: Write, client: Client
) -> None:
    both = volume("keep", labels="{set: a}") + volume("drop", labels="{set: a}") + volume("other", labels="{set: b}")
    pextra("apply", "-f", write(both))
    path = write(volume("keep", labels="{set: a}"))
    assert "- volume" in pextra("plan", "-f", path, "--prune", "-l", "set=a").out
    assert pextra("apply", "-f", path, "--prune", "-l", "set=a").code == 0
    assert [each["metadata"]["name"] for each in client.list("volume")] == ["keep", "other"]


def test_prune_takes_a_whole_site_down_in_an_order_that_works(pextra: Pextra, write: Write, client: Client) -> None:
    pextra("apply", "-f", write(SITE))
    rest = write(volume("other", labels="{app: web}"))
    assert pextra("apply", "-f", rest, "--prune", "-l", "app=web").code == 0
    left = [kind for kind in ("instance", "volume", "security_group", "subnet", "network") for _ in client.list(kind)]
    assert left == ["volume"]


def test_prune_without_labels_is_refused(pextra: Pextra, write: Write) -> None:
    assert pextra("apply", "-f", write(volume("a")), "--prune").code == 3
    assert pextra("apply", "-f", write(volume("a")), "--labels", "a=b").code == 3


def test_what_cannot_change_is_replaced_only_when_asked(pextra: Pextra, write: Write, client: Client) -> None:
    pextra("apply", "-f", write(volume("data")))
    uid = client.get("volume", "data")["metadata"].get("uid")
    path = write(volume("data", 1, image="system/sim-linux"))
    plan = pextra("plan", "-f", path)
    assert any(line.startswith("-/+ volume") for line in plan.lines())
    refused = pextra("apply", "-f", path)
    assert refused.code == 3
    assert "--replace" in refused.err
    assert client.get("volume", "data")["metadata"].get("uid") == uid
    assert pextra("apply", "-f", path, "--replace").out.endswith("data: replaced\n")
    assert client.get("volume", "data")["metadata"].get("uid") != uid


def test_somebody_elses_change_in_between_is_planned_for_anew(
    pextra: Pextra, write: Write, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pextra("apply", "-f", write(volume("data")))
    plan = Client.plan
    meddled: list[bool] = []

    def plan_and_meddle(self: Client, *arguments: object) -> object:
        found = plan(self, *arguments)  # type: ignore[arg-type]
        if not meddled:
            meddled.append(True)
            client.patch("volume", "data", {"spec": {"size_gib": 3}})
        return found

    monkeypatch.setattr(Client, "plan", plan_and_meddle)
    result = pextra("apply", "-f", write(volume("data", 7)))
    assert result.code == 0
    assert "Planning again" in result.err
    assert result.lines() == [line for line in result.lines() if line.endswith("data: updated")]
    assert client.get("volume", "data")["spec"]["size_gib"] == 7


def test_a_minted_credential_is_shown_once(pextra: Pextra, write: Write, anonymous: Pextra) -> None:
    text = "kind: user\nmetadata: {name: ada}\n---\nkind: api_token\nmetadata: {name: ci}\nspec: {user: ada}\n"
    path = write(text)
    first = pextra("apply", "-f", path)
    token = next(line.split()[1] for line in first.lines() if line.startswith("  token: "))
    assert pextra("whoami", "--token", token).out.count("ada") == 1
    again = pextra("apply", "-f", path, "-o", "json")
    assert token not in again.out
    assert [change["action"] for change in again.document()["changes"]] == ["unchanged", "unchanged"]


def test_a_minted_credential_is_part_of_the_document(pextra: Pextra, write: Write) -> None:
    text = "kind: user\nmetadata: {name: ada}\n---\nkind: api_token\nmetadata: {name: ci}\nspec: {user: ada}\n"
    changes = pextra("apply", "-f", write(text), "-o", "json").document()["changes"]
    assert changes[1]["minted"]["token"].startswith("pxt_")


@pytest.mark.slow
def test_more_manifests_than_one_plan_holds_are_applied(pextra: Pextra, client: Client) -> None:
    many = "".join(volume(f"v{number}") for number in range(1005))
    result = pextra("apply", "-f", "-", "--no-wait", "-o", "name", stdin=many)
    assert (result.code, len(result.lines())) == (0, 1005)
    assert sum(1 for _ in client.list("volume")) == 1005


def test_a_lost_answer_does_not_fail_an_apply(
    pextra: Pextra, write: Write, cloud: RunningCloud, client: Client
) -> None:
    cloud.loser.lose_next("PUT", 2)
    result = pextra("--endpoint", cloud.lossy_url, "apply", "-f", write(volume("a") + volume("b")))
    assert result.code == 0
    assert cloud.loser.lost_all
    assert {line.partition(": ")[2] for line in result.lines()} == {"created"}
    assert client.get("volume", "a")["metadata"].get("generation") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [("kind: volume\nmetadata: {name: a}\nspec: {size_gib: 0}\n", 3), ("kind: nonsense\n", 3), ("", 3), ("a: [", 3)],
)
def test_a_wrong_manifest_is_invalid(pextra: Pextra, write: Write, text: str, code: int) -> None:
    result = pextra("apply", "-f", write(text))
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("error: ")


def test_an_error_names_every_field_at_fault(pextra: Pextra, write: Write) -> None:
    text = "kind: subnet\nmetadata: {name: s}\nspec: {network: UP, cidr: nonsense}\n"
    errors = pextra("apply", "-f", write(text)).err
    assert "spec.network" in errors
    assert "spec.cidr" in errors


def test_plan_tells_changes_by_its_exit_code_when_asked(pextra: Pextra, write: Write) -> None:
    path = write(volume("data"))
    assert pextra("plan", "-f", path).code == 0
    assert pextra("plan", "-f", path, "--detailed-exitcode").code == 2
    pextra("apply", "-f", path, "--no-wait")
    assert pextra("plan", "-f", path, "--detailed-exitcode").code == 0
    refused = pextra("plan", "-f", write(volume("data", 9000)), "--detailed-exitcode")
    assert refused.code == 6
    assert "quota.exceeded" in refused.out


def test_a_wait_that_ends_in_vain_says_why(pextra: Pextra, write: Write) -> None:
    text = SITE.replace("spec:\n  flavor", "spec:\n  zone: nowhere\n  flavor")
    result = pextra("apply", "-f", write(text), "--timeout", "1")
    assert result.code == 7
    assert "NoCapacity" in result.err


def test_the_quickstart_can_be_applied_planned_and_deleted(pextra: Pextra) -> None:
    examples = Path(__file__).parents[2] / "examples" / "quickstart"
    applied = pextra("apply", "-f", str(examples / "cloud"), "-f", str(examples / "tenant"))
    assert (applied.code, applied.err.count("error")) == (0, 0)
    plan = pextra("plan", "-f", str(examples / "change"))
    assert plan.code == 6  # one of the changes is there to show a refusal
    assert pextra("delete", "-f", str(examples / "tenant")).code == 0
    assert pextra("get", "tenant", "acme").code == 4


def test_a_plan_of_copies_tells_how_many_fit_and_what_the_first_that_does_not_lacks(
    pextra: Pextra, client: Client, write: Write
) -> None:
    client.put("flavor", "third", {"vcpus": 1, "memory_mib": 50_000, "disk_gib": 1})
    client.put("host", "kept", {"driver": "sim", "zone": "kept", "taints": [{"key": "kept"}]})
    client.wait_ready("host", "kept")
    limits = {"instances": 2000, "vcpus": 2000, "memory_mib": 100_000_000, "volume_gib": 5000}
    client.put("quota", "default", {"limits": limits})
    path = write(
        "kind: instance\nmetadata: {name: node}\n"
        "spec: {flavor: third, image: system/sim-linux, zone: kept, tolerations: [{key: kept}]}\n"
    )
    planned = pextra("plan", "-f", path, "--copies", "5")
    assert planned.code == 0
    assert "2 of 5 instances fit, placed one after the other" in planned.out
    assert "2 on kept" in planned.out
    assert "the first that does not is node-3: none of " in planned.out
    assert "50000 MiB of memory wanted" in planned.out
    assert pextra("plan", "-f", path, "--copies", "1001").code == 3
    assert client.find("instance", "node-1") is None
    client.delete("host", "kept")
