"""How a control plane reaches the northbound database: by TLS that believes one authority, or not over the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.drivers.interface.fabric import FabricNetwork
from pextra.drivers.ovn.opening import Files, NorthboundRefused, open_fabric
from pextra.pki.authority import Authority
from pextra.pki.request import new_request
from tests.labs.ovn.central import SCHEMAS
from tests.labs.ovn.lab import reason_unavailable
from tests.labs.ovn.node import run
from tests.labs.ports import LOOPBACK, free_port
from tests.labs.processes import is_running, spawn, wait_gone
from tests.labs.waiting import wait_until

HOUR = timedelta(hours=1)


def files(folder: Path, authority: Authority) -> Files:
    """What a client shows to who believes the authority."""
    now = datetime.now(UTC)
    key, request = new_request("control plane")
    made = Files(folder / "client-key.pem", folder / "client.pem", folder / "authority.pem")
    made.key.write_text(key)
    made.certificate.write_text(authority.sign_host(request, str(uuid4()), now, HOUR).certificate_pem)
    made.authority.write_text(authority.certificate_pem)
    return made


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("the test's own", datetime.now(UTC))


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[str]:
    """A northbound database that speaks TLS with those whom the authority knows."""
    if reason := reason_unavailable():
        pytest.skip(reason)
    folder, port = tmp_path_factory.mktemp("nb"), free_port()
    made = authority.sign_server([LOOPBACK], datetime.now(UTC), HOUR)
    for name, text in (("key", made.key_pem), ("chain", made.chain_pem), ("authority", authority.certificate_pem)):
        (folder / f"{name}.pem").write_text(text)
    run("ovsdb-tool", "create", str(folder / "nb.db"), str(SCHEMAS["nb"]))
    pid = spawn(
        [
            "ovsdb-server", str(folder / "nb.db"), f"--remote=pssl:{port}:{LOOPBACK}", f"--remote=punix:{folder}/sock",
            f"--private-key={folder / 'key.pem'}", f"--certificate={folder / 'chain.pem'}",
            f"--ca-cert={folder / 'authority.pem'}", "--no-chdir", f"--unixctl={folder}/ctl",
        ],
        folder / "log",
    )  # fmt: skip
    try:
        wait_until((folder / "sock").exists, 10, "the database")
        run("ovsdb-client", "wait", f"unix:{folder}/sock", "OVN_Northbound", "connected")
        yield f"ssl:{LOOPBACK}:{port}"
    finally:
        assert is_running(pid, folder)
        run("ovs-appctl", "-t", f"{folder}/ctl", "exit")
        wait_gone([pid], 10)


def test_who_believes_and_is_believed_is_served(remote: str, authority: Authority, tmp_path: Path) -> None:
    fabric = open_fabric(remote, files(tmp_path, authority), site=str(uuid4()))
    try:
        network = FabricNetwork(str(uuid4()), "tenant-a", 1442)
        assert fabric.ensure([network]) == {}
        assert fabric.owners() == {network.uid: "network"}
    finally:
        fabric.close()


def test_a_stranger_is_served_by_nobody_and_believes_nobody(remote: str, authority: Authority, tmp_path: Path) -> None:
    strangers, ours = tmp_path / "strangers", tmp_path / "ours"
    strangers.mkdir()
    ours.mkdir()
    own, theirs = files(ours, authority), files(strangers, Authority.create("another", datetime.now(UTC)))
    for shown in (theirs, replace(own, authority=theirs.authority), replace(theirs, authority=own.authority)):
        fabric = open_fabric(remote, shown, site=str(uuid4()), timeout_s=1)
        network = FabricNetwork(str(uuid4()), "tenant-a", 1442)
        assert fabric.ensure([network])[network.uid].reason == "FabricUnreachable"


@pytest.mark.parametrize(
    ("remote", "why"),
    [
        ("tcp:192.0.2.1:6641", "without TLS"),
        ("ssl:192.0.2.1:6641", "needs a key"),
        ("tcp:127.0.0.1:6641,tcp:192.0.2.1:6641", "without TLS"),
        ("ssl:nb.example:6641", "no address"),
        ("192.0.2.1:6641", "no database"),
        ("tcp:127.0.0.1:99999", "no database"),
        ("unix:relative", "no database"),
        ("punix:/x", "no database"),
        ("", "no database"),
    ],
)
def test_what_makes_no_sense_or_is_not_protected_is_refused(remote: str, why: str) -> None:
    with pytest.raises(NorthboundRefused, match=why):
        open_fabric(remote, None, site=str(uuid4()))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    absent = Files(tmp_path / "key.pem", tmp_path / "certificate.pem", tmp_path / "authority.pem")
    with pytest.raises(NorthboundRefused, match=r"key\.pem"):
        open_fabric("ssl:127.0.0.1:6641", absent, site=str(uuid4()))
