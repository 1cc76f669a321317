"""http-01 against servers on this machine's own addresses that answer well and badly; see also tests/e2e."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.model.endpoint import Endpoint
from licet.proof import http_01
from licet.proof.base import Challenge, HttpAnswer, Outcome, answer_to
from licet.proof.http_fetch import HEAD_BYTES_MAX
from suites.proof_method import TOKEN, ProofMethodSuite, assert_well_formed
from support.guards import AskedGuard, loopback_guard, public_guard
from support.hostile_servers import CHUNK, Answer, drips, never_ends, ok, redirect, says, silent, tcp_server

CHALLENGE = Challenge("http-01", TOKEN, Endpoint("127.0.0.1", "udp", 51820))
WANTED = answer_to(TOKEN).encode()


@pytest.fixture(autouse=True)
def _restore_port() -> Iterator[None]:
    before = http_01.PORT
    yield
    http_01.PORT = before


def check(answer: Answer, challenge: Challenge = CHALLENGE, address: str = "127.0.0.1") -> Outcome:
    """The outcome where a server answers so. Its port is any that is free."""
    with tcp_server(answer, address) as port:
        http_01.PORT = port
        start = time.monotonic()
        outcome = http_01.check(challenge, loopback_guard())
        assert time.monotonic() - start < 4
    assert_well_formed(outcome)
    return outcome


class TestHttp01(ProofMethodSuite):
    method = http_01.METHOD

    def outcome(self, data: bytes) -> Outcome:
        raw = says(ok(data))
        return check(raw)

    def right_answer(self) -> bytes:
        return WANTED

    def silent_outcome(self) -> Outcome:
        return check(silent)

    def answer_to_token(self, token: str) -> bytes:
        return answer_to(token).encode()


def test_a_line_end_after_the_value_is_no_part_of_it() -> None:
    assert check(says(ok(WANTED + b"\r\n"))).ok
    assert check(says(b"HTTP/1.0 200 OK\r\n\r\n" + WANTED + b"\n")).ok


def test_a_chunked_answer_is_read() -> None:
    chunk = f"{len(WANTED):x}\r\n".encode() + WANTED + b"\r\n0\r\n\r\n"
    assert check(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)).ok


def test_ipv6_is_asked_with_brackets() -> None:
    heard: list[bytes] = []
    challenge = Challenge("http-01", TOKEN, Endpoint("::1", "udp", 51820))

    class Noting(AskedGuard):
        def get(self, address: str, port: int, host: str, path: str, body_bytes_max: int) -> HttpAnswer:
            heard.append(host.encode())
            return super().get(address, port, host, path, body_bytes_max)

    http_01.check(challenge, Noting())
    assert heard == [b"[::1]"]
    assert check(says(ok(WANTED)), challenge, "::1").ok


@pytest.mark.parametrize(("answer", "problem"), [
    (never_ends(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", CHUNK), "answer_too_long"),
    (never_ends(b"HTTP/1.1 200 OK\r\n\r\n", CHUNK), "answer_too_long"),
    (never_ends(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 100), "answer_malformed"),
    (never_ends(b"HTTP/1.1 200 OK\r\nX: ", CHUNK), "answer_too_long"),
    (never_ends(b"HTTP/1.1 ", CHUNK), "answer_too_long"),
    (never_ends(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50), "answer_too_long"),
    (never_ends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 500), "answer_too_long"),
    (never_ends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + CHUNK), "answer_too_long"),
    (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"), "answer_malformed"),
    (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nx"), "answer_malformed"),
    (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx"), "answer_malformed"),
    (says(WANTED), "answer_malformed"),  # HTTP/0.9: a body and no head
    (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "answer_malformed"),
    (says(b"\0" * 200), "answer_malformed"),
    (says(b""), "answer_malformed"),
    (says(b"HTTP/1.1 99999 OK\r\n\r\n"), "answer_malformed"),
    (says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "http_status"),
    (says(ok(b"")), "content_differs"),
    (says(ok(TOKEN.encode())), "content_differs"),  # a server that repeats the path
    (says(ok(gzip.compress(WANTED), "Content-Encoding: gzip")), "content_differs"),
    (says(ok(gzip.compress(bytes(2_000_000)), "Content-Encoding: gzip")), "content_differs"),
    (drips(ok(WANTED).ljust(4_000, b" ")), "no_answer"),
    (drips(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400), "no_answer"),
    (drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100), "no_answer"),
    (silent, "no_answer"),
])  # fmt: skip
def test_a_hostile_server_ends_in_an_outcome(answer: Answer, problem: str) -> None:
    assert check(answer).problem == problem


@pytest.mark.parametrize("location", [
    "http://127.0.0.2/x", "http://localhost/x", "https://127.0.0.1/x", "//127.0.0.2/x", "/\\127.0.0.2/x", "\\\\x", "x",
    "http://127.0.0.1:22/x", "http://127.0.0.1@127.0.0.2/x", "http://169.254.169.254/latest/meta-data", "file:///etc/x",
    "http://127.0.0.1.example.net/", "gopher://127.0.0.1/", "", "http:///x", "/a b", "/ä", "/" + "a" * 3_000,
])  # fmt: skip
def test_a_redirect_to_another_place_is_refused(location: str) -> None:
    outcome = check(says(redirect(location)))
    assert outcome.problem == "redirect_refused"
    assert "redirect" in outcome.todo


def test_redirects_within_the_host_are_followed_a_few_times() -> None:
    left = [redirect("/one"), redirect("http://127.0.0.1/two", 301), redirect("/three", 307), ok(WANTED)]
    assert check(lambda connection: connection.sendall(left.pop(0))).ok
    assert check(says(redirect("/again"))).problem == "redirect_refused"


def test_an_address_that_is_not_global_is_not_contacted() -> None:
    connections: list[object] = []
    with tcp_server(connections.append) as port:
        http_01.PORT = port
        for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "192.0.2.1"):
            outcome = http_01.check(Challenge("http-01", TOKEN, Endpoint(address, "udp", 1)), public_guard())
            assert outcome.problem == "address_refused"
            assert "was not contacted" in outcome.seen
    assert not connections


class Rebinding(AskedGuard):
    """A name that is global when it is first asked for, and this machine's own address ever after."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.inner = public_guard()

    def addresses(self, name: str) -> tuple[str, ...]:
        self.asked += 1
        return ("192.88.98.1",) if self.asked == 1 else ("127.0.0.1",)

    def require_allowed(self, address: str) -> None:
        self.inner.require_allowed(address)


def test_a_name_that_changes_its_mind_is_contacted_where_it_was_judged() -> None:
    guard = Rebinding()
    http_01.check(Challenge("http-01", TOKEN, name="vpn.example.net"), guard)
    assert guard.asked == 1
    assert guard.places == {"192.88.98.1:80"}


def test_one_internal_address_refuses_the_whole_name() -> None:
    class Mixed(Rebinding):
        def addresses(self, name: str) -> tuple[str, ...]:
            return ("192.88.98.1", "10.0.0.1")

    guard = Mixed()
    assert http_01.check(Challenge("http-01", TOKEN, name="vpn.example.net"), guard).problem == "address_refused"
    assert not guard.places


def test_nothing_listens() -> None:
    with tcp_server(silent) as port:
        pass
    http_01.PORT = port
    assert http_01.check(CHALLENGE, loopback_guard()).problem == "connection_refused"


def test_headers_have_room_for_ordinary_servers() -> None:
    fields = [f"X-Field-{number}: {'v' * 100}" for number in range(50)]
    assert sum(map(len, fields)) < HEAD_BYTES_MAX
    assert check(says(ok(WANTED, *fields))).ok


def test_the_instructions_make_the_file_that_is_looked_for(tmp_path: Path) -> None:
    import subprocess

    lines = next(step.lines for step in http_01.instructions(CHALLENGE) if "web server?" in step.text)
    subprocess.run(["sh", "-c", lines[0]], cwd=tmp_path, check=True)
    assert (tmp_path / f"proof{http_01.PATH}{TOKEN}").read_bytes() == WANTED
