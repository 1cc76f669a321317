"""What every method of proving control must hold, inherited by its test: subclass, and fill in what is its own.

    class TestHttp01(ProofMethodSuite):
        method = http_01.METHOD
        def outcome(self, data): ...          # the check's outcome where the other side answers with `data`
        def right_answer(self): ...           # the bytes that prove control

Bytes that a remote sends may be anything; an outcome is always the same four short, printable sentences.
"""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from dataclasses import fields
from typing import ClassVar

from licet.model.endpoint import Endpoint
from licet.proof.base import PROBLEMS, SENTENCE_CHARS_MAX, Challenge, Outcome, ProofMethod, make_token
from support.guards import KEY, AskedGuard

TOKEN = make_token(bytes(range(20)))
SECONDS_MAX = 12.0  # for one check, whatever the other side does
MUTATIONS = 25

HOSTILE = (
    b"", b"\0", b"\0" * 5_000, b"\xff" * 5_000, b"\x1b[2J\x1b]0;title\x07", "\u202etxet".encode(), b"%s%n{0}{self}",
    b"<script>alert(1)</script>", b"a" * 100_000, bytes(range(256)), "\N{SNOWMAN}".encode() * 300, b"\r\n\r\n", b"-1",
)  # fmt: skip


def assert_well_formed(outcome: Outcome) -> None:
    """The shape of every outcome: a documented code or none, four sentences, printable, bounded."""
    assert (outcome.problem is None) is outcome.ok
    assert outcome.ok or outcome.problem in PROBLEMS
    for field in fields(outcome)[2:]:
        sentence = getattr(outcome, field.name)
        assert sentence, field.name
        assert len(sentence) <= SENTENCE_CHARS_MAX, field.name
        assert sentence.isprintable(), sentence


class ProofMethodSuite:
    method: ClassVar[ProofMethod]

    def challenge(self, token: str = TOKEN) -> Challenge:
        """A challenge of this method with all that any method needs."""
        return Challenge(self.method.name, token, Endpoint("127.0.0.1", "udp", 51820), "vpn.example.net", KEY)

    @abstractmethod
    def outcome(self, data: bytes) -> Outcome:
        """What the method says where the other side answers with these bytes."""

    @abstractmethod
    def right_answer(self) -> bytes:
        """The bytes that prove control for the challenge."""

    @abstractmethod
    def silent_outcome(self) -> Outcome:
        """What the method says where the other side says nothing."""

    def test_the_right_answer_proves(self) -> None:
        outcome = self.outcome(self.right_answer())
        assert_well_formed(outcome)
        assert outcome.ok, outcome

    def test_hostile_answers_give_an_outcome_and_prove_nothing(self) -> None:
        for data in HOSTILE:
            outcome = self.outcome(data)
            assert_well_formed(outcome)
            assert not outcome.ok, data[:40]

    def test_mutated_answers_prove_nothing(self) -> None:
        chance = random.Random(self.method.name)
        for _ in range(MUTATIONS):
            data = bytearray(self.right_answer())
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            outcome = self.outcome(bytes(data))
            assert_well_formed(outcome)
            # White space around a value is no part of it.
            assert not outcome.ok or bytes(data).split() == self.right_answer().split(), bytes(data)

    def test_silence_ends_and_proves_nothing(self) -> None:
        start = time.monotonic()
        outcome = self.silent_outcome()
        assert time.monotonic() - start < SECONDS_MAX
        assert_well_formed(outcome)
        assert not outcome.ok

    def test_the_answer_to_another_token_proves_nothing(self) -> None:
        other = self.answer_to_token(make_token(bytes(20)))
        outcome = self.outcome(other)
        assert_well_formed(outcome)
        assert not outcome.ok

    @abstractmethod
    def answer_to_token(self, token: str) -> bytes:
        """The answer that would be right for another token."""

    def test_a_challenge_that_lacks_something_is_said_to(self) -> None:
        if self.method.check is not None:
            outcome = self.method.check(Challenge(self.method.name, TOKEN), AskedGuard())
            assert_well_formed(outcome)
            assert outcome.problem == "incomplete"

    def test_instructions_are_short_and_each_line_can_be_copied(self) -> None:
        steps = self.method.instructions(self.challenge())
        assert 1 <= len(steps) <= 5
        for step in steps:
            assert len(step.text) <= 160
            assert step.text.isprintable()
            assert all(line.isprintable() and line == line.strip() for line in step.lines)
