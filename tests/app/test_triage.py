"""Triage writes what is ours, remembers what is to be asked, and blocks nothing."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from judge.makers import AT_NS, registry, tunnel
from licet.app.holders import Holders
from licet.app.results import JudgedTunnel, ScanResult
from licet.app.triage import NOT_PERMITTED_MEANS, Group, Outcome, groups_of, summary, triage
from licet.judge import Policy, Registry, judge
from licet.model.tunnel import Tunnel
from licet.snapshot import load

DAY_NS = 86_400 * 10**9


class Script:
    """A console that answers from a list and then has no more answers."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.said = deque(answers), ""

    def say(self, text: str) -> None:
        self.said += text

    def key(self, prompt: str) -> str:
        return self.line(prompt, "")

    def line(self, prompt: str, default: str) -> str:
        self.said += prompt
        if not self.answers:
            raise EOFError
        return self.answers.popleft() or default


def judged(a_tunnel: Tunnel, *registries: Registry) -> JudgedTunnel:
    return JudgedTunnel(a_tunnel, judge(a_tunnel, registries or (registry(),), Policy(), AT_NS))


def result(*tunnels: JudgedTunnel) -> ScanResult:
    return ScanResult(tunnels, (), 0.1)


OFFICE = judged(tunnel("192.0.2.10:51820/udp"))
SECOND = judged(tunnel("192.0.2.20:1194/tcp", "openvpn"))
REMOTE = judged(tunnel("198.51.100.1:500/udp", "ipsec-ike"))


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "registry.toml")


def walk(file: str, *answers: str, groups: list[Group] | None = None) -> tuple[Outcome, Script]:
    script, outcome = Script(*answers), Outcome()
    triage(groups_of(result(OFFICE, SECOND, REMOTE), Holders()) if groups is None else groups, script, file, outcome)
    return outcome, script


def test_groups_are_networks_and_hold_each_endpoint_once_as_first_seen() -> None:
    earlier = OFFICE._replace(tunnel=OFFICE.tunnel._replace(capture="earlier.pcap", first_seen_ns=AT_NS - DAY_NS))
    groups = groups_of(result(OFFICE, SECOND, earlier, REMOTE), Holders())
    assert [(group.holder, group.tunnels) for group in groups] == [
        ("192.0.2.0/24", (earlier, SECOND)), ("198.51.100.0/24", (REMOTE,))]


def test_only_what_somebody_must_look_at_is_shown() -> None:
    registered = judged(tunnel(), Registry(load_registered()))
    mesh = judged(tunnel(None, "tailscale", tunnel_class="mesh"))
    likely = judged(tunnel(grade="likely"))
    groups = groups_of(result(registered, mesh, likely), Holders())
    assert [group.tunnels for group in groups] == [(likely,)]


def load_registered() -> object:
    from judge.makers import record

    return registry(record()).snapshot


def test_ours_writes_one_service_for_the_group_and_makes_it_registered(file: str) -> None:
    outcome, _ = walk(file, "o", "Head office", "Example Logistics", "2099-01-01", "q")
    (service,) = load(file).services.values()
    assert (service.title, service.operator, service.purpose) == ("Head office", "Example Logistics", "")
    assert [str(entry) for entry in service.entries] == [
        "192.0.2.10:51820/udp wireguard", "192.0.2.20:1194/tcp openvpn"]
    assert (len(outcome.registered), outcome.left) == (1, 1)
    for seen in (OFFICE, SECOND):
        assert judged(seen.tunnel, Registry(load(file))).verdict.verdict == "registered"


def test_vendor_is_said_in_the_purpose_and_the_operator_is_the_next_default(file: str) -> None:
    walk(file, "v", "", "Example Vendor", "", "o", "", "", "")
    services = list(load(file).services.values())
    assert [service.purpose for service in services] == ["a vendor's service", ""]
    assert [service.operator for service in services] == ["Example Vendor", "Example Vendor"]
    assert [service.title for service in services] == [
        "VPN services in 192.0.2.0/24", "IKE (IPsec) at 198.51.100.1:500/udp"]


def test_each_by_itself_splits_a_group(file: str) -> None:
    outcome, _ = walk(file, "e", "a", "n", "s")
    assert outcome.to_ask == ["192.0.2.10:51820/udp  WireGuard  192.0.2.0/24"]
    assert outcome.not_permitted == ["192.0.2.20:1194/tcp  OpenVPN  192.0.2.0/24"]
    assert (outcome.skipped, outcome.left) == (1, 0)


def test_not_permitted_blocks_nothing_and_says_so(file: str) -> None:
    outcome, _ = walk(file, "n", "n")
    assert NOT_PERMITTED_MEANS in summary(outcome, file)
    assert not Path(file).exists()


def test_wrong_key_asks_again(file: str) -> None:
    outcome, script = walk(file, "x", "", "s", "q")
    assert (outcome.skipped, outcome.left) == (2, 1)
    assert "“x” is none of" in script.said


def test_wrong_answer_is_explained_and_the_group_comes_again(file: str) -> None:
    outcome, script = walk(file, "o", "Head office", "", "", "o", "Head office", "Example Logistics", "", "s")
    assert "operator is empty" in script.said
    assert len(load(file).services) == len(outcome.registered) == 1


@pytest.mark.parametrize("answers", [(), ("o",), ("o", "Head office"), ("o", "Head office", "Example Ltd"), ("q",)])
def test_end_of_answers_is_a_quit(file: str, answers: tuple[str, ...]) -> None:
    outcome, _ = walk(file, *answers)
    assert (outcome.registered, outcome.left) == ([], 3)
    assert not Path(file).exists()


def test_interruption_keeps_what_was_answered(file: str) -> None:
    class Interrupted(Script):
        def key(self, prompt: str) -> str:
            if not self.answers:
                raise KeyboardInterrupt
            return super().key(prompt)

    outcome = Outcome()
    with pytest.raises(KeyboardInterrupt):
        triage(groups_of(result(OFFICE, SECOND, REMOTE), Holders()),
               Interrupted("o", "Head office", "Example Logistics", ""), file, outcome)
    assert len(load(file).services) == 1
    assert (len(outcome.registered), outcome.left) == (1, 1)


def test_nothing_to_do_says_so(file: str) -> None:
    outcome, script = walk(file, groups=[])
    assert script.said == ""
    assert summary(outcome, file) == "\nSkipped: 0, left: 0.\n"
