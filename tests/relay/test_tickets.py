"""A ticket opens one console, once and soon, and shows itself to nobody but whoever asked for it."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from pextra.errors import PextraError
from pextra.services import consoles
from pextra.services.cloud import Addresses
from pextra.store.tables import console_ticket
from tests.api.caller import Caller
from tests.api.site import dump
from tests.relay.test_consoles import reason_of_end
from tests.relay.world import PATIENCE_S, RelayCloud, ask, ticket

REFUSED = "console.ticket_refused"


def redeemed(cloud: RelayCloud, shown: str) -> str:
    """What came of showing the ticket: the instance's uid, or the refusal's code."""
    try:
        return consoles.redeem(cloud.cloud, shown).instance_uid
    except PextraError as error:
        return error.code


def test_the_answer_tells_where_and_how_long(cloud: RelayCloud, ada: Caller) -> None:
    answer = ask(ada)
    assert (answer.status, answer.body["arguments"]) == (200, {"device": "serial"})
    minted = answer.body["minted"]
    assert minted["url"] == f"{cloud.users_url}/v1/console"
    assert minted["ticket"] not in minted["url"]
    assert "page" not in minted
    assert "operations" not in str(ada.get("tenants/acme/operations").body["items"]), "it makes no operation"


def test_a_displays_page_has_the_ticket_where_no_server_sees_it(cloud: RelayCloud, ada: Caller) -> None:
    minted = ask(ada, device="display").ok()["minted"]
    assert minted["page"] == f"http://pages.test/console#{minted['ticket']}"


def test_only_its_digest_is_stored_and_that_until_it_is_used(cloud: RelayCloud, ada: Caller) -> None:
    shown = ticket(ada)
    assert shown.removeprefix("pxc_") not in repr(dump(cloud.database))
    rows = cloud.database.read(lambda tx: tx.conn.execute(select(console_ticket)).all())
    assert [row.ticket_hash for row in rows] == [hashlib.sha256(shown.encode()).hexdigest()]
    assert redeemed(cloud, shown) == cloud.uid("web")
    assert cloud.database.read(lambda tx: tx.conn.execute(select(console_ticket)).all()) == []


def test_of_twenty_who_show_it_at_once_one_gets_in(cloud: RelayCloud, ada: Caller) -> None:
    shown = ticket(ada)
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(lambda _: redeemed(cloud, shown), range(20)))
    assert sorted(outcomes) == sorted([cloud.uid("web")] + [REFUSED] * 19)


def test_a_used_ticket_opens_nothing(cloud: RelayCloud, ada: Caller) -> None:
    shown = ticket(ada)
    with cloud.dial(shown), cloud.guests.next(), cloud.dial(shown) as again:
        assert reason_of_end(again)[0] == 4401


def test_a_ticket_expires(cloud: RelayCloud, ada: Caller) -> None:
    shown = ticket(ada)
    cloud.clock.advance(consoles.TICKET_S)
    assert redeemed(cloud, shown) == REFUSED


@pytest.mark.parametrize("shown", ["pxc_unknown", ""], ids=["unknown", "empty"])
def test_what_is_no_ticket_is_refused(cloud: RelayCloud, shown: str) -> None:
    if not shown:
        assert redeemed(cloud, shown) == REFUSED
        return
    with cloud.dial(shown) as user:
        assert reason_of_end(user)[0] == 4401


def test_a_ticket_of_a_token_that_was_revoked_since_opens_nothing(cloud: RelayCloud, ada: Caller) -> None:
    shown = ticket(ada)
    cloud.delete("api_token", "ada")
    assert redeemed(cloud, shown) == REFUSED


def test_an_instance_that_stopped_since_is_said_to_have(cloud: RelayCloud, ada: Caller) -> None:
    shown, then = ticket(ada), cloud.clock.now()
    cloud.settings = replace(cloud.settings, recheck_s=600.0)
    cloud.restart_relay()  # one that does not sweep expired tickets while time passes here
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "off"})
    cloud.settle(60.0)
    assert cloud.get("instance", "web").status["power"] == "off"
    cloud.clock.advance(then - cloud.clock.now())
    assert redeemed(cloud, shown) == "instance.not_running"
    assert redeemed(cloud, shown) == REFUSED, "it is used up by that too"


def test_no_ticket_is_made_for_an_instance_that_does_not_run(cloud: RelayCloud, ada: Caller) -> None:
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "off"})
    cloud.settle(60.0)
    answer = ask(ada)
    assert (answer.status, answer.code) == (409, "instance.not_running")


def test_a_foreign_instance_is_as_absent_as_one_that_is_not_there(cloud: RelayCloud, ada: Caller) -> None:
    cloud.put("tenant", "globex", {})
    cloud.put("quota", "default", {"unlisted": "unlimited"}, tenant="globex")
    gus = cloud.user("gus", "globex")
    foreign, absent = ask(gus), ask(gus, "nothing")
    assert (foreign.status, foreign.code) == (404, "object.not_found")
    assert foreign.text.replace("'web'", "") == absent.text.replace("'nothing'", "")


def test_a_repeated_request_does_not_show_the_ticket_again(cloud: RelayCloud, ada: Caller) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = ask(ada, headers=key).ok(), ask(ada, headers=key)
    assert again.body == {**first, "minted": {"shown_before": True}}
    assert again.headers["Idempotency-Replayed"] == "true"


def test_what_is_no_device_is_refused(cloud: RelayCloud, ada: Caller) -> None:
    assert ask(ada, device="keyboard").code == "spec.invalid"


def test_without_a_relay_there_is_no_console(cloud: RelayCloud, ada: Caller) -> None:
    from pextra.api.app import create_app

    ada.app = create_app(replace(cloud.cloud, addresses=Addresses()))
    assert ask(ada).code == "console.unavailable"


def test_tickets_that_nobody_used_are_forgotten(cloud: RelayCloud, ada: Caller) -> None:
    from tests.labs.waiting import wait_until

    ticket(ada)
    cloud.clock.advance(consoles.TICKET_S)
    count = lambda: len(cloud.database.read(lambda tx: tx.conn.execute(select(console_ticket)).all()))  # noqa: E731
    wait_until(lambda: count() == 0, PATIENCE_S, "the expired ticket to go")
