"""The unit of examples/systemd: systemd understands all of it, and it asks for no more than licet needs."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.test_docs import check_command

UNITS = Path(__file__).resolve().parents[2] / "examples" / "systemd"
UNIT = UNITS / "licet-watch.service"
SYNC = UNITS / "licet-sync.service"
NO_SYSTEMD = "systemd-analyze is missing: apt-get install systemd"
PROGRAM = "/opt/licet/bin/licet"


def values(name: str, unit: Path = UNIT) -> list[str]:
    """What a unit says under a name, in its order."""
    lines = [line.partition("=") for line in unit.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [value for key, _, value in lines if key == name]


def test_what_it_starts_is_a_command_with_options_that_exist() -> None:
    (line,) = values("ExecStart")
    words = shlex.split(line)
    assert words[:2] == [PROGRAM, "watch"]
    check_command(shlex.join(["licet", *words[1:]]).replace("%H", "sensor-1"))


def test_it_gets_one_right_and_no_way_to_another() -> None:
    assert values("AmbientCapabilities") == values("CapabilityBoundingSet") == ["CAP_NET_RAW"]
    assert values("NoNewPrivileges") == ["yes"]
    assert values("DynamicUser") == ["yes"]
    assert values("User") == []


def test_it_may_open_packet_sockets_and_what_names_of_interfaces_need_and_no_others() -> None:
    assert values("RestrictAddressFamilies") == ["AF_PACKET AF_NETLINK AF_UNIX"]


def test_it_writes_where_systemd_made_room_for_it() -> None:
    (line,) = values("ExecStart")
    words = shlex.split(line)
    assert words[words.index("--write") + 1].startswith(f"/var/lib/{values('StateDirectory')[0]}/")


def test_the_copy_of_a_registry_is_brought_by_a_command_that_exists_and_by_nobody() -> None:
    (line,) = values("ExecStart", SYNC)
    words = shlex.split(line.replace("${URL}", "https://registry.example.net/tuf").replace("$ROOT", "--root=sha256:0"))
    assert words[:3] == [PROGRAM, "snapshot", "sync"]
    check_command(shlex.join(["licet", *words[1:]]))
    assert words[4].startswith(f"/var/lib/{values('StateDirectory', SYNC)[0]}/")
    assert values("CapabilityBoundingSet", SYNC) == [""]
    assert values("User", SYNC) == ["licet-sync"]
    assert values("StateDirectoryMode", SYNC) == ["0755"]


@pytest.mark.parametrize("unit", [UNIT, SYNC], ids=lambda path: path.name)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason=NO_SYSTEMD)
def test_systemd_understands_every_line(tmp_path: Path, unit: Path) -> None:
    """It says so on standard error where it does not; the program must be there, so another one stands in its place."""
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if unit.name in line]
    assert ours == []


ENFORCER = UNIT.with_name("licet-enforce.service")


def enforcer_values(name: str) -> list[str]:
    """What the enforcer's unit says under a name."""
    lines = [line.partition("=") for line in ENFORCER.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    return [value for key, _, value in lines if key == name]


def test_the_enforcer_gets_the_one_right_that_a_firewall_asks_for() -> None:
    assert enforcer_values("AmbientCapabilities") == enforcer_values("CapabilityBoundingSet") == ["CAP_NET_ADMIN"]
    assert enforcer_values("NoNewPrivileges") == ["yes"]
    assert enforcer_values("DynamicUser") == ["yes"]
    assert enforcer_values("StateDirectory") == ["licet-enforce"], "where `licet enforce off` looks for it"


def test_the_enforcer_starts_a_command_with_options_that_exist() -> None:
    (line,) = enforcer_values("ExecStart")
    assert shlex.split(line)[:3] == [PROGRAM, "enforce", "run"]
    check_command(shlex.join(["licet", *shlex.split(line)[1:]]))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason=NO_SYSTEMD)
def test_systemd_understands_every_line_of_the_enforcer(tmp_path: Path) -> None:
    unit = tmp_path / ENFORCER.name
    unit.write_text(ENFORCER.read_text(encoding="utf-8").replace(PROGRAM, sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if ENFORCER.name in line] == []
