"""What befalls a stack, and what both providers make of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pextra_client import Client
from tests.cli.cloud import RunningCloud
from tests.labs.processes import children_of
from tests.labs.waiting import wait_until
from tests.lifecycle.tenants import new_tenant
from tests.pulumi.stacks import Stack

NewStack = Callable[..., Stack]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_NETWORK = """
import pulumi
import {module} as px

config = pulumi.Config()
network = px.Network(config.get("called") or "front", description=config.get("text") or "mine", mtu=1400)
px.Subnet("front", name="front", network=network.name, cidr="10.7.0.0/24")
pulumi.export("name", network.name)
pulumi.export("token", px.get_image("tiny", tenant="system").uid)
"""
_INSTANCE = """
import pulumi
import {module} as px

config = pulumi.Config()
keys = px.Secret("keys", name="keys", data={{"user-data": config.get("text") or "first-secret-text"}})
px.Instance(
    "web", name="web", flavor=config.get("flavor") or "small", image=config.get("image") or "system/sim-linux",
    user_data_from=px.InstanceUserDataSourceArgs(secret=keys.name, entry="user-data"),
    stop_timeout_s=config.get_int("patience") or 30,
)
"""
_MANY = """
import {module} as px

for number in range(12):
    px.Instance(f"web-{{number}}", flavor="small", image="system/sim-linux")
"""


def test_a_network_is_changed_in_place_replaced_mended_and_made_again(
    new_stack: NewStack, module: str, client: Client
) -> None:
    stack = new_stack(_NETWORK.format(module=module))
    stack.up()
    [network] = list(client.list("network"))
    name = network["metadata"]["name"]
    stack.run("config", "set", "text", "ours")
    assert stack.up().counts == {"updated": 1, "unchanged": 2}
    assert client.get("network", name)["metadata"].get("uid") == network["metadata"].get("uid")
    client.patch("network", name, {"spec": {"description": "theirs"}})
    assert "theirs" in stack.refresh().text
    assert stack.up().counts == {"updated": 1, "unchanged": 2}
    assert client.get("network", name)["spec"]["description"] == "ours"
    client.delete("subnet", "front")
    assert stack.refresh().counts["deleted"] == 1
    assert stack.up().counts == {"created": 1, "unchanged": 2}
    stack.write(_NETWORK.format(module=module).replace("10.7.0.0", "10.8.0.0"))
    assert "replace" in stack.preview().text
    assert stack.up().counts == {"replaced": 1, "unchanged": 2}
    assert client.get("subnet", "front")["spec"]["cidr"] == "10.8.0.0/24"


def test_an_instance_is_restarted_and_replaced_and_its_secret_is_seen_to_change(
    new_stack: NewStack, module: str, client: Client
) -> None:
    stack = new_stack(_INSTANCE.format(module=module))
    texts = [stack.up().text]
    first = client.get("instance", "web")["metadata"].get("uid")
    stack.run("config", "set", "patience", "20")
    assert stack.up().counts == {"updated": 1, "unchanged": 2}
    stack.run("config", "set", "flavor", "large")
    said = stack.preview().text
    assert "web restarts: a change of flavor needs it" in said
    assert stack.up().counts == {"updated": 1, "unchanged": 2}
    assert client.get("instance", "web")["metadata"].get("uid") == first
    client.patch("secret", "keys", {"spec": {"data": {"user-data": "their-secret-text"}}})
    texts.append(stack.refresh().text)
    assert "1 updated" in texts[-1]
    texts.append(stack.up().text)
    assert "1 updated" in texts[-1]
    assert not any("secret-text" in each for each in (*texts, stack.stored()))
    stack.run("config", "set", "image", "system/tiny")
    assert "replace" in stack.preview().text
    assert stack.up().counts == {"replaced": 1, "unchanged": 2}
    assert client.get("instance", "web")["metadata"].get("uid") != first


def test_what_is_imported_changes_nothing(new_stack: NewStack, client: Client, tenant: str) -> None:
    client.put("network", "theirs", {"mtu": 1400}, labels={"a": "b"})
    program = """
import pulumi
import pulumi_pextra.native as px

px.Network("n", name="theirs", mtu=1400, labels={"a": "b"}, opts=pulumi.ResourceOptions(import_="TENANT/theirs"))
""".replace("TENANT", tenant)
    stack = new_stack(program)
    assert stack.up().counts["imported"] == 1
    stack.write(program.replace(', opts=pulumi.ResourceOptions(import_="' + tenant + '/theirs")', ""))
    assert stack.up().counts == {"unchanged": 2}


def test_explicit_providers_keep_clouds_apart_and_their_token_out_of_the_state(
    new_stack: NewStack, cloud: RunningCloud, client: Client
) -> None:
    other = new_tenant(cloud)
    stack = new_stack(f"""
import pulumi
import pulumi_pextra.native as px

there = px.Provider("there", endpoint={cloud.url!r}, token={cloud.admin_token!r}, tenant={other!r})
px.Network("n", name="there", opts=pulumi.ResourceOptions(provider=there))
""")
    stack.up()
    assert client.get("network", "there", tenant=other)
    assert client.find("network", "there") is None
    assert cloud.admin_token not in stack.stored()


def test_two_stacks_cannot_have_one_name(new_stack: NewStack, module: str, client: Client) -> None:
    program = f"import {module} as px\npx.Network('front', name='front')\n"
    new_stack(program, "first").up()
    uid = client.get("network", "front")["metadata"].get("uid")
    second = new_stack(program, "second")
    assert "exists already" in second.preview().text
    ran = second.up(fails=True)
    assert "import it, or choose another name" in ran.text
    assert "Traceback" not in ran.text
    second.destroy()
    assert client.get("network", "front")["metadata"].get("uid") == uid


def test_without_backend_right_or_quota_the_reason_is_one_line(
    new_stack: NewStack, module: str, cloud: RunningCloud
) -> None:
    program = f"import {module} as px\npx.Volume('data', size_gib=20000)\n"
    poor = new_stack(program, "poor")
    assert "volume_gib" in poor.preview().text
    shown = poor.up(fails=True).text
    assert "quota.exceeded" in shown
    stranger = new_stack(program, "stranger", token="pxt_" + "x" * 43)
    shown += stranger.up(fails=True).text
    assert "auth.unauthenticated" in shown
    nowhere = new_stack(program, "nowhere", url="http://127.0.0.1:1")
    nowhere.run("config", "set", "pextra:timeout_s", "2")
    shown += nowhere.up(fails=True).text
    assert "connection refused" in shown
    assert "Traceback" not in shown
    assert cloud.admin_token not in shown


@pytest.mark.parametrize("victim", ["everything", "provider"])
def test_what_was_made_before_a_kill_is_found_by_the_next_run(
    new_stack: NewStack, module: str, client: Client, victim: str
) -> None:
    stack = new_stack(_MANY.format(module=module))
    process = stack.start("up", "--yes", "--skip-preview")
    wait_until(lambda: len(list(client.list("instance"))) >= 3, 120, "three instances")
    if victim == "everything":
        _kill(process.pid, lambda _: True)
    else:
        _kill(process.pid, lambda line: "pulumi.dynamic" in line or "pulumi-resource-pextra" in line)
    process.communicate(timeout=120)
    before = {each["metadata"].get("uid") for each in client.list("instance")}
    if victim == "everything":
        stack.run("cancel", "--yes")
    stack.up()
    found = list(client.list("instance"))
    assert len(found) == 12
    assert before <= {each["metadata"].get("uid") for each in found}
    stack.destroy()
    assert list(client.list("instance")) == []


def test_answers_that_get_lost_in_an_apply_are_found_again(
    new_stack: NewStack, module: str, cloud: RunningCloud, client: Client
) -> None:
    stack = new_stack(_MANY.format(module=module), url=cloud.lossy_url)
    cloud.loser.lose_next("PUT", 3)
    assert stack.up().counts == {"created": 13}
    assert cloud.loser.lost_all
    assert len(list(client.list("instance"))) == 12


def _kill(pid: int, wanted: Callable[[str], bool]) -> None:
    """Kills those of a process and its descendants whose command line is wanted."""
    family = [pid]
    for each in family:
        family += children_of(each)
    for each in reversed(family):
        with suppress(OSError):
            if wanted(" ".join(os.fsdecode(Path(f"/proc/{each}/cmdline").read_bytes()).split("\0"))):
                os.kill(each, signal.SIGKILL)


_SHOP = """
import pulumi
import {module} as px

def there(name):
    return pulumi.ResourceOptions(import_=f"{tenant}/{{name}}" if {importing} else None)

network = px.Network("front", opts=there("NETWORK"))
px.Subnet("front", name="front", network=network.name, cidr="10.7.0.0/24", opts=there("front"))
px.Secret("keys", name="keys", data={{"user-data": "first-secret-text"}}, opts=there("keys"))
"""


def test_what_the_dynamic_provider_made_moves_to_the_plugin_as_the_page_says(
    new_stack: NewStack, client: Client, tenant: str
) -> None:
    stack = new_stack(_SHOP.format(module="pulumi_pextra", tenant=tenant, importing=False))
    stack.up()
    before = {kind: _uids(client, kind) for kind in ("network", "subnet", "secret")}
    for resource in reversed(stack.resources()):
        stack.run("state", "delete", "--yes", resource["urn"])
    [name] = [each["metadata"]["name"] for each in client.list("network")]
    native = _SHOP.format(module="pulumi_pextra.native", tenant=tenant, importing=True)
    stack.write(native.replace("NETWORK", name))
    assert stack.up().counts["imported"] == 3
    stack.write(_SHOP.format(module="pulumi_pextra.native", tenant=tenant, importing=False))
    stack.up()  # a secret cannot be read back, and is written again
    assert stack.up().counts == {"unchanged": 4}
    assert {kind: _uids(client, kind) for kind in before} == before
    assert "first-secret-text" not in stack.stored()


_IMPORTED = """
import pulumi_pextra.native as px

px.Network("theirs", name="theirs", mtu=1400, labels={"a": "b"})
px.SecurityGroup("web", name="web", rules=[
    px.SecurityGroupRuleArgs(direction="ingress", protocol="tcp", port_min=80, remote_cidr="10.0.0.0/8")
])
"""


def test_what_is_imported_by_the_command_line_is_as_a_program_describes_it(
    new_stack: NewStack, client: Client, tenant: str
) -> None:
    client.put("network", "theirs", {"mtu": 1400}, labels={"a": "b"})
    rules = [{"direction": "ingress", "protocol": "tcp", "port_min": 80, "remote_cidr": "10.0.0.0/8"}]
    client.put("security_group", "web", {"rules": rules})
    stack = new_stack(_IMPORTED)
    wanted = {"resources": [
        {"type": "pextra:index:Network", "name": "theirs", "id": f"{tenant}/theirs"},
        {"type": "pextra:index:SecurityGroup", "name": "web", "id": f"{tenant}/web"},
    ]}  # fmt: skip
    (stack.folder / "wanted.json").write_text(json.dumps(wanted))
    options = ("--yes", "--protect=false", "--skip-preview", "--generate-code=false")
    assert stack.run("import", *options, "--file", "wanted.json").counts["imported"] == 2
    assert stack.up("--expect-no-changes").counts == {"unchanged": 3}


def _uids(client: Client, kind: str) -> set[str]:
    return {each["metadata"].get("uid", "") for each in client.list(kind)}
