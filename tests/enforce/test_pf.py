"""The pf output against its golden files and the manual's words. No pf runs here."""

from __future__ import annotations

import re

from enforce.cases import AT_NS, CASES
from licet.enforce import pf
from licet.model.endpoint import Endpoint
from suites.output import OutputSuite

# One line of an anchor, as pf.conf(5) has it: action, family, protocol, from, to, label.
TABLE = re.compile(r"table <licet_owned[46]> const \{ [0-9a-f:./, ]+ \}")
TO_SERVER = re.compile(
    r"block return-icmp \(filter-prohib, admin-unr\) quick inet6? proto (udp|tcp) from (?:any|<licet_owned[46]>) "
    r"to (\S+) port (\d+) label \"ORD-[0-9A-Z]+\""
)
FROM_SERVER = re.compile(
    r"block drop quick inet6? proto (udp|tcp) from (\S+) port (\d+) to (?:any|<licet_owned[46]>) "
    r"label \"ORD-[0-9A-Z]+\""
)


class TestPf(OutputSuite):
    output = pf.OUTPUT

    def endpoints(self, artefact: str) -> set[Endpoint]:
        both: tuple[set[Endpoint], set[Endpoint]] = (set(), set())
        for line in artefact.splitlines():
            if line.startswith("#") or TABLE.fullmatch(line):
                continue
            there, back = TO_SERVER.fullmatch(line), FROM_SERVER.fullmatch(line)
            found = there or back
            assert found, line
            both[there is None].add(Endpoint(found[2], found[1], int(found[3])))
        assert both[0] == both[1]
        return both[0]


def test_a_table_that_is_named_is_made() -> None:
    for case in CASES.values():
        artefact = pf.render(case, AT_NS)
        made = set(re.findall(r"^table (<\w+>)", artefact, re.MULTILINE))
        assert set(re.findall(r"(?:from|to) (<\w+>)", artefact)) <= made


def test_it_says_that_it_never_ran() -> None:
    assert not pf.OUTPUT.runs_here
    assert "never run" in pf.render(CASES["nothing"], AT_NS)
