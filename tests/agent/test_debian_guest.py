"""An ordinary Debian under `pextra`: its owner's way in, what comes and goes while it runs, and its end."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.agent.manifests import surroundings, thing
from tests.agent.real import RealCloud, reason_no_cloud, settle
from tests.labs import debian_guest
from tests.labs.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(debian_guest.BUILD_TIMEOUT_S + 900)]

NAME: Final = "db-1"
MIB: Final = 1 << 20
BOOT_S: Final = 400.0
USER_DATA: Final = """\
#cloud-config
write_files:
  - {path: /etc/motto, content: as its owner wrote it}
"""


class Owner:
    """Whose key the guest was made with, at a terminal."""

    def __init__(self, cloud: RealCloud, key: Path) -> None:
        self.cloud = cloud
        self.key = key
        self.host, _, self.port = cloud.endpoints("ssh")[0].rpartition(":")

    def argv(self, *command: str) -> list[str]:
        """`ssh` through the floating IP."""
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=20",
                   "IdentitiesOnly=yes", "LogLevel=ERROR")  # fmt: skip
        flags = [word for option in options for word in ("-o", option)]
        return ["ssh", "-F", "/dev/null", "-i", str(self.key), "-p", self.port, *flags,
                f"{debian_guest.USER}@{self.host}", *command]  # fmt: skip

    def try_to(self, command: str) -> subprocess.CompletedProcess[str]:
        """What came of a command in the guest."""
        process = self.cloud.start(*self.argv(command))
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def does(self, command: str) -> str:
        """What a command in the guest prints; it must succeed."""
        done = self.try_to(command)
        assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
        return done.stdout.strip()

    def is_let_in(self) -> bool:
        """Whether the guest answers and knows the key."""
        return self.try_to("true").returncode == 0


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """The owner of a guest that has booted."""
    if reason := reason_no_cloud() or debian_guest.reason_unavailable():
        pytest.skip(reason)
    key = new_key(tmp_path_factory.mktemp("keys") / "ada")
    cloud = RealCloud()
    try:
        image = debian_guest.debian_image()
        with image.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        ssh = [{"direction": "ingress", "protocol": "tcp", "port_min": 22}, {"direction": "egress"}]
        cloud.apply(
            *surroundings(),
            thing("flavor", "small", {"vcpus": 2, "memory_mib": 512, "disk_gib": 3}, tenant=None),
            thing("image", "debian", {"url": cloud.offer(image), "sha256": digest, "size_gib": 2}),
            thing("security_group", "ssh", {"rules": ssh}),
            thing("ssh_key", "ada", {"public_key": key.with_suffix(".pub").read_text().strip()}),
            thing("volume", "data", {"size_gib": 1}),
            thing("network", "back", {}),
            thing("subnet", "back", {"network": "back", "cidr": "10.2.0.0/24"}),
        )
        cloud.apply(debian(), thing("floating_ip", "ssh", {"instance": NAME, "ports": [{"to_port": 22}]}))
        made = Owner(cloud, key)
        try:
            wait_until(made.is_let_in, BOOT_S, "the guest to let its owner in")
        except TimeoutError as error:
            error.add_note(cloud.console(NAME)[-4000:])
            raise
        yield made
    finally:
        cloud.close()


def new_key(path: Path) -> Path:
    """A key pair in two files."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", path], check=True)
    return path


def debian(*, back: bool = False, **spec: Any) -> dict[str, Any]:
    """The guest, with a card on the network `back` or without."""
    cards = [{"network": "front", "security_groups": ["ssh"]}, *([{"network": "back"}] if back else [])]
    given = {"flavor": "small", "image": "debian", "networks": cards, "ssh_keys": ["ada"], "user_data": USER_DATA}
    return thing("instance", NAME, {**given, "stop_timeout_s": 300, **spec})


def test_a_guest_lets_its_owner_in_and_nobody_else(owner: Owner, tmp_path: Path) -> None:
    assert owner.does("id -un") == debian_guest.USER
    assert owner.does("sudo -n id -u") == "0"
    refused = Owner(owner.cloud, new_key(tmp_path / "mallory")).try_to("true")
    assert refused.returncode == 255
    assert "Permission denied" in refused.stderr


def test_cloud_init_names_the_guest_runs_its_user_data_and_grows_its_root_disk(owner: Owner) -> None:
    assert json.loads(owner.does("cloud-init status --wait --format json"))["status"] == "done"
    assert owner.does("hostname") == NAME
    assert owner.does("cat /etc/motto") == "as its owner wrote it"
    assert int(owner.does("df --block-size=1M --output=size / | tail -n 1")) > 2600  # of 3 GiB; the image has 1500 MiB


def test_guests_own_agent_tells_its_addresses_name_and_system(owner: Owner) -> None:
    [address] = owner.cloud.status(NAME)["addresses"]
    settle(lambda: "hostname" in owner.cloud.status(NAME).get("guest", {}), 120)  # it is asked every half minute
    told = owner.cloud.status(NAME)["guest"]
    assert told["addresses"] == [address]
    assert told["hostname"] == NAME
    assert told["os"].startswith("Debian")
    assert owner.does("ip -4 -brief address show dev eth0").split()[2].split("/")[0] == address


def test_what_a_frozen_guest_writes_waits_until_it_is_thawed(owner: Owner) -> None:
    compute, uid = owner.cloud.compute(), owner.cloud.uid(NAME)
    writer = owner.cloud.start(*owner.argv("echo ready; read go; date >frozen; echo written"))
    try:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == "ready\n"
        compute.freeze(uid)
        try:
            print("go", file=writer.stdin, flush=True)
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(5)
        finally:
            compute.thaw(uid)
        assert writer.communicate(timeout=60)[0] == "written\n"
    finally:
        compute.close()
        if writer.poll() is None:
            writer.kill()
            writer.communicate()


def test_a_disk_comes_to_a_running_guest_grows_and_goes_again(owner: Owner) -> None:
    uid = owner.cloud.uid(NAME)
    guest = owner.cloud.qemu(uid)
    before = set(owner.does("ls /sys/block").split())
    owner.cloud.apply(debian(volumes=["data"]))
    wait_until(lambda: set(owner.does("ls /sys/block").split()) != before, 60, "the disk")
    [disk] = set(owner.does("ls /sys/block").split()) - before
    assert owner.does(f"cat /sys/block/{disk}/size") == str(1024 * MIB // 512)
    owner.does(f"sudo mkfs.ext4 -q /dev/{disk} && sudo mount /dev/{disk} /mnt && echo kept | sudo tee /mnt/note")
    owner.cloud.apply(thing("volume", "data", {"size_gib": 2}))
    wait_until(lambda: owner.does(f"cat /sys/block/{disk}/size") == str(2048 * MIB // 512), 60, "the larger disk")
    owner.does(f"sudo resize2fs /dev/{disk} && sudo umount /mnt")
    owner.cloud.apply(debian())
    assert set(owner.does("ls /sys/block").split()) == before
    owner.cloud.apply(debian(volumes=["data"]))
    wait_until(lambda: set(owner.does("ls /sys/block").split()) != before, 60, "the disk")
    assert owner.does(f"sudo mount /dev/{disk} /mnt && cat /mnt/note && sudo umount /mnt") == "kept"
    owner.cloud.apply(debian())
    assert owner.cloud.qemu(uid) == guest


def test_a_card_comes_to_a_running_guest_and_goes_again(owner: Owner) -> None:
    uid = owner.cloud.uid(NAME)
    guest = owner.cloud.qemu(uid)
    owner.cloud.apply(debian(back=True))
    wait_until(lambda: owner.try_to("test -e /sys/class/net/eth1").returncode == 0, 60, "the card")
    owner.does("sudo timeout 60 dhclient -1 -v eth1")
    _, address = owner.cloud.status(NAME)["addresses"]
    assert address.startswith("10.2.0.")
    assert address in owner.does("ip -4 -brief address show dev eth1")
    owner.does("sudo dhclient -x")
    owner.cloud.apply(debian())
    wait_until(lambda: owner.try_to("test -e /sys/class/net/eth1").returncode != 0, 60, "the card to go")
    assert owner.cloud.qemu(uid) == guest


def test_a_guest_that_is_stopped_shuts_down_by_itself_and_comes_back_as_it_was(owner: Owner) -> None:
    host_key = owner.does("cat /etc/ssh/ssh_host_ed25519_key.pub")
    owner.does("echo unsaved >note")  # nobody syncs it: only an orderly end does
    owner.cloud.apply(debian(power="off"), timeout_s=300)
    assert owner.cloud.status(NAME)["stop_cause"] == "requested"
    assert "reboot: Power down" in owner.cloud.console(NAME)
    owner.cloud.apply(debian(), timeout_s=120)
    wait_until(owner.is_let_in, BOOT_S, "the guest to let its owner in")
    assert owner.does("cat note") == "unsaved"
    assert owner.does("cat /etc/ssh/ssh_host_ed25519_key.pub") == host_key
    assert owner.cloud.status(NAME)["boots"] == 2


def test_deleting_the_guest_leaves_nothing_on_the_machine(owner: Owner) -> None:
    uid = owner.cloud.uid(NAME)
    for kind, name in (("floating_ip", "ssh"), ("instance", NAME)):
        owner.cloud.pextra("delete", kind, name, "-t", "acme", "--wait")
    settle(lambda: uid not in str(owner.cloud.traces()), 20)
    assert owner.cloud.qemu(uid) is None
    assert not [name for name in owner.cloud.traces()["links"] if name.startswith(("pxt-", "pxb-"))]
