"""What a server says of itself."""

from __future__ import annotations

import json

import jsonschema
import pytest
from sqlalchemy import event

from pextra.api.settings import ApiSettings
from pextra.errors import CODES
from pextra.network_lists import networks
from pextra.process_logging import JsonLines
from pextra.resources import REGISTRY
from tests.api.caller import Caller
from tests.api.site import Site


def test_a_process_is_alive_and_ready(site: Site) -> None:
    assert site.nobody.get("/healthz").body == {"status": "ok"}
    ready = site.nobody.get("/readyz").body
    assert (ready["status"], ready["unsequenced_events"] > 0) == ("ok", True)
    site.number_events()
    assert site.nobody.get("/readyz").body["unsequenced_events"] == 0


def test_capabilities_name_the_version_the_site_and_what_it_can_do(site: Site) -> None:
    body = site.nobody.get("capabilities").body
    assert (body["api"], body["site"], body["streams"]) == ("v1", site.cloud.site.uid, None)
    assert {"dry-run", "plan", "idempotency-key", "wait"} <= set(body["extensions"])


def test_every_kind_is_told_with_what_a_client_needs(site: Site) -> None:
    kinds = {k["kind"]: k for k in site.ada.get("kinds").body["kinds"]}
    assert list(kinds) == [kind.name for kind in REGISTRY]
    volume = kinds["volume"]
    assert (volume["plural"], volume["scope"], volume["short_names"]) == ("volumes", "tenant", ["vol"])
    assert volume["spec_schema"]["properties"]["size_gib"]["x-pextra"]["unit"] == "GiB"
    assert {"path": "spec.image", "kind": "image"} in volume["references"]
    assert [a["name"] for a in kinds["instance"]["actions"]] == [a.name for a in REGISTRY["instance"].actions]
    assert kinds["quota"]["singleton"] == "default"
    assert kinds["api_token"]["mints"] is True
    assert kinds["operation"]["writable"] is False


def test_the_published_manifest_schema_takes_every_example_and_refuses_others(site: Site) -> None:
    validator = jsonschema.Draft202012Validator(site.nobody.get("schemas/manifest.json").body)
    for kind in REGISTRY:
        if kind.writable:
            validator.validate(kind.example)
    for wrong in ({"kind": "gizmo", "metadata": {"name": "a"}}, {"kind": "volume"}, {"kind": "volume", "metadata": {}}):
        assert not validator.is_valid(wrong)


def test_a_watch_is_sent_on_to_the_stream_process(site: Site) -> None:
    app = site.another_app(ApiSettings(streams_url="https://streams.example.com"))
    answer = Caller(app, site.tokens["ada"]).send("GET", "/v1/watch?tenant=acme&kind=volume")
    assert answer.status == 307
    assert answer.headers["Location"] == "https://streams.example.com/v1/watch?tenant=acme&kind=volume"


def test_every_answer_has_an_id_of_its_own_and_may_not_be_kept(site: Site) -> None:
    answers = [site.ada.get("whoami"), site.nobody.get("whoami"), site.ada.get("/nowhere"), site.nobody.get("/healthz")]
    assert len({a.headers["Pextra-Request-Id"] for a in answers}) == len(answers)
    assert all(a.headers["Cache-Control"] == "no-store" for a in answers)
    assert all(a.headers["X-Content-Type-Options"] == "nosniff" for a in answers)


def test_strangers_are_told_yes_or_no_and_operators_the_numbers(site: Site) -> None:
    app = site.another_app(ApiSettings(operator_networks=networks("10.9.0.0/16")))

    def ask(path: str, address: str, **headers: str) -> tuple[int, str]:
        answer = app.test_client().get(path, environ_base={"REMOTE_ADDR": address}, headers=headers)
        return answer.status_code, answer.get_data(as_text=True)

    assert ask("/readyz", "203.0.113.7") == (200, '{"status":"ok"}')
    assert ask("/readyz", "127.0.0.1") == (200, '{"status":"ok"}')
    assert "unsequenced" in ask("/readyz", "10.9.1.2")[1]
    status, text = ask("/metrics", "203.0.113.7")
    assert (status, json.loads(text)["code"]) == (403, "auth.denied")
    assert "pextra_requests_total" in ask("/metrics", "10.9.1.2")[1]
    assert ask("/metrics", "10.9.1.2", **{"X-Forwarded-For": "203.0.113.7"})[0] == 403


def test_a_proxy_on_this_machine_opens_the_numbers_to_nobody(site: Site) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    assert site.nobody.get("/metrics", headers=forwarded).status == 403
    trusting = Caller(site.another_app(ApiSettings(trusted_proxies=networks("127.0.0.0/8"))), None)
    assert trusting.get("/metrics", headers=forwarded).status == 403
    assert trusting.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status == 200


def test_strangers_do_not_make_the_database_work_by_asking_whether_it_does(site: Site) -> None:
    app, asked = site.another_app(ApiSettings(operator_networks=())), 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    event.listen(site.database.engine, "before_cursor_execute", count)
    for _ in range(20):
        assert app.test_client().get("/readyz").status_code == 200
    event.remove(site.database.engine, "before_cursor_execute", count)
    assert 0 < asked <= 8


def test_a_request_leaves_one_line_that_says_who_and_what_and_no_token_name_or_body(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pextra.access")
    answer = site.ada.put("tenants/acme/secrets/very-private-name", {"data": {"k": "very-private-value"}})
    site.nobody.get("/v1/nothing%0Aforged")
    first, second = (json.loads(JsonLines().format(r)) for r in caplog.records if r.name == "pextra.access")
    assert first["request_id"] == answer.headers["Pextra-Request-Id"]
    assert first["method"] == "PUT"
    assert first["route"].endswith("/<name>")
    assert (first["status"], first["tenant"], first["address"]) == (answer.status, "acme", "127.0.0.1")
    assert first["principal"]
    assert first["ms"] >= 0
    assert (second["route"], second["tenant"], second["principal"]) == ("none", None, None)
    written = " ".join(JsonLines().format(r) for r in caplog.records)
    assert "very-private" not in written
    assert str(site.ada.token) not in written
    assert "forged" not in written


@pytest.mark.parametrize("path", ["/healthz", "/v1/nothing", "/openapi.json", "/metrics"])
def test_browsers_are_told_to_do_nothing_with_an_answer(site: Site, path: str) -> None:
    plain = site.nobody.get(path).headers
    assert plain["X-Content-Type-Options"] == "nosniff"
    assert plain["Cross-Origin-Resource-Policy"] == "same-origin"
    assert plain["Referrer-Policy"] == "no-referrer"
    assert plain["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Strict-Transport-Security" not in plain
    over_tls = site.nobody.app.test_client().get(path, base_url="https://cloud.example.com")
    assert over_tls.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_metrics_count_by_kind_and_code_and_name_nobody(site: Site) -> None:
    site.ada.put("tenants/acme/volumes/very-private-name", {"size_gib": 1}).ok()
    site.gus.get("tenants/acme/volumes/very-private-name")
    text = site.nobody.get("/metrics").text
    assert 'pextra_requests_total{kind="volume",method="PUT",status="201"}' in text
    assert 'pextra_request_failures_total{code="object.not_found"}' in text
    assert "very-private-name" not in text
    assert "acme" not in text


def test_methods_that_a_client_makes_up_are_counted_together(site: Site) -> None:
    for number in range(3):
        site.nobody.send(f"MADEUP{number}", "/v1/flavors")
    text = site.nobody.get("/metrics").text
    assert "MADEUP" not in text
    assert 'method="other"' in text


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/tenants/acme/volumes/none", "/v1/flavors?limit=0", "/v1/whoami"])
def test_a_problem_is_one_of_rfc_9457_with_a_code_of_the_list(site: Site, path: str) -> None:
    caller = site.nobody if path.endswith("whoami") else site.ada
    answer = caller.send("GET", path)
    problem = json.loads(answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    code = CODES[problem["code"]]
    assert (problem["status"], problem["title"]) == (answer.status, code.title) == (code.status, code.title)
    assert problem["type"] == f"urn:pextra:error:{problem['code']}"
    assert problem["detail"]
