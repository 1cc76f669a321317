"""The pages of a proof, and the join of the service with the methods that check: `registry/proving.py`.

The checks run as they do in use, through the guard and in their threads; documentation addresses are not global, so a
public registry contacts nobody here. What real programs answer is tried in tests/e2e.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.test import Client

from licet.errors import Refused
from licet.lifecycle.endpoint_proof import METHODS
from licet.model.endpoint import Endpoint as Place
from licet.proof.base import read_token
from licet.server import chance
from licet.server.clock import utc_now
from licet.server.registrant import check_pool
from licet.server.registry import proving
from licet.server.registry.models import Endpoint, Proof
from licet.server.registry.proving import Challenge, Outcome, network_checker
from licet.server.registry.service_layer import endpoints, proofs
from licet.server.registry.service_layer.checking import check_due, check_now
from server.registrant.signed_in import owner_of
from server.world import FAILED, HOUR, OK, World, key, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def challenge(method: str, **values: Any) -> Challenge:
    given: dict[str, Any] = {"endpoint": Place("192.0.2.10", "udp", 51820), "name": None, "public_key": None, **values}
    return Challenge(method, chance.proof_token(), given["endpoint"], given["name"], given["public_key"])


def test_every_method_that_is_known_has_instructions_that_never_show_a_private_key() -> None:
    known = [one for one in METHODS if proving.is_known(one)]
    assert known == ["dns-01", "http-01", "wireguard-01", "callback-01"]
    for method in known:
        asked = challenge(method, name="vpn.example.net", public_key=bytes(range(1, 33)))
        lines = [line for _text, lines in proving.what_to_do(asked) for line in lines]
        assert lines
        assert not any("private" in line.lower() for line in lines)
        assert proving.proves(method)


@pytest.mark.parametrize("method", ["dns-01", "http-01", "wireguard-01"])
def test_a_public_registry_contacts_no_address_that_is_not_global(method: str) -> None:
    check = network_checker(is_owned=False)
    for address in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "192.0.2.10", "::1", "fe80::1", "fd00::1"):
        asked = challenge(method, endpoint=Place(address, "udp", 51820), name="vpn.example.net",
                          public_key=bytes(range(1, 33)))
        assert check(asked).problem == "address_refused", address


def test_an_owned_network_contacts_what_it_lists_alone(settings: Any) -> None:
    settings.DEPLOYMENT = replace(settings.DEPLOYMENT, prefixes=(ipaddress.ip_network("127.0.0.0/8"),))
    asked = challenge("wireguard-01", endpoint=Place("127.0.0.1", "udp", 9), public_key=bytes(range(1, 33)))
    assert network_checker(is_owned=True)(asked).problem == "connection_refused"
    assert network_checker(is_owned=False)(asked).problem == "address_refused"
    other = challenge("wireguard-01", endpoint=Place("10.0.0.1", "udp", 9), public_key=bytes(range(1, 33)))
    assert network_checker(is_owned=True)(other).problem == "address_refused"


def test_a_challenge_that_cannot_be_used_is_an_outcome_and_no_error() -> None:
    outcome = network_checker(is_owned=False)(challenge("wireguard-01"))
    assert (outcome.ok, outcome.problem) == (False, "incomplete")
    assert network_checker(is_owned=False)(challenge("ssh-01")).ok is False
    assert network_checker(is_owned=False)(challenge("callback-01")).problem == "no_call"


def test_tokens_are_ones_that_the_methods_take() -> None:
    for _ in range(200):
        token = chance.proof_token()
        assert read_token(token) == token


@pytest.mark.django_db(transaction=True)
def test_checking_now_says_what_was_looked_for_where_what_was_seen_and_what_to_do() -> None:
    world = make_world()
    client, endpoint = owner_of(world), world.endpoint(world.service(), public_key=key("check"))
    page = f"/my/endpoint/{endpoint.handle}/proof/wireguard-01/"
    assert "No challenge is open" in client.get(page).content.decode()
    assert Proof.objects.count() == 0  # looking at a page begins nothing
    assert client.post(page)["Location"] == page
    assert client.post(page)["Location"] == f"{page}#result"
    proof = Proof.objects.get()
    text = client.get(page).content.decode()
    assert proof.error == "address_refused"
    for sentence in (proof.looked_for, proof.where, proof.seen, proof.todo):
        assert sentence
        assert sentence.split(".")[0][:30] in text
    # Pressed again at once: read first what was seen.
    client.post(page)
    assert "checked a moment ago" in client.get(page).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.state == "invalid"


@pytest.mark.django_db(transaction=True)
def test_a_page_never_waits_for_a_server_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world, finish = make_world(), Event()
    endpoint = world.endpoint(world.service(), public_key=key("slow"))
    proof = proofs.start_proof(world.owner, endpoint, "wireguard-01", at=utc_now())

    def slow(asked: Challenge) -> Outcome:
        assert finish.wait(20)
        return OK

    monkeypatch.setattr(check_pool, "network_checker", lambda *, is_owned: slow)
    monkeypatch.setattr(check_pool, "WAIT_S", 0.2)
    assert check_pool.check_soon(world.owner, proof, 0.2) is False
    client, page = owner_of(world), f"/my/endpoint/{endpoint.handle}/proof/wireguard-01/"
    asked = int(utc_now().timestamp())
    text = client.get(f"{page}?asked={asked}").content.decode()
    assert "still looking" in text
    assert 'http-equiv="refresh"' in text
    assert "still looking" not in client.get(f"{page}?asked={asked - 61}").content.decode()
    assert "still looking" not in client.get(f"{page}?asked=nonsense").content.decode()
    finish.set()
    assert check_pool.check_soon(world.owner, proof, 10) is True  # the same check, waited for
    endpoint.refresh_from_db()
    assert endpoint.state == "valid"
    assert "still looking" not in client.get(f"{page}?asked={asked}").content.decode()


def test_a_check_is_written_with_the_time_of_its_answer_and_counts_where_it_began_in_time(world: World) -> None:
    endpoint = world.endpoint(world.service())
    proof = proofs.start_proof(world.owner, endpoint, "http-01", at=world.at)
    last, answered = proof.expires - timedelta(seconds=1), proof.expires + timedelta(seconds=5)
    clock = iter([last, answered])
    proof = check_now(world.owner, proof, lambda challenge: OK, lambda: next(clock))
    endpoint.refresh_from_db()
    assert (endpoint.state, proof.tried_at, proof.validated) == ("valid", answered, answered)
    late = proofs.start_proof(world.owner, world.endpoint(world.service()), "http-01", at=world.at)
    with pytest.raises(Refused, match="has expired"):
        check_now(world.owner, late, lambda challenge: OK, lambda: late.expires)


def test_only_methods_that_can_prove_it_are_offered(world: World) -> None:
    client, service = owner_of(world), world.service()
    with_key = world.endpoint(service, public_key=key("offered"))
    plain = world.endpoint(service)
    named = world.endpoint(service, name="vpn.example.net")
    offered = {one: [method for method in METHODS
                     if f'value="{method}"' in client.get(f"/my/endpoint/{one.handle}/").content.decode()]
               for one in (with_key, plain, named)}
    assert offered == {with_key: ["wireguard-01", "callback-01"], plain: ["http-01", "callback-01"],
                       named: ["dns-01", "http-01", "callback-01"]}
    assert client.get(f"/my/endpoint/{plain.handle}/proof/dns-01/").status_code == 404
    assert client.get(f"/my/endpoint/{plain.handle}/proof/tls-alpn-01/").status_code == 404
    client.post(f"/my/endpoint/{plain.handle}/", {"method": "wireguard-01"})
    assert not plain.proofs.exists()


# Changing a key.

def changed(world: World) -> Endpoint:
    """An endpoint of a registered service whose key was changed just now."""
    service = world.service()
    endpoint = world.prove(world.endpoint(service, public_key=key("old")), utc_now() - HOUR)
    owner_of(world).post(f"/my/endpoint/{endpoint.handle}/key/", {"public_key": key("new")})
    endpoint.refresh_from_db()
    assert endpoint.public_key == key("new")
    return endpoint


def test_old_and_new_key_are_shown_until_the_new_one_is_proven(world: World) -> None:
    endpoint = changed(world)
    text = owner_of(world).get(f"/my/endpoint/{endpoint.handle}/").content.decode()
    assert "Counts; the new key is not proven yet" in text
    assert "The old key counts until" in text
    assert "needs a new proof" in owner_of(world).get("/my/").content.decode()
    proof = proofs.start_proof(world.owner, endpoint, "wireguard-01", at=utc_now())
    proofs.record_proof(proof, OK, at=utc_now())
    assert "not proven yet" not in owner_of(world).get(f"/my/endpoint/{endpoint.handle}/").content.decode()


def test_a_proof_of_the_old_key_does_not_prove_the_new_one(world: World) -> None:
    endpoint = changed(world)
    other = proofs.start_proof(world.owner, endpoint, "http-01", at=utc_now())
    proofs.record_proof(other, OK, at=utc_now())
    endpoint.refresh_from_db()
    assert endpoint.recheck_asked_at is not None  # still asked for


def test_the_clock_leaves_a_new_key_the_72_hours_that_its_owner_has(world: World) -> None:
    endpoint, asked = changed(world), []

    def checker(one: Challenge) -> Outcome:
        asked.append(one)
        return FAILED

    assert check_due(checker, utc_now) == 0
    assert check_due(checker, lambda: utc_now() + timedelta(hours=73)) == 1
    assert asked[0].public_key is not None
    endpoint.refresh_from_db()
    assert endpoint.state == "stale"


def test_a_key_of_somebody_else_or_of_no_sense_is_refused(world: World) -> None:
    endpoint = changed(world)
    for wrong in ("", "AAAA", "x" * 65):
        answer = owner_of(world).post(f"/my/endpoint/{endpoint.handle}/key/", {"public_key": wrong})
        assert answer.status_code == 200
        assert b"error-summary" in answer.content
    endpoint.refresh_from_db()
    assert endpoint.public_key == key("new")


def test_an_endpoint_is_replaced_without_a_gap(world: World) -> None:
    registered = world.registration().service
    old = registered.endpoints.get()
    client = owner_of(world)
    values = {"tunnel_protocol": "wireguard", "address": "192.0.2.99", "port": "51820", "transport": "udp", "name": "",
              "public_key": "", "is_published": "yes", "endpoint_class": "datacentre"}
    there = client.post(f"/my/endpoint/{old.handle}/replace/", values)["Location"]
    new = registered.endpoints.exclude(pk=old.pk).get()
    assert there == f"/my/endpoint/{new.handle}/"
    old.refresh_from_db()
    assert old.state == "valid"
    proof = proofs.start_proof(world.owner, new, "http-01", at=utc_now())
    proofs.record_proof(proof, OK, at=utc_now())
    text = client.get(f"/my/service/{registered.handle}/").content.decode()
    assert "Replaced; counts until" in text


def test_removing_asks_once(world: World) -> None:
    service = world.service()
    endpoint = world.endpoint(service)
    page = f"/my/endpoint/{endpoint.handle}/remove/"
    client = owner_of(world)
    assert b"error-summary" in client.post(page, {}).content
    assert client.post(page, {"confirm": "on"})["Location"] == f"/my/service/{service.handle}/"
    endpoint.refresh_from_db()
    assert endpoint.state == "gone"
    # A second tab that asks again changes nothing more.
    assert client.post(page, {"confirm": "on"}).status_code == 302


# callback-01.

def call(token: object, client: Client | None = None, **meta: str) -> dict[str, Any]:
    answer = (client or Client()).post("/api/proof/call", json.dumps({"token": token}),
                                       content_type="application/json", **meta)  # type: ignore[arg-type]
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


@pytest.fixture
def open_call(world: World) -> Proof:
    endpoint = endpoints.add_endpoint(world.owner, world.service(), {"address": "192.0.2.77", "port": 51820},
                                      at=utc_now())
    return proofs.start_proof(world.owner, endpoint, "callback-01", at=utc_now())


def test_a_call_from_the_endpoints_address_is_one_half_of_a_proof(world: World, open_call: Proof) -> None:
    assert call(open_call.token, REMOTE_ADDR="192.0.2.77")["ok"] is True
    endpoint = open_call.endpoint
    endpoint.refresh_from_db()
    assert endpoint.state == "pending"  # a second method is needed
    assert "One more method is needed" in owner_of(world).get(
        f"/my/endpoint/{endpoint.handle}/proof/callback-01/").content.decode()
    assert call(open_call.token, REMOTE_ADDR="::ffff:192.0.2.77")["ok"] is True


def test_a_call_from_elsewhere_is_told_and_its_address_is_kept_nowhere(open_call: Proof) -> None:
    found = call(open_call.token, REMOTE_ADDR="198.51.100.200")
    assert found["problem"] == "called_from_elsewhere"
    assert "198.51.100.200" not in json.dumps(found)
    open_call.refresh_from_db()
    assert "198.51.100" not in str(Proof.objects.values_list().get())


def test_a_header_that_anybody_can_write_is_not_believed(open_call: Proof, settings: Any) -> None:
    forged = {"HTTP_X_FORWARDED_FOR": "192.0.2.77", "HTTP_X_REAL_IP": "192.0.2.77", "HTTP_FORWARDED": "for=192.0.2.77"}
    assert call(open_call.token, REMOTE_ADDR="198.51.100.200", **forged)["ok"] is False
    settings.LICET_PROXY = "127.0.0.1"
    assert call(open_call.token, REMOTE_ADDR="198.51.100.200", **forged)["ok"] is False
    # Through the proxy only the last entry counts, which the proxy itself wrote.
    assert call(open_call.token, REMOTE_ADDR="127.0.0.1",
                HTTP_X_FORWARDED_FOR="192.0.2.77, 198.51.100.200")["ok"] is False
    assert call(open_call.token, REMOTE_ADDR="127.0.0.1")["ok"] is False
    assert call(open_call.token, REMOTE_ADDR="127.0.0.1",
                HTTP_X_FORWARDED_FOR="198.51.100.200, 192.0.2.77")["ok"] is True


def test_calls_that_make_no_sense_get_an_outcome(world: World, open_call: Proof) -> None:
    for token in (None, 5, ["x"], {"a": 1}, "", "x" * 32, "ü", "a\0b"):
        assert call(token)["ok"] is False
    for body in (b"", b"[", b"[]", b"\xff", b"[" * 1_000, b"{" + b" " * 2_000 + b"}"):
        answer = Client().post("/api/proof/call", body, content_type="application/json")
        assert json.loads(answer.content)["problem"] == "incomplete"
    assert Client().get("/api/proof/call").status_code == 405
    # A token of another method is no authority to call.
    endpoint = world.endpoint(world.service(), public_key=key("call"))
    other = proofs.start_proof(world.owner, endpoint, "wireguard-01", at=utc_now())
    assert call(other.token)["problem"] == "token_differs"


def test_a_call_after_the_challenges_end_is_too_late(open_call: Proof) -> None:
    Proof.objects.update(expires=utc_now() - timedelta(seconds=1))
    assert call(open_call.token, REMOTE_ADDR="192.0.2.77")["problem"] == "expired"


def test_calling_needs_no_cookie_and_no_form_token(open_call: Proof) -> None:
    assert call(open_call.token, Client(enforce_csrf_checks=True), REMOTE_ADDR="192.0.2.77")["ok"] is True
