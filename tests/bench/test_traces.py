"""The traces of bench/: the same bytes each time, with tunnels that licet finds, and addresses that change."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from licet.app.report.jsonl import tunnel_object
from licet.app.scan import scan
from licet.capture.open import open_capture
from licet.flow.records import read_records
from licet.wire.ip import IPPacket, read_ip
from licet.wire.link import network_offset

pytest.importorskip("numpy")

ROOT = Path(__file__).parents[2]
PACKETS = 20_000

pytestmark = pytest.mark.xdist_group("bench")


def _run(module: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"bench.{module}", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _make(folder: Path, name: str, *arguments: object) -> Path:
    _run("make_trace", "--packets", PACKETS, "--out", folder / name, *arguments)
    return folder / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    return _make(folder, "whole.pcap", "--seed", 5)


@pytest.fixture(scope="module")
def cut(folder: Path) -> Path:
    return _make(folder, "cut.pcap", "--seed", 6, "--snaplen", 128, "--flows", 1_000)


def _truth(trace: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(trace.with_name(trace.name + ".json").read_text())
    return rows


def test_the_same_arguments_give_the_same_bytes(whole: Path, folder: Path) -> None:
    again = _make(folder, "again.pcap", "--seed", 5)
    assert again.read_bytes() == whole.read_bytes()
    assert _truth(again) == _truth(whole)


def test_another_seed_gives_another_trace(whole: Path, folder: Path) -> None:
    assert _make(folder, "other.pcap", "--seed", 7).read_bytes() != whole.read_bytes()


def test_too_few_packets_are_refused_in_a_sentence(folder: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _run("make_trace", "--packets", 2_000, "--flows", 1_000, "--out", folder / "none.pcap")
    assert "too few for 1000 flows" in refused.value.stderr
    assert "Traceback" not in refused.value.stderr


@pytest.mark.parametrize("name", ["whole", "cut"])
def test_licet_finds_every_certain_tunnel_and_no_other(name: str, request: pytest.FixtureRequest) -> None:
    trace = request.getfixturevalue(name)
    result = scan([str(trace)])
    (report,) = result.captures
    assert (report.packets, report.problem, dict(report.skipped), dict(report.evicted)) == (PACKETS, None, {}, {})
    lines = trace.with_suffix(".jsonl")
    lines.write_text("".join(json.dumps(tunnel_object(judged)) + "\n" for judged in result.tunnels))
    said = _run("recall", trace.with_name(trace.name + ".json"), lines).splitlines()
    certain = [row for row in _truth(trace) if row["grade"] == "certain"]
    expected = len({(row["transport"], row["address"], row["port"]) for row in certain})
    assert said[0] == f"{expected} of {expected} certain endpoints found; 0 mislabelled; 0 certain and false"


def test_a_missed_and_an_invented_tunnel_are_told(whole: Path, folder: Path) -> None:
    (folder / "wrong.jsonl").write_text(json.dumps(
        {"transport": "udp", "address": "192.0.2.1", "port": 51820, "family": "wireguard", "grade": "certain"}
    ))
    with pytest.raises(subprocess.CalledProcessError) as wrong:
        _run("recall", whole.with_name(whole.name + ".json"), folder / "wrong.jsonl")
    assert wrong.value.stdout.startswith("0 of ")
    assert "certain and false: 192.0.2.1 51820/udp" in wrong.value.stdout


def test_every_kind_of_tunnel_is_there_and_a_cut_call_is_no_more_than_likely(whole: Path, cut: Path) -> None:
    kinds = Counter(row["kind"] for row in _truth(whole))
    assert len(kinds) == 14
    assert min(kinds.values()) >= 2
    grades = [{row["grade"] for row in _truth(trace) if row["kind"] == "pptp-gre"} for trace in (whole, cut)]
    assert grades == [{"certain"}, {"likely"}]


def _frames(path: Path) -> list[bytes]:
    with open_capture(str(path)) as stream:
        return [record.frame for record in read_records(stream)]


def _addresses(frame: bytes) -> tuple[bytes, bytes]:
    offset = network_offset(1, frame)
    assert isinstance(offset, int)
    packet = read_ip(frame, offset)
    assert isinstance(packet, IPPacket)
    return packet.source, packet.destination


def test_each_repetition_of_real_captures_has_other_addresses_and_the_same_rest(cut: Path, folder: Path) -> None:
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "some.pcap").write_bytes(cut.read_bytes())
    (corpus / "notes.txt").write_text("no capture")
    size = cut.stat().st_size
    out = folder / "joined.pcap"
    _run("corpus_trace", corpus, "--bytes", 2 * size - 100, "--out", out)
    once, joined = _frames(cut), _frames(out)
    assert joined[:PACKETS] == once
    assert len(joined) == 2 * PACKETS
    for before, after in zip(once, joined[PACKETS:], strict=True):
        assert all(own != other for own, other in zip(_addresses(before), _addresses(after), strict=True))
        assert sum(own != other for own, other in zip(before, after, strict=True)) == 2
