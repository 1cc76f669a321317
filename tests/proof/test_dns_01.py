"""dns-01 against a name server on this machine that answers as a test says; a real one is in tests/e2e."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest

from licet.model.endpoint import Endpoint
from licet.proof import dns_01, names
from licet.proof.base import Challenge, Outcome, answer_to
from licet.proof.guard import NetworkGuard
from suites.proof_method import TOKEN, ProofMethodSuite, assert_well_formed
from support.guards import loopback_guard, public_guard
from support.hostile_servers import udp_server

NAME, ADDRESS = "vpn.example.net", "127.0.0.9"
RECORD = f"_licet-challenge.{NAME}"
WANTED = answer_to(TOKEN)

Records = dict[tuple[str, str], list[str]]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "QUESTION_TIMEOUT_S", 1.0)
    monkeypatch.setattr(names, "TRY_TIMEOUT_S", 0.5)


def zone(records: Records, rcode: int = dns.rcode.NOERROR) -> Callable[[bytes], list[bytes]]:
    """A name server with these records, {(name, type): values}; every other name exists and is empty."""

    def answer(datagram: bytes) -> list[bytes]:
        query = dns.message.from_wire(datagram)
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        question = query.question[0]
        kind = question.rdtype.name
        values = records.get((question.name.to_text().rstrip("."), kind), [])
        if values:
            response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, values))
        return [response.to_wire(max_size=65_535)]

    return answer


def check(answer: Callable[[bytes], list[bytes]], monkeypatch: Any, address: str | None = ADDRESS,
          guard: Callable[..., NetworkGuard] = loopback_guard) -> Outcome:  # fmt: skip
    with udp_server(answer) as port, monkeypatch.context() as patch:
        plain = names._resolver

        def with_port(resolvers: Any) -> Any:
            made = plain(resolvers)
            made.port = port
            return made

        patch.setattr(names, "_resolver", with_port)
        start = time.monotonic()
        challenge = Challenge("dns-01", TOKEN, None if address is None else Endpoint(address, "udp", 51820), NAME)
        outcome = dns_01.check(challenge, guard(resolvers=("127.0.0.1",)))
        assert time.monotonic() - start < 5
    assert_well_formed(outcome)
    return outcome


def right(**more: list[str]) -> Records:
    return {(RECORD, "TXT"): [f'"{WANTED}"'], (NAME, "A"): [ADDRESS], **{(NAME, kind): v for kind, v in more.items()}}


class TestDns01(ProofMethodSuite):
    method = dns_01.METHOD

    @pytest.fixture(autouse=True)
    def _keep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def outcome(self, data: bytes) -> Outcome:
        """`data` as the value of the record, in strings of at most 255 bytes."""
        parts = [data[at : at + 255] for at in range(0, min(len(data), 20_000), 255)] or [b""]
        value = " ".join('"' + "".join(f"\\{byte:03d}" for byte in part) + '"' for part in parts)
        return check(zone({(RECORD, "TXT"): [value], (NAME, "A"): [ADDRESS]}), self.monkeypatch)

    def right_answer(self) -> bytes:
        return WANTED.encode()

    def silent_outcome(self) -> Outcome:
        return check(lambda datagram: [], self.monkeypatch)

    def answer_to_token(self, token: str) -> bytes:
        return answer_to(token).encode()


@pytest.mark.parametrize("address", ["127.0.0.9", "::1"])
def test_the_record_and_the_address_prove(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(zone(right(AAAA=["::1"])), monkeypatch, address).ok


def test_other_values_may_stand_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    records = right()
    records[(RECORD, "TXT")] = ['"an older value"', f'"{WANTED[:20]}" "{WANTED[20:]}"', '"x"']
    assert check(zone(records), monkeypatch).ok


@pytest.mark.parametrize(("records", "problem"), [
    ({}, "record_missing"),
    ({(RECORD, "TXT"): ['"another"']}, "record_differs"),
    ({(RECORD, "TXT"): [f'"{TOKEN}"']}, "record_differs"),  # the token itself
    ({(NAME, "TXT"): [f'"{WANTED}"']}, "record_missing"),  # at the name itself
    ({(RECORD, "TXT"): [f'"{WANTED}"']}, "no_address"),
    ({(RECORD, "TXT"): [f'"{WANTED}"'], (NAME, "A"): ["127.0.0.8"]}, "address_not_in_name"),
    ({(RECORD, "TXT"): [f'"{WANTED}"'], (NAME, "A"): [f"127.0.1.{n}" for n in range(40)]}, "address_not_in_name"),
])  # fmt: skip
def test_what_is_not_there_is_said(records: Records, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(zone(records), monkeypatch).problem == problem


@pytest.mark.parametrize(("rcode", "problem"), [
    (dns.rcode.NXDOMAIN, "name_not_found"), (dns.rcode.SERVFAIL, "dns_failed"), (dns.rcode.REFUSED, "dns_failed"),
    (dns.rcode.YXDOMAIN, "dns_failed"),
])
def test_name_servers_that_fail(rcode: int, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(zone({}, rcode), monkeypatch).problem == problem


@pytest.mark.parametrize("answer", [
    lambda datagram: [b""], lambda datagram: [b"\0"] * 50, lambda datagram: [datagram], lambda datagram: [datagram[:7]],
    lambda datagram: [datagram[:2] + b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff" + b"\xc0\x0c" * 200],
    lambda datagram: [b"\xff" * 60_000],
], ids=["empty", "zeros", "echo", "cut", "pointers", "long"])  # fmt: skip
def test_answers_that_are_none_end_in_an_outcome(
    answer: Callable[[bytes], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(answer, monkeypatch).problem == "dns_failed"


def test_a_name_alone_is_proved_by_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """An organisation's domain: no address is asked for, and nothing is said of one."""
    records: Records = {(RECORD, "TXT"): [f'"{WANTED}"']}
    outcome = check(zone(records), monkeypatch, None)
    assert outcome.ok
    assert "address" not in outcome.looked_for
    assert check(zone({}), monkeypatch, None).problem == "record_missing"
    assert len(dns_01.instructions(Challenge("dns-01", TOKEN, name=NAME))) == 2


def test_an_endpoint_that_is_not_global_asks_no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    outcome = check(lambda datagram: heard.append(datagram) or [], monkeypatch,  # type: ignore[func-returns-value]
                    "10.0.0.1", public_guard)
    assert outcome.problem == "address_refused"
    assert not heard
