"""The outcome of a replay in words: every fact with its mark, and one closing sentence."""

from __future__ import annotations

from licet.app.replay import FACTS, Replay
from licet.app.report.words import GLYPHS, printable, protocol_text, wrap
from licet.model.canonical import Json, time_text
from licet.model.verdict import CONFLICT, REGISTERED, VERDICT_TITLES

_SAME, _OTHER = GLYPHS[REGISTERED], GLYPHS[CONFLICT]

# What to look at first when one of these differs.
_HINTS = {
    "registry digest": "The registry is not the one that the verdict names: give that one with --registry.",
    "rules of judgement": "The rules are not those of the verdict: another version of licet, or another --config.",
}


def replay_text(outcome: Replay, width: int = 100) -> str:
    """The facts, compared, and whether the verdict stands; with line ends."""
    claim = outcome.claim
    place = str(claim.endpoint) if claim.endpoint else f"{protocol_text(claim.family, None)} over {claim.transport}"
    lines = [*wrap(f"{place}, judged as of {time_text(claim.judged_at_ns)}", width), ""]
    if outcome.computed is None:
        lines += wrap("The verdict does not stand: no tunnel with this server end is in the capture.", width)
        lines += wrap(_problem(outcome), width)
        return "\n".join(lines) + "\n"
    differing = {difference.fact: difference for difference in outcome.differences}
    for fact, _ in FACTS:
        lines += _fact_lines(fact, outcome, width)
    lines += [""]
    for fact, hint in _HINTS.items():
        if fact in differing:
            lines += wrap(hint, width)
    lines += wrap(_problem(outcome), width) if differing else []
    lines += wrap(_closing(list(differing)), width)
    return "\n".join(lines) + "\n"


def _problem(outcome: Replay) -> str:
    return f"The capture could not be read to its end: {printable(outcome.problem)}." if outcome.problem else ""


def _fact_lines(fact: str, outcome: Replay, width: int) -> list[str]:
    """One fact: its value if it is as claimed, else both values."""
    for difference in outcome.differences:
        if difference.fact == fact:
            lines = [f"{_OTHER} {fact}"]
            for name, value in (("claimed", difference.claimed), ("computed", difference.computed)):
                lines += _hanging(f"    {name:<9}", _words(fact, value), width)
            return lines
    return _hanging(f"{_SAME} {fact:<19}", _words(fact, outcome.claim.facts[fact]), width)


def _hanging(head: str, text: str, width: int) -> list[str]:
    """Text behind a head, its further lines set in below the first."""
    first, *more = wrap(text, width - len(head) - 1) or [""]
    return [f"{head} {first}", *(f"{'':{len(head)}} {line}" for line in more)]


def _words(fact: str, value: Json) -> str:
    """A fact's value for people; whatever it holds, it comes out printable."""
    if value is None:
        return "none"
    if fact == "verdict":
        return VERDICT_TITLES.get(str(value), printable(str(value)))
    if fact == "evidence" and isinstance(value, list):
        return printable("; ".join(_evidence_words(one) for one in value if isinstance(one, dict))) or "none"
    return printable(str(value))


def _evidence_words(one: dict[str, Json]) -> str:
    packets = one["packets"]
    ordinals = ", ".join(map(str, packets)) if isinstance(packets, list) else str(packets)
    return f"{one['rule']} ({one['link'] or 'no link'}) packets {ordinals}"


def _closing(differing: list[str]) -> str:
    if not differing:
        return "The verdict stands: every fact was computed again and is as claimed."
    facts = "one fact differs" if len(differing) == 1 else f"{len(differing)} facts differ"
    return f"The verdict does not stand as claimed: {facts} ({', '.join(differing)})."
