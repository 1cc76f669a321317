"""Tokens, names, keys, and sentences that control no terminal."""

from __future__ import annotations

import base64
import hashlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed
from licet.proof.base import (
    SENTENCE_CHARS_MAX,
    TOKEN_BYTES,
    answer_to,
    bounded,
    failed,
    make_token,
    read_key,
    read_name,
    read_token,
    shown,
)


@given(st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES))
def test_a_token_that_is_made_is_one_that_is_read(chance: bytes) -> None:
    token = make_token(chance)
    assert read_token(f" {token}\n") == token
    assert len(token) == 32
    assert not token.startswith("-")


@pytest.mark.parametrize("text", ["", "a" * 21, "a" * 87, "-" + "a" * 30, "a" * 30 + "/", "a" * 30 + " b", "ä" * 30,
                                  "../" * 10, "a" * 30 + "\r\nX: y"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="token"):
        read_token(text)


def test_the_answer_is_the_digest_that_openssl_makes() -> None:
    token = make_token(bytes(TOKEN_BYTES))
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=token.encode(), capture_output=True,
                            check=True).stdout
    assert base64.urlsafe_b64decode(answer_to(token) + "=") == digest == hashlib.sha256(token.encode()).digest()
    assert len(answer_to(token)) == 43


@pytest.mark.parametrize(("text", "name"), [
    ("VPN.Example.net.", "vpn.example.net"), ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("a.b", "a.b"),
])
def test_a_name_is_read_in_lower_case(text: str, name: str) -> None:
    assert read_name(text) == name


@pytest.mark.parametrize("text", [
    "", "localhost", "192.0.2.1", "a..b", "-a.example", "a-.example", "a b.example", "bücher.example", "a." + "b" * 64,
    ".".join(["a"] * 200), "a.example/x", "a.example:1", "_dmarc.example.net", "a.0x7f", "a.1", "a.example\r\nX: y",
])  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="name"):
        read_name(text)


@pytest.mark.parametrize("text", [
    "", "AAAA", *(base64.b64encode(key).decode() for key in (bytes(32), b"x" * 31, b"x" * 33)), "ä" * 44,
])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="key"):
        read_key(text)


@given(st.binary(max_size=2_000))
def test_what_somebody_sent_is_shown_short_and_printable(data: bytes) -> None:
    assert shown(data).isprintable()
    assert len(shown(data)) <= 130


@given(st.text(max_size=1_000))
def test_a_sentence_is_bounded(text: str) -> None:
    assert len(bounded(text)) <= SENTENCE_CHARS_MAX
    assert bounded(text).isprintable()


def test_a_code_that_is_not_documented_is_refused() -> None:
    with pytest.raises(ValueError, match="PROBLEMS"):
        failed("something", "a", "b", "c", "d")
