"""The private libvirtd starts once, is found again, and serves an ordinary user as well."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pextra.drivers.interface import Permanent
from pextra.drivers.libvirt import preflight
from pextra.drivers.libvirt.acceleration import kvm_works
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.host_wiring import HostSettings, hypervisor_root, open_host
from pextra.images.tiny import ImageBuildError, build_tiny_image
from tests.drivers.hypervisor import Hypervisor, python_environment, tiny_image
from tests.labs.waiting import wait_until

NOBODY = 65534


def test_libvirtd_is_found_again_and_started_once(hypervisor: Hypervisor) -> None:
    root = hypervisor.libvirtd_root
    hypervisor.libvirtd.ensure_up()
    first = hypervisor.libvirtd.pid()
    assert first is not None
    PrivateLibvirtd(root).ensure_up()
    assert hypervisor.libvirtd.pid() == first
    hypervisor.kill_libvirtd()
    with ThreadPoolExecutor(4) as threads:
        for started in [threads.submit(PrivateLibvirtd(root).ensure_up) for _ in range(4)]:
            started.result()
    second = hypervisor.libvirtd.pid()
    assert second is not None
    assert second != first

    def is_alone() -> bool:
        counted = subprocess.run(
            ["pgrep", "-fc", f"pid-file {root}/run/libvirtd.pid"], capture_output=True, text=True, check=True
        )
        return counted.stdout == "1\n"

    # What libvirtd runs to know the machine looks like libvirtd itself for a moment; a second daemon would stay.
    wait_until(is_alone, 30, "one libvirtd to be left")
    assert hypervisor.compute.observe_host().vcpus > 0  # over a new connection


def test_root_whose_name_is_too_long_for_sockets_is_reached_by_a_link(
    hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(hypervisor.root))
    deep = PrivateLibvirtd(hypervisor.root / ("x" * 100))
    compute = LibvirtCompute(deep, accelerated=False)
    assert compute.observe_guests() == {}
    compute.close()
    assert deep.pid() is not None
    deep.stop()
    assert deep.pid() is None


def test_user_whose_root_is_too_long_and_who_has_no_run_time_directory_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(Permanent) as caught:
        PrivateLibvirtd(Path("/var/lib") / ("x" * 80))
    assert caught.value.reason == "RootTooLong"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; all other tests are it")
def test_ordinary_user_runs_guests(hypervisor: Hypervisor) -> None:
    home = hypervisor.root / "nobody"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    image = home / "image.qcow2"
    image.write_bytes(tiny_image().path.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "tests.drivers.ordinary_user", str(home), str(image), str(NOBODY)],
        env={**python_environment(), "HOME": str(home)},
        cwd=home, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{NOBODY}\n"


def test_kvm_is_believed_only_after_a_boot_and_asked_only_once(
    hypervisor: Hypervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = kvm_works(lambda: tiny_image().path, tmp_path, None, timeout_s=4)
    monkeypatch.setattr("pextra.drivers.libvirt.acceleration._reaches_user_space", pytest.fail)
    assert kvm_works(lambda: tiny_image().path, tmp_path, None) is answer


def test_a_host_where_kvm_is_closed_to_guests_needs_no_image_to_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pextra.drivers.libvirt.acceleration._DEVICE", str(tmp_path / "kvm"))
    assert not kvm_works(lambda: pytest.fail("an image was asked for"), tmp_path, None)


def test_preflight_names_what_is_missing_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    problems = "\n".join(str(problem) for problem in preflight.check())
    for package in ("qemu-system-x86", "qemu-utils", "libvirt-daemon", "genisoimage"):
        assert package in problems


def test_preflight_says_what_guests_will_have_to_do_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hypervisor: Hypervisor
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr(preflight, "_CONFINEMENT", (tmp_path / "enabled",))
    advice = "\n".join(str(problem) for problem in preflight.advise())
    assert "swtpm" in advice
    assert "AppArmor" in advice
    (tmp_path / "enabled").write_text("Y\n")
    assert "AppArmor" not in "\n".join(str(problem) for problem in preflight.advise())
    assert not hypervisor.compute.capabilities().confined  # a libvirtd without privileges cannot


def test_image_is_built_once_and_again_when_it_was_damaged(
    hypervisor: Hypervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tiny_image()
    for path in built.path.parent.glob(f"{built.path.stem}.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("PATH", "")
    again = build_tiny_image(tmp_path)
    assert (again.sha256, again.virtual_size_bytes) == (built.sha256, built.virtual_size_bytes)
    with again.path.open("r+b") as file:
        file.write(b"damaged")
    with pytest.raises(ImageBuildError, match="apt-get"):
        build_tiny_image(tmp_path)


def test_a_host_on_which_kvm_cannot_be_tried_emulates_and_says_so(
    hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unbuilt(cache_dir: Path) -> None:
        raise ImageBuildError(f"no package could be had for {cache_dir}")

    opens = hypervisor.root / "kvm"
    opens.touch()
    opens.chmod(0o666)
    monkeypatch.setattr("pextra.drivers.libvirt.acceleration._DEVICE", str(opens))
    monkeypatch.setattr("pextra.host_wiring.build_tiny_image", unbuilt)
    data = hypervisor.root / "data"
    data.mkdir(mode=0o711)
    host = open_host(HostSettings(data), "pool")
    try:
        assert not host.drivers.compute.observe_host().accelerated
        assert "no package could be had" in host.lacking[0]
    finally:
        PrivateLibvirtd(hypervisor_root(data)).stop()
