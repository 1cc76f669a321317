"""Lines 1 and 4 to 10 of CHARTER.md where licet acts: what an enforcer may do, and under which conditions.

Each claim is tried on the enforced set itself, with orders that people signed. tests/enforce/ has every single
condition; tests/e2e/test_enforce.py holds the same between real programs.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from enforce.cases import AT_NS, CASES, HOUR_NS, WIREGUARD
from enforce.office import Office, office_with_an_order
from enforce.orders import (
    DAY_NS,
    PUID,
    SIGNER_1,
    STRANGER,
    UNREGISTERED,
    Books,
    enforced,
    known,
    log_of,
    network,
    order,
    record,
    signed,
)
from house.source import calls, modules
from house.test_imports import BY_NAME, reachable
from licet.app.catalogue import outputs
from licet.app.enforce_table import OBSERVE, EnforceTable
from licet.enforce import apply
from licet.enforce.base import Rule
from licet.enforce.shield import SHIELDING
from licet.errors import Malformed
from licet.model.endpoint import Endpoint
from licet.model.order import ADJUDICATED
from licet.model.policy import PUBLIC
from licet.order.problem import Problem

SEES = ("licet.app.scan", "licet.app.watch", "licet.app.explain", "licet.app.triage", "licet.app.replay",
        "licet.app.lookup", "licet.server")
ACTS = ("licet.enforce.apply", "licet.app.enforce.", "licet.cli.enforce")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return office_with_an_order(tmp_path / "office")


def test_line_1_what_rules_met_names_no_client(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """An observation of a rule has the server's endpoint, the order and a count, and no place for anything else."""
    office.write_config("enforce")
    held = (apply.Held(Endpoint("203.0.113.66", "udp", 51820), PUID, 7, 60, 1_036),)
    monkeypatch.setattr(apply, "held_nftables", lambda: held)
    monkeypatch.setattr(apply, "apply_nftables", lambda artefact: None)
    assert office.apply().status == 0
    rows = [json.loads(line) for line in (office.folder / "state/hits.jsonl").read_text().splitlines()]
    assert [set(row) for row in rows] == [{"schema", "kind", "windowEnd", "endpoint", "order", "packets", "bytes"}]
    assert rows[0]["endpoint"] == {"address": "203.0.113.66", "transport": "udp", "port": 51820}
    assert {field.name for field in fields(apply.Held)} == {"endpoint", "order", "packets", "seconds", "bytes"}


def test_line_1_no_rule_makes_a_firewall_log_its_clients() -> None:
    for output in outputs():
        for case in CASES.values():
            rules = re.sub(r"^#.*$", "", output.render(case, AT_NS), flags=re.MULTILINE)
            assert not re.search(r"\blog\b|\balert\b", rules)
            assert output.name != "suricata" or rules.count("drop ") == rules.count(" noalert;")


def test_line_4_on_a_public_network_absence_is_no_ground() -> None:
    """Two people signed, and the log has it in force: it makes no rule. On an owned network it does."""
    file = signed(order())
    assert enforced(known(file)) == {UNREGISTERED}
    assert enforced(known(file, kind=PUBLIC)) == set()
    assert enforced(known(signed(order(ground=ADJUDICATED)), kind=PUBLIC)) == {UNREGISTERED}


def test_line_4_a_network_that_only_calls_itself_owned_is_public() -> None:
    for change in ({"serves": ""}, {"organisation": ""}, {"tunnel_policy_url": ""},
                   {"prefixes": (ipaddress.ip_network("100.64.0.0/16"),)},
                   {"prefixes": (ipaddress.ip_network("8.0.0.0/11"),)}):
        assert enforced(known(signed(order()), policy=network(**change))) == set()
    assert enforced(known(signed(order()), inside_a_day=200_001)) == set()


def test_line_5_an_enforcer_observes_unless_it_is_told_otherwise(office: Office,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it reaches a firewall, not even a question."""
    asked: list[object] = []
    monkeypatch.setattr(apply, "_run", lambda *words: asked.append(words))
    monkeypatch.setattr(apply, "_replace", lambda *words: asked.append(words))
    assert EnforceTable().mode == OBSERVE
    for words in ("plan", "apply"):
        assert "Observing" in office.licet(words, "--config", str(office.folder / "licet.toml")).out
    assert asked == []


def test_line_5_no_rule_without_two_signatures_of_different_people() -> None:
    file = signed(order())
    for number in range(2):
        assert enforced(known(replace(file, signatures=(file.signatures[number],)))) == set()
    for author, approver in ((SIGNER_1, SIGNER_1), (SIGNER_1, STRANGER), (STRANGER, SIGNER_1), (STRANGER, STRANGER)):
        assert enforced(known(signed(order(), author=author, approver=approver))) == set()


def test_line_5_what_sees_and_what_serves_cannot_reach_what_acts() -> None:
    starts = [name for name in BY_NAME if name.startswith(SEES)]
    assert not [name for name in reachable(starts) if name.startswith(ACTS)]


def test_line_5_one_file_alone_speaks_to_a_firewall() -> None:
    for module in modules():
        runs = [name for name, _ in calls(module) if name.startswith("subprocess.")]
        if module.room == "enforce" and module.name != "licet.enforce.apply":
            assert not runs, str(module)
        uses = any(one.name == "licet.enforce.apply" for one in module.imports)
        assert not uses or module.name in ("licet.app.enforce.cycle", "licet.app.enforce.switch"), str(module)


@pytest.mark.parametrize("endpoint", [
    Endpoint("203.0.113.0/24", "udp", 51820), Endpoint("203.0.113.66", "udp", None), Endpoint("203.0.113.66", "ip", 1),
    Endpoint("203.0.113.66", "esp", None), Endpoint("vpn.example.net", "udp", 51820), Endpoint("0.0.0.0", "udp", 1),
    Endpoint("*", "udp", 51820),
], ids=str)  # fmt: skip
def test_line_6_a_rule_cannot_be_made_wider_than_one_endpoint(endpoint: Endpoint) -> None:
    with pytest.raises(Malformed):
        Rule(endpoint, "wireguard", PUID, AT_NS)


def test_line_6_every_rule_ends_with_its_order_or_when_what_is_known_is_too_old() -> None:
    both = CASES["udp-tcp-ipv4-ipv6"]
    for output in outputs():
        assert WIREGUARD.endpoint.address in output.render(both, AT_NS)
        assert WIREGUARD.endpoint.address not in output.render(both, WIREGUARD.until_ns)
        assert WIREGUARD.endpoint.address not in output.render(both, both.fresh_until_ns)


def test_line_6_one_command_switches_everything_off_and_needs_nobody(office: Office,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration, no registry, no log, no memory: what it needs is the firewall's own program."""
    office.write_config("enforce")
    given: list[str] = []
    monkeypatch.setattr(apply, "held_nftables", lambda: ())
    monkeypatch.setattr(apply, "apply_nftables", lambda artefact: None)
    monkeypatch.setattr(apply, "_run", lambda words, stdin, timeout_s: given.append(stdin) or '{"nftables": []}')
    office.apply()
    for path in sorted(office.folder.rglob("*"), reverse=True):
        if path.is_file() and "state" not in path.parts:
            path.unlink()
    done = office.licet("off", "--state", str(office.folder / "state"))
    assert done.status == 0
    assert "delete table inet licet" in given[-1]
    assert (office.folder / "state/off").exists()


@pytest.mark.parametrize("status", sorted(SHIELDING))
def test_line_7_nothing_registered_is_enforced_against(status: str) -> None:
    """Whatever its status, while it counts or is on hold, and for thirty days after it left."""
    one = record(f"{UNREGISTERED} wireguard", status)
    assert enforced(known(signed(order()), registers=Books([(one, AT_NS)]))) == set()
    assert enforced(known(signed(order()), registers=Books([(one, AT_NS - 29 * DAY_NS)]))) == set()


def test_line_7_in_doubt_nothing_is_enforced() -> None:
    file = signed(order())
    assert enforced(known(file)) == {UNREGISTERED}
    ahead = replace(log_of(file), newest_ns=AT_NS + HOUR_NS)
    for doubt in ({"logged": None}, {"policy": None}, {"log_until_ns": AT_NS}, {"registry_until_ns": AT_NS},
                  {"doubts": (Problem("log_broken", ""),)}, {"logged": ahead}):
        assert enforced(known(file, **doubt)) == set()
    back = known(file)
    assert enforced(replace(back, memory=replace(back.memory, last_ns=AT_NS + HOUR_NS))) == set()


def test_line_8_no_rule_without_an_entry_of_the_log() -> None:
    file = signed(order())
    assert enforced(known(file, logged=log_of())) == set()
    for state in ("approved", "noticed", "stayed", "lifted", "quashed", "expired"):
        assert enforced(known(file, logged=log_of(file, state=state))) == set()


def test_line_9_outputs_are_firewalls_that_an_owner_of_a_network_runs() -> None:
    assert {output.name for output in outputs()} == {"nftables", "suricata", "pf"}


def test_line_10_what_is_permitted_is_listed_for_an_owned_network_alone(office: Office) -> None:
    config = str(office.folder / "licet.toml")
    assert office.licet("permitted", "--config", config).status == 0
    office.write_config(kind="public")
    done = office.licet("permitted", "--config", config)
    assert (done.status, done.out) == (3, "")
