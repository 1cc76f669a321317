"""The laboratory brings up real VPN programs, and its captures hold what they sent."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab import needs, openvpn, wireguard
from lab.network import Network
from lab.process import LabError, Process, run, wait_until

_LACKING = needs.missing()

pytestmark = pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING))


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of WireGuard on 51820/udp and OpenVPN on 1194/udp, both with 198.51.100.10."""
    path = tmp_path_factory.mktemp("lab") / "both.pcap"
    with Network() as network, network.capture(path), ExitStack() as stack:
        client, server = network.clients[0], network.server()
        first = stack.enter_context(wireguard.server(network, server))
        network.ping(stack.enter_context(wireguard.tunnel(network, first, client)))
        second = stack.enter_context(openvpn.server(network, server, openvpn.Variant()))
        network.ping(stack.enter_context(openvpn.tunnel(network, second, client)))
    return path


def _count(capture: Path, keep: str) -> int:
    """How many packets of the capture pass tcpdump's filter."""
    return len(run(["tcpdump", "-n", "-r", str(capture), keep]).splitlines())


@pytest.mark.parametrize(
    "first_bytes",
    [
        pytest.param("dst port 51820 and udp[4:2] = 156 and udp[8] = 1", id="wireguard-initiation"),
        pytest.param("src port 51820 and udp[4:2] = 100 and udp[8] = 2", id="wireguard-response"),
        pytest.param("dst port 1194 and udp[4:2] = 22 and udp[8] = 0x38", id="openvpn-client-reset"),
        pytest.param("src port 1194 and udp[4:2] = 34 and udp[8] = 0x40", id="openvpn-server-reset"),
    ],
)
def test_both_handshakes_are_in_the_capture(capture: Path, first_bytes: str) -> None:
    assert _count(capture, first_bytes) >= 1


@pytest.mark.parametrize("port", [51820, 1194])
def test_both_tunnels_carry_traffic_both_ways(capture: Path, port: int) -> None:
    assert _count(capture, f"udp and src port {port}") >= 6
    assert _count(capture, f"udp and dst port {port}") >= 6


def test_nothing_is_left_behind_after_an_error() -> None:
    seen: list[Network] = []

    def fail_inside() -> None:
        with Network() as network, network.program(network.router, "sleep", "60"):
            seen.append(network)
            assert network.router.namespace in run(["ip", "netns", "list"])
            raise LabError("on purpose")

    with pytest.raises(LabError, match="on purpose"):
        fail_inside()
    assert not seen[0].folder.exists()
    assert seen[0].run_id not in run(["ip", "netns", "list"])


def test_a_program_and_its_children_are_stopped(tmp_path: Path) -> None:
    process = Process(["sh", "-c", "sleep 60 & echo $!; wait"], tmp_path / "output")
    process.wait_for("\n")
    child = int(process.text())
    process.stop()
    assert not process.is_running()
    wait_until(lambda: _has_ended(child), "the child to end", timeout_s=3)


def test_waiting_has_an_end_and_says_what_for() -> None:
    with pytest.raises(LabError, match="a thing that never comes"):
        wait_until(lambda: False, "a thing that never comes", timeout_s=0.2)


def _has_ended(number: int) -> bool:
    """True if there is no such process, or only its entry waits to be read by its parent."""
    if not os.path.exists(f"/proc/{number}"):
        return True
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
