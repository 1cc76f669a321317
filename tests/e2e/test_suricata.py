"""Suricata inline between two machines, with the rules that licet renders: one port stops, its neighbour goes on.

    client ── Suricata (AF_PACKET, copy mode, no address of its own) ── server
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from enforce.cases import AT_NS, rule, rules
from lab.process import Process, wait_until
from licet.enforce import suricata

PROGRAMS = ("suricata", "ip", "ethtool")
LACKING = [name for name in PROGRAMS if shutil.which(name) is None] + (["root"] if os.geteuid() else [])

pytestmark = [
    pytest.mark.skipif(bool(LACKING), reason=f"missing: {', '.join(LACKING)} (Suricata: Debian's bookworm-backports)"),
    pytest.mark.xdist_group("enforce"),
]

SERVER, ORDERED, BESIDE = "192.0.2.200", 51820, 51821
YAML = """%YAML 1.1
---
vars:
  address-groups: {{HOME_NET: "any", EXTERNAL_NET: "any"}}
  port-groups: {{}}
outputs:
  - fast: {{enabled: yes, filename: fast.log}}
af-packet:
  - {{interface: left, cluster-id: 98, cluster-type: cluster_flow, copy-mode: ips, copy-iface: right}}
  - {{interface: right, cluster-id: 97, cluster-type: cluster_flow, copy-mode: ips, copy-iface: left}}
"""
ECHO = f"""
import select, socket
doors = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for door, port in zip(doors, ({ORDERED}, {BESIDE})):
    door.bind(("{SERVER}", port))
print("ready", flush=True)
while True:
    for door in select.select(doors, [], [])[0]:
        door.sendto(*door.recvfrom(2000))
"""
ASK = f"""
import socket
for port in ({ORDERED}, {BESIDE}):
    door, answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0
    door.settimeout(1)
    for _ in range(4):
        door.sendto(b"hello", ("{SERVER}", port))
        try:
            answers += len(door.recv(100)) == 5
        except TimeoutError:
            pass
    print(answers)
"""


@pytest.fixture
def spaces() -> Iterator[dict[str, str]]:
    """Names of three namespaces in a row."""
    names = {name: f"en-{name}-{os.getpid()}" for name in ("client", "middle", "server")}
    with ExitStack() as stack:
        for space in names.values():
            run("ip", "netns", "add", space)
            stack.callback(run, "ip", "netns", "delete", space)
        for name, link, address in (("client", "left", "192.0.2.11"), ("server", "right", SERVER)):
            run("ip", "link", "add", "eth0", "netns", names[name], "type", "veth", "peer", "name", link, "netns",
                names["middle"])
            run("ip", "-n", names[name], "address", "add", f"{address}/24", "dev", "eth0")
            for space, device in ((names[name], "eth0"), (names["middle"], link)):
                run("ip", "-n", space, "link", "set", device, "up")
                off = [word for kind in ("tx", "rx", "tso", "gso", "gro") for word in (kind, "off")]
                run("ip", "netns", "exec", space, "ethtool", "-K", device, *off)
        yield names


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def test_one_port_stops_its_neighbour_goes_on_and_no_alert_is_written(spaces: dict[str, str], tmp_path: Path) -> None:
    config, rule_file = tmp_path / "suricata.yaml", tmp_path / "licet.rules"
    config.write_text(YAML.format())
    ordered = rules(rule(f"{SERVER}:{ORDERED}/udp"), scope=("192.0.2.0/26",))
    rule_file.write_text(suricata.render(ordered, AT_NS))
    inside = {name: ["ip", "netns", "exec", space] for name, space in spaces.items()}
    with ExitStack() as stack:
        echo = Process([*inside["server"], sys.executable, "-c", ECHO], tmp_path / "echo")
        stack.callback(echo.stop)
        words = ["suricata", "-c", str(config), "-S", str(rule_file), "--af-packet", "-l", str(tmp_path)]
        inline = Process([*inside["middle"], *words], tmp_path / "said")
        stack.callback(inline.stop, signal.SIGTERM)
        wait_until(lambda: "Engine started" in inline.text(), "Suricata to start", timeout_s=60, process=inline)
        echo.wait_for("ready")
        assert run(*inside["client"], sys.executable, "-c", ASK).split() == ["0", "4"]
    assert (tmp_path / "fast.log").read_text() == ""
