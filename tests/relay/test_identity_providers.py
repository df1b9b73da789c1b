"""A console that was opened by an identity provider's word is open for as long as that would be taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pextra.api.app import create_app
from pextra.errors import PextraError
from pextra.identity import ber
from pextra.identity.directories import Directories
from pextra.identity.keys import IssuerKeys
from pextra.identity.outbound import Outbound
from pextra.services import consoles
from tests.api.caller import Caller
from tests.labs.false_directory import false_directory, message, result, saying
from tests.labs.oidc import LOOPBACK, Provider, provider
from tests.relay.test_consoles import reason_of_end
from tests.relay.world import RelayCloud, ticket


@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    with provider() as made:
        yield made


@pytest.fixture
def lovelace(cloud: RelayCloud, idp: Provider) -> Caller:
    """Somebody who may use consoles by a group that the provider names, and by nothing else."""
    keys = IssuerKeys(Outbound([LOOPBACK]), cloud.clock.monotonic)
    cloud.cloud = replace(cloud.cloud, issuer_keys=keys)
    cloud.app = create_app(cloud.cloud)
    cloud.put("group", "operators", {})
    cloud.put("role_binding", "ops", {"role": "operator", "subject": {"kind": "group", "name": "operators"}})
    cloud.put("identity_provider", "company", spec_of(idp))
    cloud.put("user", "lovelace", {"identity": {"provider": "company", "subject": "7f3a"}})
    return Caller(cloud.app, idp.issue(cloud.clock.now(), groups=["staff"]))


def spec_of(idp: Provider, **changed: object) -> dict[str, object]:
    oidc = {"issuer": idp.url, "audiences": ["pextra"], "authorities": idp.authorities}
    return {"oidc": oidc, "groups": [{"theirs": "staff", "group": "operators"}], **changed}


def redeemed(cloud: RelayCloud, shown: str) -> str:
    try:
        return consoles.redeem(cloud.cloud, shown).instance_uid
    except PextraError as error:
        return error.code


def test_its_groups_count_when_the_ticket_is_shown(cloud: RelayCloud, lovelace: Caller) -> None:
    assert redeemed(cloud, ticket(lovelace)) == cloud.uid("web")
    shown = ticket(lovelace)
    cloud.delete("role_binding", "ops")
    assert redeemed(cloud, shown) == "console.ticket_refused"


def test_a_ticket_of_a_provider_that_was_disabled_since_opens_nothing(
    cloud: RelayCloud, lovelace: Caller, idp: Provider
) -> None:
    shown = ticket(lovelace)
    cloud.put("identity_provider", "company", spec_of(idp, enabled=False))
    assert redeemed(cloud, shown) == "console.ticket_refused"


def test_an_open_console_ends_with_its_user(cloud: RelayCloud, lovelace: Caller) -> None:
    with cloud.dial(ticket(lovelace)) as user, cloud.guests.next():
        cloud.put("user", "lovelace", {"enabled": False, "identity": {"provider": "company", "subject": "7f3a"}})
        assert reason_of_end(user)[0] == 4401


def test_an_open_console_ends_with_its_token(cloud: RelayCloud, lovelace: Caller) -> None:
    with cloud.dial(ticket(lovelace)) as user, cloud.guests.next():
        cloud.clock.advance(300 + 60 + 1)
        assert reason_of_end(user)[0] == 4401


def test_a_console_of_a_session_by_a_directory_ends_when_that_is_believed_no_longer(cloud: RelayCloud) -> None:
    entry = ber.sequence(
        ber.octets("uid=countess"),
        ber.sequence(
            *(
                ber.sequence(ber.octets(name), ber.sequence(ber.octets(value), tag=ber.SET))
                for name, value in (("entryUUID", "7f3a"), ("memberOf", "staff"))
            )
        ),
        tag=0x64,
    )
    knows = saying(message(1, result(0x61, 0)), message(2, entry) + message(2, result(0x65, 0)))
    with false_directory(knows) as there:
        cloud.cloud = replace(cloud.cloud, directories=Directories(Outbound([LOOPBACK])))
        app = create_app(cloud.cloud)
        cloud.put("group", "operators", {})
        cloud.put("role_binding", "ops", {"role": "operator", "subject": {"kind": "group", "name": "operators"}})
        ldap = {"servers": [f"ldap://{LOOPBACK}:{there.port}"], "clear_text": True, "user_dn": "uid={name}"}
        spec = {"ldap": ldap, "groups": [{"theirs": "staff", "group": "operators"}], "provision": True}
        cloud.put("identity_provider", "company", spec)
        body = {"tenant": "acme", "user": "countess", "password": "analytical engine"}
        session = Caller(app, Caller(app, None).send("POST", "login", body=body).ok()["minted"]["token"])
        assert redeemed(cloud, ticket(session)) == cloud.uid("web")
        with cloud.dial(ticket(session)) as user, cloud.guests.next():
            shown = ticket(session)
            cloud.put("identity_provider", "company", spec | {"enabled": False})
            assert redeemed(cloud, shown) == "console.ticket_refused"
            assert reason_of_end(user)[0] == 4401
