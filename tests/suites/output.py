"""What every output that acts must hold, inherited by its test: subclass, and fill in what is its own.

    class TestPf(OutputSuite):
        output = pf.OUTPUT
        def endpoints(self, artefact): ...   # what is refused, read back from the text by other means

Golden files stand in tests/enforce/golden/NAME/. A person reads them before they are accepted; LICET_WRITE_GOLDEN=1
writes them anew.
"""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

import pytest

from enforce.cases import AT_NS, CASES, HOUR_NS, OPENVPN, WIREGUARD, WIREGUARD6, rules
from licet.app.catalogue import outputs
from licet.enforce.base import NOTHING, Output
from licet.model.endpoint import Endpoint

GOLDEN = Path(__file__).parents[1] / "enforce/golden"


def golden_file(output: Output, case: str) -> Path:
    """Where the artefact of a case stands."""
    return GOLDEN / output.name / f"{case}.txt"


class OutputSuite:
    output: ClassVar[Output]

    @abstractmethod
    def endpoints(self, artefact: str) -> set[Endpoint]:
        """Every endpoint that the artefact refuses, and nothing that it does not."""

    @pytest.mark.parametrize("case", CASES)
    def test_every_case_is_as_its_golden_file(self, case: str) -> None:
        path, artefact = golden_file(self.output, case), self.output.render(CASES[case], AT_NS)
        if os.environ.get("LICET_WRITE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artefact, encoding="utf-8")
        assert artefact == path.read_text(encoding="utf-8")

    def test_there_is_a_golden_file_for_every_case_and_no_other(self) -> None:
        assert {path.stem for path in (GOLDEN / self.output.name).iterdir()} == set(CASES)

    @pytest.mark.parametrize("case", CASES)
    def test_it_refuses_exactly_what_is_in_force(self, case: str) -> None:
        wanted = {one.endpoint for one in CASES[case].in_force(AT_NS)}
        assert self.endpoints(self.output.render(CASES[case], AT_NS)) == wanted

    def test_a_rule_past_its_end_is_not_rendered(self) -> None:
        both = rules(WIREGUARD, OPENVPN)
        assert WIREGUARD.endpoint in self.endpoints(self.output.render(both, WIREGUARD.until_ns - 10**9))
        assert WIREGUARD.endpoint not in self.endpoints(self.output.render(both, WIREGUARD.until_ns))

    def test_what_is_known_no_more_is_not_rendered(self) -> None:
        both = rules(WIREGUARD, OPENVPN, fresh_ns=AT_NS + HOUR_NS)
        assert self.endpoints(self.output.render(both, AT_NS + HOUR_NS)) == set()

    def test_every_rule_names_its_order(self) -> None:
        artefact = self.output.render(rules(WIREGUARD, OPENVPN), AT_NS)
        assert WIREGUARD.order in artefact
        assert OPENVPN.order in artefact

    def test_the_same_set_gives_the_same_bytes(self) -> None:
        again = rules(OPENVPN, WIREGUARD6, WIREGUARD)
        assert self.output.render(again, AT_NS) == self.output.render(CASES["udp-tcp-ipv4-ipv6"], AT_NS)

    def test_nothing_is_rendered_as_nothing(self) -> None:
        artefact = self.output.render(NOTHING, AT_NS)
        assert self.endpoints(artefact) == set()
        assert artefact == self.output.render(rules(WIREGUARD, fresh_ns=0), AT_NS)

    def test_it_is_scoped_to_the_owned_prefixes(self) -> None:
        artefact = self.output.render(CASES["several-prefixes"], AT_NS)
        for prefix in ("192.0.2.0/24", "198.18.0.0/15", "2001:db8:a::/64", "2001:db8:c::/48"):
            assert prefix in artefact
        assert "/0" not in artefact

    def test_it_says_what_it_cannot_express(self) -> None:
        artefact = self.output.render(NOTHING, AT_NS)
        assert self.output.cannot
        for sentence in self.output.cannot:
            assert sentence.endswith((".", ":"))
            assert sentence in artefact

    def test_lines_are_plain_text(self) -> None:
        for case in CASES.values():
            artefact = self.output.render(case, AT_NS)
            assert artefact.isascii()
            assert artefact.endswith("\n")
            assert not re.search(r"[^\n\t\x20-\x7e]", artefact)

    def test_it_is_in_the_catalogue(self) -> None:
        assert self.output in outputs()
