"""The Suricata output against its golden files, and against Suricata where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from enforce.cases import AT_NS, CASES
from licet.enforce import suricata
from licet.enforce.base import RULES_MAX
from licet.model.endpoint import Endpoint
from suites.output import OutputSuite, golden_file

SURICATA = shutil.which("suricata")
LINE = re.compile(
    r"drop (udp|tcp) (?:any|\[[0-9a-f:./,]+\]) any <> (\S+) (\d+) "
    r'\(msg:"licet ORD-[0-9A-Z]+ [a-z0-9-]+"; noalert; sid:(\d+); rev:1;\)'
)
# What Suricata wants to know before it reads a rule.
YAML = """%YAML 1.1
---
vars:
  address-groups: {HOME_NET: "any", EXTERNAL_NET: "any"}
  port-groups: {}
outputs: []
"""


class TestSuricata(OutputSuite):
    output = suricata.OUTPUT

    def endpoints(self, artefact: str) -> set[Endpoint]:
        found = [LINE.fullmatch(line) for line in artefact.splitlines() if not line.startswith("#")]
        assert all(found), artefact
        return {Endpoint(one[2], one[1], int(one[3])) for one in found if one}


@pytest.mark.skipif(SURICATA is None, reason="suricata is not installed (Debian: suricata of bookworm-backports)")
@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case.in_force(AT_NS)])
def test_suricata_accepts_every_golden_file(case: str, tmp_path: Path) -> None:
    config, golden = tmp_path / "suricata.yaml", golden_file(suricata.OUTPUT, case)
    config.write_text(YAML)
    done = subprocess.run(
        ["suricata", "-T", "-c", str(config), "-S", str(golden), "-l", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert f"{len(CASES[case].in_force(AT_NS))} rules successfully loaded, 0 rules failed" in said, said


def test_numbers_of_rules_are_local_ones_and_each_is_given_once() -> None:
    artefact = suricata.render(CASES["as-many-as-there-may-be"], AT_NS)
    sids = [int(sid) for sid in re.findall(r"sid:(\d+);", artefact)]
    assert len(set(sids)) == RULES_MAX
    assert all(1_000_000 <= sid <= 1_999_999 for sid in sids)


def test_no_rule_makes_an_alert_for_an_alert_names_the_client() -> None:
    artefact = suricata.render(CASES["udp-tcp-ipv4-ipv6"], AT_NS)
    assert artefact.count("noalert;") == artefact.count("\ndrop ")
