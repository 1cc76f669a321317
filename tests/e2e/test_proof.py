"""Proof of control with real programs in network namespaces: wireguard-go, nginx, knot; and `licet proof` as it is run.

The verifier is the office's client, the registrant the server. Documentation addresses are not global, so the registry
here is one of an owned network that lists them; a public registry's refusal is tried too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from lab import needs, proofs, wireguard
from lab.network import Network, Node
from lab.process import LabError, run, wait_until
from licet.proof.base import answer_to, make_token

_LACKING = needs.missing(proofs.PROGRAMS)

pytestmark = [
    pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING)),
    pytest.mark.xdist_group("proof-lab"),
]

TOKEN = make_token(bytes(range(100, 120)))
WELL_KNOWN = f"/.well-known/licet-challenge/{TOKEN}"
NAME = "vpn.example.net"

# The same check as a registry's, with prefixes listed or not; it prints the outcome as JSON.
_REGISTRY = """
import ipaddress, json, sys
from licet.app.proof import make_challenge, make_guard, method_of, outcome_json
words = json.loads(sys.argv[1])
prefixes = [ipaddress.ip_network(one) for one in words.pop("prefixes")]
challenge = make_challenge(**words)
print(json.dumps(outcome_json(method_of(challenge).check(challenge, make_guard(prefixes)))))
"""
LISTED = ["198.51.100.0/24", "203.0.113.0/24", "2001:db8:b::/64"]


@dataclass(frozen=True)
class Lab:
    network: Network
    verifier: Node
    server: Node

    def licet(self, *words: str, at: Node | None = None) -> dict[str, Any]:
        """`licet proof …` with its JSON outcome, whatever its status."""
        line = [sys.executable, "-m", "licet", "proof", *words, "--format", "json"]
        script = 'out=$("$@") ; printf %s "$out"'
        return json.loads(self.network.run(at or self.verifier, "sh", "-c", script, "sh", *line, timeout_s=60))

    def show(self, *words: str) -> list[str]:
        """The lines to copy that `licet proof show` prints."""
        text = run([sys.executable, "-m", "licet", "proof", "show", *words])
        return [line.strip() for line in text.splitlines() if line.startswith("     ")]

    def registry(self, prefixes: list[str], **words: str) -> dict[str, Any]:
        """A registry's check from the verifier's namespace."""
        call = json.dumps({"token": TOKEN, "prefixes": prefixes, **words})
        return json.loads(self.network.run(self.verifier, sys.executable, "-c", _REGISTRY, call, timeout_s=60))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Network() as network:
        yield Lab(network, network.clients[0], network.server())


def address(node: Node, family: int) -> str:
    return node.v4 if family == 4 else node.v6


def endpoint(node: Node, family: int = 4, port: int = 51820) -> str:
    return f"{node.v4}:{port}/udp" if family == 4 else f"[{node.v6}]:{port}/udp"


@pytest.fixture(scope="module")
def at(lab: Lab) -> Iterator[wireguard.Server]:
    with wireguard.server(lab.network, lab.server) as server:
        yield server


class TestWireguard:
    def words(self, at: wireguard.Server, family: int = 4, key: str | None = None) -> list[str]:
        return ["wireguard-01", TOKEN, "--endpoint", endpoint(at.node, family), "--key", key or at.key.public]

    def test_before_the_peer_is_added_the_server_is_silent(self, lab: Lab, at: wireguard.Server) -> None:
        outcome = lab.licet("check", *self.words(at))
        assert (outcome["ok"], outcome["problem"]) == (False, "no_answer")
        assert "one-time peer" in outcome["todo"]

    @pytest.mark.parametrize("family", [4, 6])
    def test_with_the_peer_that_was_shown_the_server_proves_its_key(
        self, lab: Lab, at: wireguard.Server, family: int
    ) -> None:
        add, remove = lab.show(*self.words(at, family))
        proofs.run_line(lab.network, at, add)
        try:
            assert lab.licet("check", *self.words(at, family))["ok"]
            # The peer may handshake, and has no address from which a packet of it would be let in.
            allowed = lab.network.run(at.node, "wg", "show", at.interface, "allowed-ips").split("\t")[1].strip()
            assert allowed == "(none)"
            # Again, and as a registry: timestamps rise, so the server does not take it for a replay.
            words = {"method": "wireguard-01", "endpoint": endpoint(at.node, family), "public_key": at.key.public}
            assert lab.registry(LISTED, **words)["ok"]
            assert lab.registry([], **words)["problem"] == "address_refused"
        finally:
            proofs.run_line(lab.network, at, remove)
        assert lab.licet("check", *self.words(at, family))["problem"] == "no_answer"

    def test_another_servers_key_is_not_proved_here(self, lab: Lab, at: wireguard.Server) -> None:
        other = wireguard.make_key().public
        for line in (lab.show(*self.words(at, key=other))[0], lab.show(*self.words(at))[0]):
            proofs.run_line(lab.network, at, line)
        assert lab.licet("check", *self.words(at, key=other))["problem"] == "no_answer"
        for line in (lab.show(*self.words(at, key=other))[1], lab.show(*self.words(at))[1]):
            proofs.run_line(lab.network, at, line)

    def test_a_preshared_key_is_said_to_be_in_the_way(self, lab: Lab, at: wireguard.Server) -> None:
        add, remove = lab.show(*self.words(at))
        secret = lab.network.folder / "psk"
        secret.write_text(run(["wg", "genpsk"]))
        proofs.run_line(lab.network, at, f"{add} preshared-key {secret}")
        outcome = lab.licet("check", *self.words(at))
        proofs.run_line(lab.network, at, remove)
        assert outcome["problem"] == "key_not_held"
        assert "preshared" in outcome["todo"]

    def test_a_port_on_which_nothing_listens(self, lab: Lab, at: wireguard.Server) -> None:
        words = ["wireguard-01", TOKEN, "--endpoint", endpoint(at.node, port=51999), "--key", at.key.public]
        assert lab.licet("check", *words)["problem"] == "connection_refused"

    def test_a_server_under_load_is_answered_with_its_cookie(self, lab: Lab, at: wireguard.Server) -> None:
        """wireguard-go answers with a cookie while its queue is full, and completes the handshake after mac2. How full
        a flood makes its queue is up to the scheduler, so it is flooded until it has sent one to our check."""
        add, remove = lab.show(*self.words(at))
        proofs.run_line(lab.network, at, add)
        try:
            assert any(self.proved_after_cookie(lab, at, number) for number in range(8))
        finally:
            proofs.run_line(lab.network, at, remove)

    def proved_after_cookie(self, lab: Lab, at: wireguard.Server, number: int) -> bool:
        """One check during a flood; True if a message with a mac2 was among those sent. The check always succeeds."""
        path = lab.network.folder / f"load{number}.pcap"
        line = [sys.executable, "-m", "licet", "proof", "check", *self.words(at)]
        with lab.network.capture(path, "udp port 51820"), ExitStack() as stack:
            with wireguard.busy(lab.network, at, lab.verifier):
                checking = stack.enter_context(lab.network.program(lab.verifier, *line))
                # Its first initiation must wait in the full queue when the server goes on.
                lab.network.run(lab.verifier, "sleep", "1")
            checking.wait(30)
            assert "wireguard-01: proved" in checking.text(), checking.text()
        # mac2 is 132 bytes into the message, which begins 8 bytes into the datagram.
        with_mac2 = "dst port 51820 and udp[4:2] = 156 and udp[140:4] != 0"
        cookies = "src port 51820 and udp[4:2] = 72 and udp[8] = 3"
        sent, received = (run(["tcpdump", "-n", "-r", str(path), keep]) for keep in (with_mac2, cookies))
        assert not sent or received
        return bool(sent)


class TestHttp:
    @pytest.mark.parametrize("family", [4, 6])
    def test_nginx_with_the_file_proves(self, lab: Lab, family: int) -> None:
        words = ["http-01", TOKEN, "--endpoint", endpoint(lab.server, family)]
        assert lab.licet("check", *words)["problem"] == "connection_refused"
        with proofs.web_server(lab.network, lab.server, WELL_KNOWN, answer_to(TOKEN) + "\n"):
            assert lab.licet("check", *words)["ok"]
            place = {"method": "http-01", "endpoint": endpoint(lab.server, family)}
            assert lab.registry(LISTED, **place)["ok"]
            assert lab.registry([], **place)["problem"] == "address_refused"

    @pytest.mark.parametrize(("content", "more", "problem"), [
        (TOKEN, "", "content_differs"),
        (answer_to(TOKEN), f"location = {WELL_KNOWN} {{ return 404; }}", "http_status"),
        (answer_to(TOKEN), "return 301 https://$host$request_uri;", "redirect_refused"),
        (answer_to(TOKEN), "return 302 http://192.0.2.1$request_uri;", "redirect_refused"),
        (answer_to(TOKEN), "return 302 http://169.254.169.254/latest/;", "redirect_refused"),
    ])  # fmt: skip
    def test_nginx_without_it_does_not(self, lab: Lab, content: str, more: str, problem: str) -> None:
        with proofs.web_server(lab.network, lab.server, WELL_KNOWN, content, more):
            assert lab.licet("check", "http-01", TOKEN, "--endpoint", endpoint(lab.server))["problem"] == problem

    def test_a_redirect_within_the_host_is_followed(self, lab: Lab) -> None:
        more = f"location = {WELL_KNOWN} {{ return 302 /moved; }}"
        with proofs.web_server(lab.network, lab.server, "/moved", answer_to(TOKEN), more):
            assert lab.licet("check", "http-01", TOKEN, "--endpoint", endpoint(lab.server))["ok"]

    def test_the_server_of_the_instructions_proves(self, lab: Lab) -> None:
        make, serve = lab.show("http-01", TOKEN, "--endpoint", endpoint(lab.server))[-2:]
        folder = lab.network.work_folder("plain")
        lab.network.run(lab.server, "sh", "-c", f"cd {folder} && {make}")
        line = f"cd {folder} && exec {serve.removeprefix('sudo ')}"
        with lab.network.program(lab.server, "sh", "-c", line):
            for family in (4, 6):
                words = ["check", "http-01", TOKEN, "--endpoint", endpoint(lab.server, family)]
                proven = partial(lambda asked: bool(lab.licet(*asked)["ok"]), words)
                wait_until(proven, f"an answer over IPv{family}", 60)


class TestDns:
    def records(self, lab: Lab, more: str = "") -> list[str]:
        (line,) = lab.show("dns-01", TOKEN, "--name", NAME, "--endpoint", endpoint(lab.server))
        return [line, f"vpn A {lab.server.v4}", f"vpn AAAA {lab.server.v6}", "inside A 10.0.0.1", more]

    def check(self, lab: Lab, words: list[str], family: int = 4) -> dict[str, Any]:
        return lab.licet("check", "dns-01", TOKEN, *words, "--resolver", address(lab.server, family))

    @pytest.mark.parametrize("family", [4, 6])
    def test_knot_with_the_line_that_was_shown_proves(self, lab: Lab, family: int) -> None:
        words = ["--name", NAME, "--endpoint", endpoint(lab.server, family)]
        assert self.check(lab, words, family)["problem"] == "dns_failed"
        with proofs.name_server(lab.network, lab.server, "example.net", self.records(lab)):
            assert self.check(lab, words, family)["ok"]

    def test_an_alias_leads_to_record_and_address(self, lab: Lab) -> None:
        records = [*self.records(lab, "alias CNAME vpn"), "_licet-challenge.alias CNAME _licet-challenge.vpn"]
        with proofs.name_server(lab.network, lab.server, "example.net", records):
            assert self.check(lab, ["--name", "alias.example.net", "--endpoint", endpoint(lab.server)])["ok"]

    def test_what_is_missing_is_said(self, lab: Lab) -> None:
        far = "203.0.113.77:51820/udp"
        with proofs.name_server(lab.network, lab.server, "example.net", self.records(lab, 'old TXT "x"')):
            for name, at, problem in (
                (NAME, far, "address_not_in_name"),
                ("old.example.net", endpoint(lab.server), "name_not_found"),
                ("vpn.example.org", endpoint(lab.server), "dns_failed"),
            ):
                assert self.check(lab, ["--name", name, "--endpoint", at])["problem"] == problem, name

    def test_a_name_that_leads_inside_is_refused_by_a_registry(self, lab: Lab) -> None:
        """http-01 by name: the registry's resolver says 10.0.0.1, and no connection is made."""
        script = f"""
import json
from licet.app.proof import make_challenge, make_guard, method_of, outcome_json
challenge = make_challenge("http-01", {TOKEN!r}, name="inside.example.net")
outcome = method_of(challenge).check(challenge, make_guard(resolvers=[{lab.server.v4!r}]))
print(json.dumps(outcome_json(outcome)))
"""
        path = lab.network.folder / "inside.pcap"
        with (
            proofs.name_server(lab.network, lab.server, "example.net", self.records(lab)),
            lab.network.capture(path, "host 10.0.0.1"),
        ):
            outcome = json.loads(lab.network.run(lab.verifier, sys.executable, "-c", script, timeout_s=30))
        assert outcome["problem"] == "address_refused"
        assert "10.0.0.1" in outcome["seen"]
        assert not run(["tcpdump", "-n", "-r", str(path)])


def test_a_machine_that_is_not_there_ends_in_an_outcome(lab: Lab) -> None:
    far = "203.0.113.77:51820/udp"
    for words in (["http-01", TOKEN], ["wireguard-01", TOKEN, "--key", wireguard.make_key().public]):
        assert lab.licet("check", *words, "--endpoint", far)["problem"] in ("no_answer", "unreachable")


def test_the_lab_says_what_failed(lab: Lab) -> None:
    with pytest.raises(LabError):
        lab.network.run(lab.verifier, sys.executable, "-m", "licet", "proof", "check", "http-01", TOKEN,
                        "--endpoint", endpoint(lab.server))
