"""Triage: walk through the tunnels that no registration covers, one key for each network they are in.

The answers `ours` and `vendor` become entries of registry.toml at once, so that an interruption loses nothing. The
answers `ask` and `not permitted` become lines of the closing summary and nothing else: nothing here can block, and an
order is a separate act of two people.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from licet.app.holders import Holders
from licet.app.registry_edit import NewService, a_year_after, add_service, entry_of, first_day, today
from licet.app.results import JudgedTunnel, ScanResult
from licet.errors import BadInput
from licet.judge.words import protocol_title
from licet.model.endpoint import Endpoint
from licet.model.verdict import CONFLICT, UNDETERMINED, UNREGISTERED, VERDICT_TITLES

KEYS = {"o": "ours", "v": "a vendor's", "a": "ask", "n": "not permitted", "s": "skip", "q": "quit"}
ONE_BY_ONE = "e"

NOT_PERMITTED_MEANS = "nothing is blocked by this; an order is a separate act by two people"


class Console(Protocol):
    """Where the questions go and the answers come from. Both ask methods raise EOFError when no more answers come."""

    def say(self, text: str) -> None: ...

    def key(self, prompt: str) -> str: ...

    def line(self, prompt: str, default: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Group:
    """Tunnels of one holder, one an endpoint and family, in the order of the scan."""

    holder: str
    tunnels: tuple[JudgedTunnel, ...]


@dataclass(slots=True)
class Outcome:
    """What became of each group so far; endpoints as text."""

    registered: list[str] = field(default_factory=list)
    to_ask: list[str] = field(default_factory=list)
    not_permitted: list[str] = field(default_factory=list)
    skipped: int = 0
    left: int = 0


def groups_of(result: ScanResult, holders: Holders) -> list[Group]:
    """Tunnels that somebody has to look at: not registered, in conflict, or undetermined with a server end; by the
    holder of the server's network, each endpoint once, as it was seen first of all captures."""
    by_holder: dict[str, dict[tuple[Endpoint, str], JudgedTunnel]] = {}
    for judged in result.tunnels:
        server = judged.tunnel.server
        if server is None or judged.verdict.verdict not in (UNREGISTERED, CONFLICT, UNDETERMINED):
            continue
        tunnels = by_holder.setdefault(holders.name_of(server.address), {})
        known = tunnels.setdefault((server, judged.tunnel.family), judged)
        if judged.tunnel.first_seen_ns < known.tunnel.first_seen_ns:
            tunnels[server, judged.tunnel.family] = judged
    return [Group(holder, tuple(tunnels.values())) for holder, tunnels in by_holder.items()]


def triage(groups: Sequence[Group], console: Console, file: str, outcome: Outcome) -> None:
    """Ask about each group and write what is ours, or a vendor's, to the registry file.

    outcome: filled as the answers come, so that it is right even when an interruption ends this early.
    """
    waiting = deque(groups)
    operator = ""
    outcome.left = sum(len(group.tunnels) for group in waiting)
    while waiting:
        group = waiting.popleft()
        try:
            answer = _ask(group, len(waiting), console)
            if answer == "q":
                return
            if answer == ONE_BY_ONE:
                waiting.extendleft(Group(group.holder, (one,)) for one in reversed(group.tunnels))
                continue
            if answer in "ov":
                operator = _register(group, answer, operator, console, file, outcome)
        except EOFError:
            return
        except BadInput as error:
            console.say(f"{error}\n")
            waiting.appendleft(group)
            continue
        _note(group, answer, outcome)


def _ask(group: Group, after: int, console: Console) -> str:
    """Show a group and wait for one of its keys."""
    rest = f"  ({after} more after this)" if after else ""
    console.say(f"\n{group.holder}{rest}\n")
    for judged in group.tunnels:
        console.say(f"  {_line(judged)}\n")
    keys = dict(KEYS)
    if len(group.tunnels) > 1:
        keys[ONE_BY_ONE] = "each by itself"
    prompt = ", ".join(f"{key} {meaning}" for key, meaning in keys.items()) + ": "
    while True:
        answer = console.key(prompt).strip().lower()
        if answer in keys:
            return answer
        console.say(f"“{answer[:20]}” is none of {', '.join(keys)}\n")


def _line(judged: JudgedTunnel) -> str:
    tunnel = judged.tunnel
    others = "1 other end" if tunnel.clients == 1 else f"{tunnel.clients:,} other ends"
    return (f"{tunnel.server}  {protocol_title(tunnel)}  {VERDICT_TITLES[judged.verdict.verdict]}, {others}. "
            f"{judged.verdict.reason}")


def _register(group: Group, answer: str, operator: str, console: Console, file: str, outcome: Outcome) -> str:
    """Ask the three facts once for the group, write one service, and return the operator as the next default."""
    tunnels = [judged.tunnel for judged in group.tunnels]
    title = console.line("Name of the service", _default_title(group))
    operator = console.line("Who answers for it", operator)
    until = console.line("Until", a_year_after(today()).isoformat())
    new = NewService(
        title=title, operator=operator, endpoints=tuple(dict.fromkeys(str(entry_of(tunnel)) for tunnel in tunnels)),
        valid_from=min(first_day(tunnel) for tunnel in tunnels), valid_until=until,
        purpose="a vendor's service" if answer == "v" else "",
    )
    handle = add_service(file, new)
    outcome.registered.append(f"{handle}  {title}")
    console.say(f"{handle} registered in {file}.\n")
    return operator


def _default_title(group: Group) -> str:
    first = group.tunnels[0].tunnel
    if len(group.tunnels) == 1:
        return f"{protocol_title(first)} at {first.server}"
    return f"VPN services in {group.holder}"


def _note(group: Group, answer: str, outcome: Outcome) -> None:
    outcome.left -= len(group.tunnels)
    if answer == "s":
        outcome.skipped += len(group.tunnels)
    names = [f"{judged.tunnel.server}  {protocol_title(judged.tunnel)}  {group.holder}" for judged in group.tunnels]
    if answer == "a":
        outcome.to_ask += names
    if answer == "n":
        outcome.not_permitted += names


def summary(outcome: Outcome, file: str) -> str:
    """The closing lines: what was written, who is to be asked, and what that does not mean."""
    lines = [""]
    for heading, names in (
        (f"Registered in {file}:", outcome.registered),
        ("To ask:", outcome.to_ask),
        (f"Not permitted ({NOT_PERMITTED_MEANS}):", outcome.not_permitted),
    ):
        if names:
            lines += [heading, *(f"  {name}" for name in names)]
    lines.append(f"Skipped: {outcome.skipped}, left: {outcome.left}.")
    return "\n".join(lines) + "\n"
