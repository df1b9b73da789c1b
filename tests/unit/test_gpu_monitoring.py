"""The alert rules and the dashboard of GPUs are about what the product tells, and say what they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pextra.services.gpu_gauges import GAUGES

FOLDER = Path(__file__).parents[2] / "deploy/monitoring"
RULES = yaml.safe_load((FOLDER / "gpu-alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "gpu-dashboard.json").read_text())
PANELS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
CHOICES = [each["query"]["query"] for each in DASHBOARD["templating"]["list"] if each["type"] == "query"]
SELECTOR = re.compile(r"\b(pextra_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


def expressions() -> Iterator[str]:
    """Whatever asks Prometheus something."""
    yield from (rule["expr"] for rule in RULES)
    yield from PANELS
    yield from CHOICES


def promtool(*arguments: str) -> str:
    """What it prints; it has found nothing wrong."""
    done = subprocess.run(
        ["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian's package prometheus)"
)


@needs_promtool
def test_the_rules_are_ones_that_prometheus_takes() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", "gpu-alerts.yaml")


@needs_promtool
def test_every_alert_fires_when_it_should_and_not_before() -> None:
    tested = yaml.safe_load((FOLDER / "gpu-alerts-test.yaml").read_text())
    cases = [case for test in tested["tests"] for case in test["alert_rule_test"]]
    for fires in (True, False):
        assert {c["alertname"] for c in cases if bool(c.get("exp_alerts")) == fires} >= {r["alert"] for r in RULES} - (
            set() if fires else {"PextraGpuXid"}
        )
    assert "SUCCESS" in promtool("test", "rules", "gpu-alerts-test.yaml")


@pytest.mark.parametrize("expression", list(expressions()))
def test_only_what_is_told_is_asked_for(expression: str) -> None:
    named = SELECTOR.findall(expression)
    assert named
    labels: set[str] = set()
    for name, matchers in named:
        assert name in GAUGES, name
        labels |= set(GAUGES[name][1])
        assert set(re.findall(r"(\w+)\s*=", matchers)) <= set(GAUGES[name][1])
    for group in GROUPING.findall(expression):
        assert {label.strip() for label in group.split(",")} <= labels


def test_what_an_alert_says_names_labels_that_it_has() -> None:
    for rule in RULES:
        labels = {label for name, _ in SELECTOR.findall(rule["expr"]) for label in GAUGES[name][1]}
        said = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        assert said <= labels, rule["alert"]


def test_panels_lie_beside_each_other_and_have_numbers_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        squares = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not taken & squares, panel["title"]
        assert all(x < 24 for x, _ in squares)
        taken |= squares
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
