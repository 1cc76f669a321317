"""`licet watch` beside real programs: what it finds, what it may do, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from lab import needs, openvpn, wireguard
from lab.network import Network
from licet.flow.engine import has_kernel
from support.engines import NO_KERNEL
from support.watching import LICET, READABLE, Row, Watch, Wire, watching

_LACKING = needs.missing({"setpriv": "util-linux"})

pytestmark = [
    pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING)),
    pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL),
    pytest.mark.xdist_group("watch"),
]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that others may enter: a watch that has given up its rights reads and writes there. pytest's own are for
    who runs it alone."""
    with tempfile.TemporaryDirectory(prefix="licet-watch-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


CAPTURES = Path(__file__).parent.parent / "captures"
NOBODY = "65534"
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|2001:db8:[0-9a-f:]+")
OWNED = '[network]\nkind = "owned"\n'


def registry(*endpoints: str) -> str:
    listed = ", ".join(f'"{one}"' for one in endpoints)
    return (
        '[[service]]\nhandle = "SVC-7F3K"\nname = "Staff remote access"\noperator = "Example Logistics"\n'
        f"from = 2020-01-01\nuntil = 2040-01-01\nendpoints = [{listed}]\n"
    )


@dataclass
class Seen:
    """What each watch wrote of the same traffic, and what a scan says of a capture of it."""

    rows: list[Row]
    fanned: list[Row]
    public: str
    scanned: list[Row]
    parquet: list[tuple[str, int]]
    files: list[str]
    statuses: dict[str, int]
    rights: dict[str, str]
    errors: dict[str, str]


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """The office's link while a WireGuard over IPv4, one over IPv6 and an OpenVPN come up and carry traffic."""
    with Network(servers={"server": ("198.51.100.10", "2001:db8:b::10"), "second": ("198.51.100.20", "2001:db8:b::20")}
                 ) as network, ExitStack() as stack:
        folder, router = network.folder, network.router.namespace
        config, registered = folder / "licet.toml", folder / "registry.toml"
        config.write_text(OWNED)
        registered.write_text(registry("198.51.100.10:51820/udp wireguard"))
        spool, capture = folder / "windows", folder / "link.pcap"
        common = ("-i", "office", "--every", "1s", "--registry", str(registered))
        owned = (*common, "--config", str(config))
        stack.enter_context(network.capture(capture, keep=""))
        main = stack.enter_context(watching(folder, *owned, "--write", str(spool), namespace=router))
        fanned = stack.enter_context(watching(folder, *owned, "--fanout", "2", namespace=router))
        public = stack.enter_context(watching(folder, *common, namespace=router))
        rights = {name: main.status(name) for name in ("CapEff", "CapPrm", "NoNewPrivs", "Uid", "Groups")}
        _traffic(network)
        time.sleep(1.5)
        statuses = {"SIGTERM": main.end(signal.SIGTERM), "SIGINT": fanned.end(signal.SIGINT), "public": public.end()}
        stack.close()
        scanned = subprocess.run(
            [*LICET, "scan", str(capture), "--registry", str(registered), "--config", str(config), "--format", "jsonl"],
            capture_output=True, check=True,
        )
        yield Seen(
            main.rows(), fanned.rows(), public.text, [json.loads(line) for line in scanned.stdout.splitlines()],
            duckdb.sql(f"SELECT kind, packets FROM '{spool}/*.parquet' ORDER BY windowStart").fetchall(),
            sorted(path.name for path in spool.iterdir()), statuses, rights,
            {"main": main.errors, "fanned": fanned.errors, "public": public.errors},
        )


def _traffic(network: Network) -> None:
    client = network.clients[0]
    with ExitStack() as stack:
        tunnels = []
        for name, family, inner in (("server", 4, 1), ("second", 6, 2)):
            at = stack.enter_context(wireguard.server(network, network.server(name), inner=inner))
            tunnels.append(stack.enter_context(wireguard.tunnel(network, at, client, family=family)))
        at_vpn = stack.enter_context(openvpn.server(network, network.server(), openvpn.Variant()))
        tunnels.append(stack.enter_context(openvpn.tunnel(network, at_vpn, client)))
        for _ in range(2):
            time.sleep(1.1)
            for tunnel in tunnels:
                network.ping(tunnel)


def place(row: Row) -> str:
    end = row.get("endpoint", row)
    return f"{end['address']} {end['port']} {end['transport']} {row.get('family') or row['tunnelProtocol']}"


def tunnels(rows: list[Row]) -> dict[str, list[Row]]:
    """The rows of each tunnel, in the order of their windows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["kind"] == "tunnel":
            found.setdefault(place(row), []).append(row)
    return found


FACTS = ("variant", "class", "grade", "verdict", "reason", "registration", "initiator", "clients")
SHOWN = {"198.51.100.10 51820 udp wireguard", "2001:db8:b::20 51820 udp wireguard", "198.51.100.10 1194 udp openvpn"}


@pytest.mark.parametrize("by", ["one process", "two processes"])
def test_the_tunnels_are_those_of_a_scan_with_the_same_facts_and_counts(by: str, seen: Seen) -> None:
    scanned = {place(tunnel): tunnel for tunnel in seen.scanned}
    assert set(scanned) == SHOWN
    watched = tunnels(seen.rows if by == "one process" else seen.fanned)
    assert set(watched) == SHOWN
    for name, rows in watched.items():
        assert len(rows) > 1, f"{name}: all of it was in one window"
        for fact in FACTS:
            assert {json.dumps(row[fact]) for row in rows} == {json.dumps(scanned[name][fact])}, (name, fact)
        # Where a window ended amid the handshake, its first packets were not a tunnel's yet.
        before = scanned[name]["packets"] - sum(row["packets"] for row in rows)
        assert 0 <= before <= 4, name
        if not before:
            assert sum(row["bytes"] for row in rows) == scanned[name]["bytes"], name
        told = [[(one["rule"], one["link"], len(one["packets"])) for one in row["evidence"]] for row in rows]
        assert told[-1] == [(one["rule"], one["link"], len(one["packets"])) for one in scanned[name]["evidence"]], name


@pytest.mark.parametrize("by", ["one process", "two processes"])
def test_every_packet_is_a_tunnel_s_or_all_else_s_or_skipped(by: str, seen: Seen) -> None:
    rows = seen.rows if by == "one process" else seen.fanned
    counted = sum(row["packets"] for row in rows if row["kind"] in ("tunnel", "transport"))
    skipped = sum(sum(row["skipped"].values()) for row in rows if row["kind"] == "window")
    read = sum(row["packets"] for row in rows if row["kind"] == "window")
    assert counted + skipped == read


def test_the_evidence_names_the_very_packets_that_a_scan_names(seen: Seen) -> None:
    """tcpdump began a little before: its numbers are ahead by the same for every packet."""
    scanned = {place(tunnel): tunnel for tunnel in seen.scanned}
    ahead = set()
    for name, rows in tunnels(seen.rows).items():
        for mine, its in zip(rows[-1]["evidence"], scanned[name]["evidence"], strict=True):
            ahead |= {number - other for number, other in zip(its["packets"], mine["packets"], strict=True)}
    assert len(ahead) == 1
    assert min(ahead) >= 0


def test_nothing_was_lost_and_every_window_says_so(seen: Seen) -> None:
    for rows in (seen.rows, seen.fanned):
        windows = [row for row in rows if row["kind"] == "window"]
        assert len(windows) > 3
        assert {row["lost"] for row in windows} == {0}
        assert {row["problem"] for row in windows} == {None}
        starts = [row["windowStart"] for row in windows]
        assert starts == sorted(set(starts))
        # All but the first and the last are whole seconds that begin on one.
        assert {row["windowMilliseconds"] for row in windows[1:-1]} == {1_000}
        assert all(start.endswith(".000000Z") for start in starts[1:])


def test_all_processes_together_read_what_one_reads(seen: Seen) -> None:
    def used(rows: list[Row]) -> int:
        """Packets of tunnels and of all else. None came before both watched, and none after the first one ended."""
        return sum(row["packets"] for row in rows if row["kind"] in ("tunnel", "transport"))

    assert used(seen.rows) == used(seen.fanned)
    assert used(seen.rows) > 50


def test_either_signal_ends_it_with_its_last_window_written(seen: Seen) -> None:
    assert seen.statuses == {"SIGTERM": 0, "SIGINT": 0, "public": 0}
    windows = [row for row in seen.rows if row["kind"] == "window"]
    assert 0 < windows[-1]["windowMilliseconds"] <= 1_200
    assert seen.errors["main"].splitlines()[-1].endswith("; nothing lost")
    assert "Traceback" not in "".join(seen.errors.values())


def test_the_files_hold_the_same_rows_and_no_half_of_one(seen: Seen) -> None:
    assert all(re.fullmatch(r"office-\d{8}T\d{6}(\.\d+)?Z\.parquet", name) for name in seen.files), seen.files
    assert len(seen.files) == len([row for row in seen.rows if row["kind"] == "window"])
    assert sorted(seen.parquet) == sorted((row["kind"], row["packets"]) for row in seen.rows)


def test_it_runs_as_nobody_and_has_no_right_left(seen: Seen) -> None:
    assert seen.rights == {
        "CapEff": "0" * 16, "CapPrm": "0" * 16, "NoNewPrivs": "1", "Uid": " ".join([NOBODY] * 4), "Groups": "",
    }


def test_on_a_public_network_only_the_registered_endpoint_is_named(seen: Seen) -> None:
    """Nobody said that it is owned, so it is public. No other address is anywhere in the output."""
    rows = [json.loads(line) for line in seen.public.splitlines()]
    assert set(tunnels(rows)) == {"198.51.100.10 51820 udp wireguard"}
    assert {row["verdict"] for row in rows if row["kind"] == "tunnel"} == {"registered"}
    assert "other" not in {row["kind"] for row in rows}
    assert all(row["flows"] >= 10 for row in rows if row["kind"] == "transport")
    assert set(ADDRESS.findall(seen.public + seen.errors["public"])) <= {"198.51.100.10"}
    assert "only registered endpoints are looked at" in seen.errors["public"]


# On a wire of its own: the frames of captures, sent as they are.


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that others may enter, with an owned network's configuration."""
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    (tmp_path / "licet.toml").write_text(OWNED)
    return tmp_path


def watch_far(wire: Wire, folder: Path, *options: str, **more: object) -> Watch:
    config = ("--config", str(folder / "licet.toml")) if "--config" not in options else ()
    return Watch(folder, "-i", "far", "--every", "1s", *config, *options, namespace=wire.far, **more)  # type: ignore[arg-type]


def test_frames_of_a_vlan_are_read_behind_their_tag(wire: Wire, folder: Path) -> None:
    """The system takes the tag off and hands it over beside the frame."""
    watch = watch_far(wire, folder)
    wire.send(CAPTURES / "wireguard-v4.pcap", bytes.fromhex("81000007"))
    wire.send(CAPTURES / "wireguard-v6.pcap")
    watch.wait_for(lambda rows: len(tunnels(rows)) == 2, "both tunnels")
    assert watch.end() == 0
    frames = sum(row["packets"] for row in watch.rows("window"))
    tagged = sum(row["vlanTagged"] for row in watch.rows("window"))
    (behind_tag,) = (rows for name, rows in tunnels(watch.rows()).items() if name.startswith("198."))
    assert tagged == sum(row["packets"] for row in behind_tag)
    assert 0 < tagged < frames


def test_an_interface_that_is_down_is_said_and_read_again_when_it_is_up(wire: Wire, folder: Path) -> None:
    watch = watch_far(wire, folder)
    wire.send(CAPTURES / "wireguard-v4.pcap")
    watch.wait_for(tunnels, "the first tunnel")
    before = watch.cpu_s()
    wire.inside(wire.far, "ip", "link", "set", "far", "down")
    watch.wait_for(lambda rows: watch.problem == "the interface is down", "what ails it")
    time.sleep(2)
    assert watch.cpu_s() - before < 1.0, "it spins"
    wire.inside(wire.far, "ip", "link", "set", "far", "up")
    wire.wait_until_up()
    watch.wait_for(lambda rows: watch.problem is None, "the watch to see it")
    wire.send(CAPTURES / "wireguard-v6.pcap")
    watch.wait_for(lambda rows: len(tunnels(rows)) == 2, "the second tunnel")
    assert watch.end() == 0
    assert watch.errors.splitlines().count("far: the interface is down") == 1, "it is said once"


def test_a_wire_that_is_pulled_is_said(wire: Wire, folder: Path) -> None:
    watch = watch_far(wire, folder)
    wire.inside(wire.near, "ip", "link", "set", "near", "down")
    watch.wait_for(lambda rows: watch.problem == "the interface has no carrier", "the carrier's loss")
    assert watch.end() == 0


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_watch_ends_with_its_last_interface_and_writes_what_it_saw(
    processes: str, wire: Wire, folder: Path
) -> None:
    watch = watch_far(wire, folder, "--every", "1d", "--fanout", processes)
    wire.send(CAPTURES / "wireguard-v4.pcap")
    time.sleep(0.3)
    wire.inside(wire.far, "ip", "link", "delete", "far")
    assert watch.wait() == 3
    assert watch.errors.splitlines()[-1] == "licet: no interface is left to watch: far is gone"
    assert "Traceback" not in watch.errors
    assert len(tunnels(watch.rows())) == 1
    assert watch.rows("window")[-1]["problem"] == "the interface is gone"


def test_a_watch_goes_on_while_another_interface_is_left(wire: Wire, folder: Path) -> None:
    wire.inside(wire.far, "ip", "link", "add", "spare", "type", "veth", "peer", "name", "other")
    wire.inside(wire.far, "ip", "link", "set", "other", "up")
    wire.inside(wire.far, "ip", "link", "set", "spare", "up")
    watch = watch_far(wire, folder, "-i", "spare")
    before = watch.cpu_s()
    wire.inside(wire.far, "ip", "link", "delete", "spare")
    watch.wait_for(
        lambda rows: any(row.get("problem") == "the interface is gone" and row["interface"] == "spare" for row in rows),
        "the interface to be gone",
    )
    wire.send(CAPTURES / "wireguard-v4.pcap")
    watch.wait_for(tunnels, "the tunnel")
    assert watch.cpu_s() - before < 1.5, "it spins"
    assert watch.end() == 0


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("kind", ["owned", "public"])
def test_sighup_reads_the_registries_again(kind: str, processes: str, wire: Wire, folder: Path) -> None:
    (folder / "licet.toml").write_text(f'[network]\nkind = "{kind}"\n')
    (folder / "registry.toml").write_text(registry("198.51.100.99 wireguard"))
    watch = watch_far(wire, folder, "--registry", str(folder / "registry.toml"), "--fanout", processes)
    wire.send(CAPTURES / "wireguard-v4.pcap")
    if kind == "owned":
        watch.wait_for(tunnels, "the tunnel")
        assert {row["verdict"] for row in watch.rows("tunnel")} == {"unregistered"}
    else:
        watch.wait_for(lambda rows: sum(row["packets"] for row in rows) > 0, "the packets")
        assert watch.rows("tunnel") == []
    (folder / "registry.toml").write_text("[[service]]\nhandle = 5\n")
    watch.process.send_signal(signal.SIGHUP)
    watch.wait_for(lambda rows: "those from before stay" in watch.errors, "what is wrong with the registry")
    (folder / "registry.toml").write_text(registry("198.51.100.10 wireguard"))
    watch.process.send_signal(signal.SIGHUP)

    def has_new_verdict(rows: list[Row]) -> bool:
        # Each process reads the registries when its window ends; what it saw before that is judged by the old ones.
        wire.send(CAPTURES / "wireguard-v4.pcap")
        return any(row.get("verdict") == "registered" for row in rows)

    watch.wait_for(has_new_verdict, "the new verdict")
    assert watch.end() == 0


@READABLE
def test_it_works_with_the_one_right_that_a_service_is_given(wire: Wire, folder: Path) -> None:
    """As examples/systemd starts it: a user of its own, and CAP_NET_RAW, which it gives up."""
    spool = folder / "windows"
    spool.mkdir()
    spool.chmod(0o777)
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all,+net_raw",
            "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw", "--no-new-privs")
    watch = watch_far(wire, folder, "--write", str(spool), before=user)
    assert watch.process.poll() is None, watch.errors
    assert (watch.status("CapEff"), watch.status("CapPrm"), watch.status("CapAmb")) == ("0" * 16,) * 3
    wire.send(CAPTURES / "wireguard-v4.pcap")
    watch.wait_for(tunnels, "the tunnel")
    assert watch.end() == 0
    assert list(spool.glob("far-*.parquet"))


_IMPORTS_AFTER = """
import sys
from licet.app.watch import run as watching
give_up = watching.give_up
def report(event, details):
    if event == "import" and details[1] is not None:
        sys.stderr.write(f"IMPORTED {details[0]}\\n")
def and_report(user):
    give_up(user)
    sys.addaudithook(report)
watching.give_up = and_report
from licet.cli.main import run
run()
"""


@pytest.mark.parametrize("format_name", ["jsonl", "table"])
def test_nothing_is_imported_once_the_rights_are_given_up(format_name: str, wire: Wire, folder: Path) -> None:
    """licet's own files may be out of reach then, where they are in somebody's home."""
    (folder / "registry.toml").write_text(registry("198.51.100.10 wireguard"))
    options = ("--registry", str(folder / "registry.toml"), "--write", str(folder / "windows"))
    program = (sys.executable, "-c", _IMPORTS_AFTER)
    watch = watch_far(wire, folder, *options, "--format", format_name, program=program)
    wire.send(CAPTURES / "wireguard-v4.pcap")
    time.sleep(1.5)
    watch.process.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    assert watch.end() == 0
    assert "IMPORTED" not in watch.errors, watch.errors
    assert list((folder / "windows").glob("*.parquet"))
