"""The registrant's call: what it sends, and what it makes of any answer."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import BadInput, LicetError, Malformed, Unavailable
from licet.proof.base import Outcome, proved
from licet.proof.call import call, read_outcome
from suites.proof_method import TOKEN, assert_well_formed
from support.hostile_servers import Answer, ok, redirect, says, tcp_server

URL = "https://registry.example.net"
PROVED = proved("A call.", "The connection.", "A call.")


def called(answer: Answer, source: str | None = None) -> Outcome:
    with tcp_server(answer) as port:
        return call(TOKEN, f"http://127.0.0.1:{port}/registry/", source)


def test_an_outcome_comes_back_whole() -> None:
    assert called(says(ok(json.dumps(asdict(PROVED)).encode()))) == PROVED


def test_the_call_comes_from_the_address_that_was_chosen() -> None:
    seen: list[str] = []

    def answer(connection: socket.socket) -> None:
        seen.append(connection.getpeername()[0])
        connection.sendall(ok(json.dumps(asdict(PROVED)).encode()))

    assert called(answer, "127.0.0.3").ok
    assert seen == ["127.0.0.3"]


def test_what_is_sent_is_the_token_and_nothing_else() -> None:
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        import threading

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                data = b""
                while not data.endswith(b"}"):
                    data += connection.recv(4_096)
                heard.append(data)
                connection.sendall(ok(json.dumps(asdict(PROVED)).encode()))

        thread = threading.Thread(target=serve)
        thread.start()
        call(TOKEN, f"http://127.0.0.1:{listener.getsockname()[1]}/registry/")
        thread.join()
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /registry/api/proof/call HTTP/1.1\r\n")
    assert json.loads(body) == {"token": TOKEN}


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert called(says(ok(json.dumps(asdict(PROVED)).encode()))).ok


@pytest.mark.parametrize(("answer", "error"), [
    (says(redirect("http://127.0.0.1:9/")), Malformed),
    (says(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), Unavailable),
    (says(b"HTTP/1.1 429 Slow Down\r\n\r\n"), Unavailable),
    (says(b"SSH-2.0-x\r\n"), Unavailable),
    (says(ok(b"<p>An ordinary page</p>")), Malformed),
    (says(ok(b"x" * 100_000)), Malformed),
    (says(ok(b"[" * 16_000)), Malformed),
])
def test_any_other_answer_is_one_sentence(answer: Answer, error: type[LicetError]) -> None:
    with pytest.raises(error) as raised:
        called(answer)
    assert str(raised.value).isprintable()


MEMBERS = st.sampled_from(["ok", "problem", "looked_for", "where", "seen", "todo", "x"])


@given(st.dictionaries(MEMBERS, st.none() | st.booleans() | st.text(max_size=900) | st.integers() | st.just("busy")))
def test_any_members_give_an_outcome_or_a_sentence(members: dict[str, object]) -> None:
    try:
        outcome = read_outcome(URL, 200, json.dumps(members).encode())
    except Malformed:
        return
    assert isinstance(outcome.ok, bool)


def test_sentences_of_a_registry_control_no_terminal() -> None:
    hostile = {**asdict(PROVED), "seen": "\x1b[2J" + "x" * 5_000}
    assert_well_formed(read_outcome(URL, 200, json.dumps(hostile).encode()))


@pytest.mark.parametrize("url", ["", "registry.example.net", "ftp://x", "http://", "http://a b", "http://u@h/",
                                 "http://h:99999999", "http://h\r\nX: y", "file:///etc/x"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="URL"):
        call(TOKEN, url)


def test_a_registry_that_is_not_there() -> None:
    with pytest.raises(Unavailable, match="did not answer"):
        call(TOKEN, "http://127.0.0.1:9")
