"""Seconds and API calls of a playbook of 50 resources: first run, second run, and the same as one `apply` task.

    python -m tests.benchmarks.ansible

The cloud is one process on SQLite with simulated hosts; Ansible is installed beside it from the built collection. Each
task of a playbook starts a Python process: that, not the API, is most of the time of a playbook with a task a resource.
"""

from __future__ import annotations

import re
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from pextra_client.client import Client
from tests.ansible.installed import Installed
from tests.api.site import IMAGE
from tests.benchmarks.table import show
from tests.cli.cloud import RunningCloud, running_cloud

_REQUESTS = re.compile(r"^pextra_requests_total\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)
_HOSTS = 4


def resources() -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, name and spec of fifty resources, each after those that it refers to."""
    web = {"direction": "ingress", "protocol": "tcp", "port_min": 80}
    found: list[tuple[str, str, dict[str, Any]]] = [("network", f"net-{number}", {}) for number in range(4)]
    found += [("subnet", f"sub-{n}", {"network": f"net-{n}", "cidr": f"10.{n}.0.0/24"}) for n in range(4)]
    found += [("security_group", f"group-{n}", {"rules": [{**web, "port_max": 80 + n}]}) for n in range(6)]
    found += [("volume", f"vol-{number:02}", {"size_gib": 1}) for number in range(16)]
    for number in range(20):
        card = {"network": f"net-{number % 4}", "security_groups": [f"group-{number % 6}"]}
        volumes = [f"vol-{number:02}"] if number < 16 else []
        spec = {"flavor": "small", "image": "system/linux", "networks": [card], "volumes": volumes}
        found.append(("instance", f"vm-{number:02}", spec))
    return found


def one_task_each(tenant: str) -> list[dict[str, Any]]:
    """A task for each resource."""
    return [{f"pextra.cloud.{kind}": {"name": name, "tenant": tenant, **spec}} for kind, name, spec in resources()]


def one_task(tenant: str) -> list[dict[str, Any]]:
    """One task for all."""
    objects = [{"kind": kind, "metadata": {"name": name}, "spec": spec} for kind, name, spec in resources()]
    return [{"pextra.cloud.apply": {"tenant": tenant, "definition": objects}}]


def requests_of(cloud: RunningCloud) -> int:
    """How many requests the API has answered."""
    with urllib.request.urlopen(f"{cloud.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return int(sum(float(count) for count in _REQUESTS.findall(text)))


def main() -> None:
    """Measure and print."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "cloud").mkdir()
        with running_cloud(folder / "cloud") as cloud, Client(cloud.url, cloud.admin_token) as client:
            _prepare(client)
            (folder / "installed").mkdir()
            made = Installed.new(folder / "installed")
            connection = {"PEXTRA_ENDPOINT": cloud.url, "PEXTRA_TOKEN": cloud.admin_token}
            installed = Installed(made.folder, made.python, connection)
            for name, tasks in (("a task a resource", one_task_each), ("one apply task", one_task)):
                tenant = name.split()[0]
                client.put("tenant", tenant, {})
                client.put("quota", "default", {"unlisted": "unlimited"}, tenant=tenant)
                path = installed.tasks("bench", tasks(tenant))
                for run in ("first run", "second run", "check, nothing to do"):
                    flags = ["--check"] if run.startswith("check") else []
                    calls, began = requests_of(cloud), time.perf_counter()
                    ended = installed.playbook(path, *flags)
                    taken = time.perf_counter() - began
                    assert ended.code == 0, ended.out
                    assert (ended.counts["changed"] > 0) is (run == "first run")
                    # One of the calls is the count itself.
                    rows.append((f"{name}, {run}", f"{taken:.1f}", str(requests_of(cloud) - calls - 1)))
    show(f"{len(resources())} resources", ("", "seconds", "API calls"), rows)


def _prepare(client: Client) -> None:
    client.put("flavor", "small", {"vcpus": 1, "memory_mib": 512, "disk_gib": 4})
    for number in range(_HOSTS):
        client.put("host", f"sim-{number}", {"driver": "sim"})
    client.put("image", "linux", IMAGE, tenant="system")
    client.put("share", "linux", {"kind": "image", "name": "linux", "tenants": "all"}, tenant="system")
    for number in range(_HOSTS):
        client.wait_ready("host", f"sim-{number}", timeout_s=30)
    client.wait_ready("image", "linux", tenant="system", timeout_s=30)


if __name__ == "__main__":
    main()
