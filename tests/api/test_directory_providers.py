"""A tenant says in bounds which directory its logins ask; what it may not mean is refused when it is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.site import Site

COMPANY = "tenants/acme/identity_providers/company"
ACCOUNT = {"dn": "cn=reader,dc=example,dc=com", "secret": "directory"}
SEARCH: dict[str, Any] = {"base_dn": "ou=people,dc=example,dc=com", "account": ACCOUNT}
LDAP: dict[str, Any] = {"servers": ["ldaps://ldap.example.com"], "search": SEARCH}
PATTERN = {"user_dn": "uid={name},ou=people,dc=example,dc=com", "search": None}
SECRET = "the-readers-password"


@pytest.fixture
def acme(site: Site) -> Site:
    site.ada.put("tenants/acme/secrets/directory", {"data": {"password": SECRET}}).ok()
    return site


def ldap(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**LDAP, **changed}.items() if value is not None}


REFUSED: dict[str, dict[str, Any]] = {
    "clear text by its scheme": {"servers": ["http://ldap.example.com"]},
    "a path": {"servers": ["ldaps://ldap.example.com/dc=example"]},
    "a user": {"servers": ["ldaps://me@ldap.example.com"]},
    "a port that there is not": {"servers": ["ldaps://ldap.example.com:65536"]},
    "port 0": {"servers": ["ldaps://ldap.example.com:0"]},
    "a socket": {"servers": ["ldapi:///"]},
    "no server": {"servers": []},
    "many servers": {"servers": ["ldaps://ldap.example.com"] * 5},
    "clear text beyond loopback": {"servers": ["ldap://ldap.example.com"], "clear_text": True},
    "clear text beyond loopback, too": {"servers": ["ldap://127.0.0.1", "ldap://10.0.0.1"], "clear_text": True},
    "clear text to what sounds like loopback": {"servers": ["ldap://127.0.0.1.example.com"], "clear_text": True},
    "no way to find people": {"search": None},
    "two ways to find people": {**PATTERN, "search": SEARCH},
    "a pattern without a name": {**PATTERN, "user_dn": "uid=ada,dc=example,dc=com"},
    "a pattern with two": {**PATTERN, "user_dn": "uid={name},cn={name}"},
    "a name amid something": {**PATTERN, "user_dn": "uid=x{name},dc=example"},
    "no distinguished name": {"search": {**SEARCH, "base_dn": "people"}},
    "a line within a name": {"search": {**SEARCH, "base_dn": "ou=people\n"}},
    "a filter for an attribute": {"search": {**SEARCH, "attribute": "uid=*)("}},
    "many conditions": {"search": {**SEARCH, "equal": {f"a{n}": "b" for n in range(9)}}},
    "a condition on no attribute": {"search": {**SEARCH, "equal": {"(uid": "b"}}},
    "who somebody is by what changes": {"subject_attribute": "mail"},
    "a long time": {"timeout_s": 11},
    "many attempts": {"attempts": 11},
    "a short session": {"session_s": 899},
    "a password in clear text": {"search": {**SEARCH, "account": {**ACCOUNT, "password": SECRET}}},
    "no certificates": {"authorities": "no PEM"},
    "an entry that there is not": {"search": {**SEARCH, "account": {**ACCOUNT, "entry": "other"}}},
}


def test_what_would_be_no_directory_or_no_safe_one_is_refused(acme: Site) -> None:
    assert {
        what: acme.ada.put(COMPANY, {"ldap": ldap(**each)}).code for what, each in REFUSED.items()
    } == dict.fromkeys(REFUSED, "spec.invalid")
    oidc = {"issuer": "https://login.example.com", "audiences": ["pextra"]}
    assert acme.ada.put(COMPANY, {"ldap": ldap(), "oidc": oidc}).code == "spec.invalid"
    assert acme.ada.put(COMPANY, {}).code == "spec.invalid"


def test_the_secret_is_one_of_the_tenants_own_that_stays_and_is_shown_to_nobody(acme: Site) -> None:
    made = acme.ada.put(COMPANY, {"ldap": ldap()}).ok()
    assert made["resolved"]["secret/directory"]["uid"]
    assert SECRET not in repr([made, acme.ada.get(COMPANY).body, acme.world()])
    assert acme.ada.delete("tenants/acme/secrets/directory").code == "object.in_use"
    for name in ("directory", "acme/directory", "globex/none"):
        foreign = ldap(search={**SEARCH, "account": {**ACCOUNT, "secret": name}})
        answer = acme.gus.put("tenants/globex/identity_providers/company", {"ldap": foreign})
        assert (answer.status, answer.code) == (422, "reference.not_found")


def test_nobody_uses_a_secret_whom_it_is_hidden_from(acme: Site) -> None:
    acme.ada.put("tenants/acme/roles/clerk", {"actions": ["identity_provider.*"]}).ok()
    clerk = acme.user("acme", "clerk", "clerk")
    assert clerk.put(COMPANY, {"ldap": ldap()}).code == "reference.not_found"
    assert clerk.put(COMPANY, {"ldap": ldap(**PATTERN)}).status == 201


def test_of_a_tenant_one_directory_at_a_time_is_enabled(acme: Site) -> None:
    other = "tenants/acme/identity_providers/other"
    acme.ada.put(COMPANY, {"ldap": ldap()}).ok()
    refused = acme.ada.put(other, {"ldap": ldap(**PATTERN)})
    assert (refused.status, refused.code) == (409, "object.conflict")
    acme.ada.put(other, {"ldap": ldap(**PATTERN), "enabled": False}).ok()
    assert acme.ada.patch(other, {"spec": {"enabled": True}}).code == "object.conflict"
    acme.ada.patch(COMPANY, {"spec": {"enabled": False}}).ok()
    acme.ada.patch(other, {"spec": {"enabled": True}}).ok()
    oidc = {"issuer": "https://login.example.com", "audiences": ["pextra"]}
    acme.ada.put("tenants/acme/identity_providers/issuer", {"oidc": oidc}).ok()
    acme.gus.put("tenants/globex/identity_providers/company", {"ldap": ldap(**PATTERN)}).ok()


def test_nobody_points_a_directory_elsewhere_whose_users_or_groups_have_more_rights(acme: Site) -> None:
    acme.ada.put("tenants/acme/groups/owners", {}).ok()
    acme.ada.put("tenants/acme/role_bindings/o", {"role": "owner", "subject": {"kind": "group", "name": "owners"}}).ok()
    mapped = {"ldap": ldap(**PATTERN), "groups": [{"theirs": "staff", "group": "owners"}]}
    acme.ada.put(COMPANY, mapped).ok()
    acme.ada.put("tenants/acme/roles/clerk", {"actions": ["identity_provider.*", "user.*", "group.read"]}).ok()
    clerk = acme.user("acme", "clerk", "clerk")
    elsewhere = {"spec": {"ldap": {"servers": ["ldaps://ldap.evil.example"]}}}
    assert clerk.patch(COMPANY, elsewhere).code == "auth.escalation"
    identity = {"identity": {"provider": "company", "subject": "me"}}
    assert clerk.put("tenants/acme/users/me", identity).code == "auth.escalation"


def test_an_issuer_that_becomes_a_directory_is_believed_in_no_token(acme: Site) -> None:
    oidc = {"issuer": "https://login.example.com", "audiences": ["pextra"]}
    acme.ada.put(COMPANY, {"oidc": oidc}).ok()
    assert acme.world()["trusted_issuer"]
    acme.ada.put(COMPANY, {"ldap": ldap()}).ok()
    assert acme.world()["trusted_issuer"] == []
