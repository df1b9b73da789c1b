"""Stacks of both providers, run by the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pextra_client.discovery import Catalog
from pulumi_pextra.generate import camel
from pulumi_pextra.properties import property_of
from tests.lifecycle.examples import everything
from tests.pulumi.stacks import Stack

NewStack = Callable[..., Stack]

_EVERYTHING = """
import json
import pulumi
import {module} as px

before = []
for class_, fields in json.loads({resources!r}):
    before.append(getattr(px, class_)(class_.lower(), opts=pulumi.ResourceOptions(depends_on=before[-1:]), **fields))
"""


def _every_kind(module: str, tenant: str) -> tuple[str, int]:
    examples = everything(tenant)
    resources: list[tuple[str, dict[str, Any]]] = []
    for kind in Catalog.bundled().ordered():
        if kind.writable:
            name, spec = examples[kind.name]
            fields = {"name": name, **{property_of(kind, field): value for field, value in spec.items()}}
            if kind.name == "quota":
                fields["tenant"] = f"{tenant}.ops"  # the test's own tenant has one
            resources.append((camel(kind.name), fields))
    resources.sort(key=lambda each: each[0] == "Share")  # what it shares it names by a kind and a name
    return _EVERYTHING.format(module=module, resources=json.dumps(resources)), len(resources) + 1


@pytest.mark.timeout(300)
def test_a_stack_of_every_kind_is_made_stays_as_it_is_and_goes(new_stack: NewStack, module: str, tenant: str) -> None:
    program, count = _every_kind(module, tenant)
    stack = new_stack(program)
    assert stack.up().counts == {"created": count}
    assert stack.up().counts == {"unchanged": count}
    stored = stack.stored()
    assert "correct-horse" not in stored
    assert stack.environment["PEXTRA_TOKEN"] not in stored
    assert "pxt_" not in stored
    assert "def " not in stored
    assert stack.destroy().counts == {"deleted": count}


_NOT_READY = """
import {module} as px

network = px.Network("front", name="front")
web = px.Instance("web", name="web", flavor="small", image="system/sim-linux", networks=[{{"network": network.name}}])
px.FloatingIp("web", name="web", instance=web.name, ports=[{{"to_port": 80, "port": 22}}])
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_stands_and_is_not_ready_is_in_the_state_and_said_in_one_line(
    new_stack: NewStack, module: str, tenant: str
) -> None:
    stack = new_stack(_NOT_READY.format(module=module))
    stack.run("config", "set", "pextra:ready_timeout_s", "4")
    ran = stack.up(fails=True)
    [said] = {line for line in ran.text.splitlines() if "A port of a host is from" in line}
    assert f"floating_ip {tenant}/web stands and is not ready" in said
    assert "Traceback" not in ran.text
    [kept] = [each for each in stack.resources() if each["type"].endswith("FloatingIp")]
    assert kept["initErrors"]
    assert kept["outputs"]["uid"]
    assert stack.destroy().counts == {"deleted": 4}
