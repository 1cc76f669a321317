"""Words for rules: every rule that recognition may name has some, and a new one is still printable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.sample_results import EVIDENCE
from licet.app.report.rules import LINKS, RULES, link_text, rule_text
from licet.model.evidence import LIKELY

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_described_in_whole_sentences(rule):
    assert rule.removesuffix(" one-sided").partition("@")[2].isdigit()
    assert RULES[rule].seen.endswith(".")
    assert not RULES[rule].settles.endswith(".")


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_described_in_a_sentence(link):
    assert LINKS[link][0].isupper()
    assert LINKS[link].endswith(".")


def test_every_rule_and_link_of_the_recognisers_has_words():
    """Reads the recognisers' text: a rule that nobody described would otherwise only be noticed by a reader."""
    sources = "".join(path.read_text() for path in (ROOT / "src/licet/recognise").glob("*.py"))
    named = set(re.findall(r'"([a-z0-9-]+/[a-z0-9-]+@\d+)"', sources))
    assert named
    assert named <= set(RULES)


def test_less_than_the_rule_says_is_told_as_less():
    one_sided = EVIDENCE["pptp"]._replace(link=None, grade=LIKELY)
    assert "replied" in rule_text(EVIDENCE["pptp"]).seen
    assert "replied" not in rule_text(one_sided).seen


def test_an_unknown_rule_is_named_and_harmless():
    unknown = EVIDENCE["gre"]._replace(rule="fortinet/hello@2")
    assert rule_text(unknown).seen == (
        "The packets fit the rule “fortinet/hello”, version 2, which has no description here."
    )
    assert rule_text(unknown._replace(rule="\x1b[2J")).seen.isprintable()
    assert link_text(None) == ""
    assert link_text("new-link") == "They are joined by “new-link”."
