"""The nftables output: its golden files, read back by the real nft, in a namespace where there may be one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from enforce.cases import AT_NS, CASES
from licet.enforce import nftables
from licet.model.endpoint import Endpoint
from suites.output import OutputSuite, golden_file

NFT = shutil.which("nft")
NAMESPACE = f"en-nft-{os.getpid()}"


def has_namespaces() -> bool:
    if os.geteuid() != 0 or shutil.which("ip") is None or NFT is None:
        return False
    done = subprocess.run(["ip", "netns", "add", NAMESPACE], capture_output=True, check=False)
    if done.returncode == 0:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], capture_output=True, check=False)
    return done.returncode == 0


needs_nft = pytest.mark.skipif(not has_namespaces(), reason="nft in a network namespace needs root, iproute2, nftables")


@pytest.fixture(scope="module")
def namespace() -> Iterator[list[str]]:
    """Words before a command that run it in an empty network namespace."""
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        yield ["ip", "netns", "exec", NAMESPACE]
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


class TestNftables(OutputSuite):
    output = nftables.OUTPUT

    def endpoints(self, artefact: str) -> set[Endpoint]:
        found = re.findall(r"^\t\t\t(\S+) \. (udp|tcp) \. (\d+) timeout [1-9]\d*s ", artefact, re.MULTILINE)
        return {Endpoint(address, transport, int(port)) for address, transport, port in found}

    @needs_nft
    @pytest.mark.parametrize("case", CASES)
    def test_nft_accepts_every_golden_file(self, case: str, namespace: list[str]) -> None:
        done = subprocess.run([*namespace, "nft", "-c", "-f", str(golden_file(self.output, case))],
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    @needs_nft
    @pytest.mark.parametrize("case", CASES)
    def test_nft_holds_exactly_what_is_in_force(self, case: str, namespace: list[str]) -> None:
        """Applied one over the other, then read back from the kernel."""
        artefact = self.output.render(CASES[case], AT_NS)
        subprocess.run([*namespace, "nft", "-f", "-"], input=artefact, text=True, check=True)
        listed = subprocess.run([*namespace, "nft", "-j", "list", "ruleset"], capture_output=True, check=True)
        objects = json.loads(listed.stdout)["nftables"]
        sets = [one["set"] for one in objects if "set" in one and one["set"]["name"].startswith("ordered")]
        held = {(*element["elem"]["val"]["concat"], element["elem"]["timeout"], element["elem"]["counter"]["packets"])
                for one in sets for element in one.get("elem", ())}
        wanted = {(rule.endpoint.address, rule.endpoint.transport, rule.endpoint.port,
                   CASES[case].seconds_left(rule, AT_NS), 0) for rule in CASES[case].in_force(AT_NS)}
        assert held == wanted
        assert [one["table"]["name"] for one in objects if "table" in one] == (["licet"] if wanted else [])


def test_off_is_a_file_that_takes_the_table_away() -> None:
    lines = [line for line in nftables.off().splitlines() if not line.startswith("#")]
    assert lines == ["table inet licet", "delete table inet licet"]


def test_the_chain_accepts_what_it_does_not_refuse_and_stands_alone() -> None:
    artefact = nftables.render(CASES["udp-tcp-ipv4-ipv6"], AT_NS)
    assert re.findall(r"policy (\w+)", artefact) == ["accept"]
    assert re.findall(r"hook (\w+)", artefact) == ["forward"]
    assert len(re.findall(r"\b(?:drop|reject)\b(?! by)", re.sub(r"^#.*$", "", artefact, flags=re.MULTILINE))) == 8
    assert set(re.findall(r"^(?:delete )?table (\S+ \S+)", artefact, re.MULTILINE)) == {"inet licet"}
