"""Applying to a real nftables in a namespace: whole or not at all, counted, and off at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforce.cases import AT_NS, CASES, rule, rules
from enforce.test_nftables import has_namespaces
from licet.enforce import apply, nftables
from licet.enforce.apply import DeviceRefused
from licet.enforce.base import NOTHING, RuleSet

NAMESPACE = f"en-apply-{os.getpid()}"
FEW = CASES["udp-tcp-ipv4-ipv6"]
ALL = CASES["as-many-as-there-may-be"]

needs_nft = pytest.mark.skipif(not has_namespaces(), reason="nft in a network namespace needs root, iproute2, nftables")


@pytest.fixture
def namespace() -> Iterator[list[str]]:
    """Words before a command that run it in an empty network namespace."""
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        yield ["ip", "netns", "exec", NAMESPACE]
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def run(namespace: list[str], program: str, stdin: str = "") -> str:
    """What a line of Python prints, run there with `apply` at hand."""
    whole = f"import sys, json\nfrom licet.enforce import apply, nftables\n{program}"
    done = subprocess.run([*namespace, sys.executable, "-c", whole], input=stdin, capture_output=True, text=True,
                          check=True)
    return done.stdout


def put(namespace: list[str], some: RuleSet) -> None:
    run(namespace, "apply.apply_nftables(sys.stdin.read())", nftables.render(some, AT_NS))


def held(namespace: list[str]) -> set[str]:
    return set(run(namespace, "print(*(one.endpoint for one in apply.held_nftables()))").split())


@needs_nft
def test_what_is_applied_is_held_and_off_takes_it_away(namespace: list[str]) -> None:
    assert held(namespace) == set()
    put(namespace, FEW)
    assert held(namespace) == {str(one.endpoint) for one in FEW.rules}
    assert run(namespace, "print(apply.off_nftables())") == "True\n"
    assert run(namespace, "print(apply.off_nftables())") == "False\n"
    assert subprocess.run([*namespace, "nft", "list", "ruleset"], capture_output=True, check=True).stdout == b""


@needs_nft
def test_tables_of_others_are_left_as_they_are(namespace: list[str]) -> None:
    chain = "\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n"
    mine = f"table inet mine {{\n{chain}}}\n"
    subprocess.run([*namespace, "nft", "-f", "-"], input=mine, text=True, check=True)
    for some in (FEW, ALL, NOTHING, FEW):
        put(namespace, some)
    run(namespace, "apply.off_nftables()")
    listed = subprocess.run([*namespace, "nft", "list", "ruleset"], capture_output=True, text=True, check=True)
    assert listed.stdout == mine


@needs_nft
def test_a_file_that_nft_refuses_changes_nothing(namespace: list[str]) -> None:
    put(namespace, FEW)
    bad = nftables.render(ALL, AT_NS).replace("203.0.113.66", "x").replace("198.51.100.9 .", "198.51.100.999 .", 1)
    program = "\ntry: apply.apply_nftables(sys.stdin.read())\nexcept apply.DeviceRefused as error: print(error)"
    assert run(namespace, program, bad).startswith("nft -f -: ")
    assert held(namespace) == {str(one.endpoint) for one in FEW.rules}


@needs_nft
def test_killed_at_any_point_it_leaves_the_old_set_or_the_new_one(namespace: list[str], tmp_path: Path) -> None:
    old, new = {str(one.endpoint) for one in FEW.rules}, {str(one.endpoint) for one in ALL.rules}
    artefact, chance = tmp_path / "new", random.Random(7)
    artefact.write_text(nftables.render(ALL, AT_NS))
    put(namespace, FEW)
    for _ in range(12):
        child = subprocess.Popen([*namespace, "nft", "-f", str(artefact)])
        time.sleep(chance.uniform(0, 0.06))
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert held(namespace) in (old, new)


@needs_nft
def test_the_kernel_forgets_a_rule_by_itself(namespace: list[str]) -> None:
    """At its end, with nothing of licet running."""
    soon = rules(rule("198.51.100.10:51820/udp", hours=2 / 3600), rule("198.51.100.11:51820/udp"))
    put(namespace, soon)
    end = time.monotonic() + 30
    while len(held(namespace)) > 1 and time.monotonic() < end:
        time.sleep(0.2)
    assert held(namespace) == {"198.51.100.11:51820/udp"}


def test_a_program_that_is_missing_is_said_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(apply, "PATH", str(tmp_path))
    with pytest.raises(DeviceRefused, match="nft is not installed"):
        apply.off_nftables()


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"nftables": 5}', "no"])
def test_an_answer_that_is_no_list_is_refused(answer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nft"
    program.write_text(f"#!/bin/sh\nprintf '%s' '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(apply, "PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(DeviceRefused):
        apply.held_nftables()


def test_a_file_is_replaced_whole_and_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a program in Suricata's place that notes what it was told: none runs here as a service."""
    told, path = tmp_path / "told", tmp_path / "licet.rules"
    program = tmp_path / "suricatasc"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> {told}\n")
    program.chmod(0o755)
    monkeypatch.setattr(apply, "PATH", f"{tmp_path}:/bin:/usr/bin")
    apply.apply_file("suricata", str(path), "drop …\n")
    assert path.read_text() == "drop …\n"
    apply.off_file("suricata", str(path))
    assert "drop" not in [line.split()[0] for line in path.read_text().splitlines() if not line.startswith("#")]
    assert told.read_text().splitlines() == ["-c reload-rules"] * 2
    assert sorted(one.name for one in tmp_path.iterdir()) == ["licet.rules", "suricatasc", "told"]
    with pytest.raises(DeviceRefused, match="cannot be written"):
        apply.off_file("suricata", str(tmp_path / "nowhere" / "licet.rules"))


def test_switching_off_loads_nothing_that_could_be_broken() -> None:
    program = "import sys, json, licet.enforce.apply; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name for name in json.loads(done.stdout) if name.startswith("licet") or "." not in name}
    assert not loaded & {"cryptography", "django", "duckdb", "click", "numpy", "tomllib"}
    assert {name for name in loaded if name.startswith("licet.")} == {
        "licet.enforce", "licet.enforce.apply", "licet.enforce.base", "licet.enforce.nftables", "licet.enforce.pf",
        "licet.enforce.suricata", "licet.errors", "licet.model", "licet.model.endpoint"}
