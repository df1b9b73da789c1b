"""A real guest's serial console answers what is typed, and its display is seen in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.api import pages
from pextra.drivers.account import connect_theirs
from tests.api.caller import Caller
from tests.api.serving import served
from tests.drivers.hypervisor import BOOT_TIMEOUT_S, Hypervisor, shared_hypervisor
from tests.labs import browser
from tests.labs.waiting import wait_until
from tests.relay.world import PATIENCE_S, RelayCloud, ticket

INK = """(() => {
  const canvas = document.querySelector('#screen canvas');
  if (!canvas || !canvas.width) return 0;
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let lit = 0;
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i] + pixels[i + 1] + pixels[i + 2] > 90) lit += 1;
  return lit;
})()"""
"""How many of the canvas's pixels are not dark."""


@pytest.fixture
def real(cloud: RelayCloud, request: pytest.FixtureRequest) -> Iterator[Hypervisor]:
    """A hypervisor with a running guest, which stands in for the simulated instance `web`."""
    hypervisor = shared_hypervisor(request.config)
    guest = hypervisor.new_guest("seen")
    hypervisor.compute.ensure_defined(guest)
    hypervisor.compute.ensure_running(guest.uid)
    compute, account = hypervisor.compute, hypervisor.libvirtd.account

    def connect(uid: str, device: str) -> Any:
        assert uid == cloud.uid("web")
        path = compute.console_socket(guest.uid) if device == "serial" else compute.display_socket(guest.uid)
        return connect_theirs(path, account)

    cloud.channels["h0"]._connect = connect
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    yield hypervisor
    hypervisor.compute.ensure_absent(guest.uid)


@pytest.mark.usefixtures("real")
def test_a_real_guests_shell_answers(cloud: RelayCloud, ada: Caller) -> None:
    with cloud.dial(ticket(ada)) as user:
        user.send(b"\recho answer=$((6 * 7))\r")
        heard = b""
        while b"answer=42" not in heard:
            heard += user.recv(timeout=BOOT_TIMEOUT_S, decode=False)


@pytest.mark.skipif(browser.reason_unavailable() is not None, reason=str(browser.reason_unavailable()))
@pytest.mark.skipif(pages.novnc_folder() is None, reason="noVNC is not installed: scripts/install-novnc.sh")
class TestPage:
    """The page in Chromium."""

    @pytest.mark.usefixtures("real")
    def test_a_real_guests_display_is_seen(self, cloud: RelayCloud, ada: Caller, tmp_path: Path) -> None:
        shown = ticket(ada, device="display")
        with served(cloud.app) as url, browser.browser() as page:
            page.open(f"{url}/console#{shown}")
            wait_until(lambda: page.evaluate(INK) > 200, PATIENCE_S, "the display to be drawn")
            assert page.evaluate("document.getElementById('status').textContent") == "Connected."
            assert shown not in page.evaluate("location.href"), "the ticket is gone from the address bar"
            page.screenshot(Path(os.environ.get("PEXTRA_SCREENSHOT", tmp_path / "display.png")))
            assert page.errors == []

    def test_why_a_console_ended_is_shown(self, cloud: RelayCloud) -> None:
        with served(cloud.app) as url, browser.browser() as page:
            page.open(f"{url}/console#pxc_unknown")
            status = "document.getElementById('status')?.textContent"
            wait_until(lambda: "ask for another" in str(page.evaluate(status)), PATIENCE_S, "the reason")

    def test_an_address_without_a_ticket_says_what_to_do(self, cloud: RelayCloud) -> None:
        with served(cloud.app) as url, browser.browser() as page:
            page.open(f"{url}/console")
            status = "document.getElementById('status')?.textContent"
            wait_until(lambda: "pextra console --display" in str(page.evaluate(status)), PATIENCE_S, "the advice")
