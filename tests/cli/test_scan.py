"""`licet scan` and `licet demo` as a user meets them: formats, exit statuses, one sentence for each mistake."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.packets import pcap

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "src" / "licet" / "app" / "demo"
OFFICE, REGISTRY = str(DEMO / "office.pcap"), str(DEMO / "registry.toml")


def licet(*arguments: str, stdin: bytes | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "licet", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, check=False, timeout=60)
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def _lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_demo_shows_all_four_verdicts_and_the_key_match(tmp_path: Path) -> None:
    done = licet("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for words in ("registered (6)", "conflict (1)", "not registered (2)", "undetermined (1)"):
        assert words in text
    assert (tmp_path / "licet-demo" / "report.html").read_text().startswith("<!doctype html>")
    explained = licet("explain", "licet-demo/office.pcap", "203.0.113.24:51820/udp", "--registry",
                      "licet-demo/registry.toml", cwd=tmp_path)
    assert b"egistered by key, new address" in explained.stdout


def test_the_demo_s_verdicts_are_those_of_its_readme() -> None:
    verdicts = {f"{t['address']}:{t['port']}/{t['transport']}": t["verdict"]
                for t in _lines(licet("scan", OFFICE, "--registry", REGISTRY, "--format", "jsonl"))}
    assert verdicts == {
        "198.51.100.10:51820/udp": "registered", "198.51.100.20:1194/udp": "registered",
        "198.51.100.30:500/udp": "registered", "198.51.100.30:4500/udp": "registered",
        "198.51.100.44:51820/udp": "undetermined", "203.0.113.24:51820/udp": "registered",
        "203.0.113.66:443/udp": "unregistered", "203.0.113.80:51820/udp": "conflict",
        "203.0.113.90:443/tcp": "unregistered", "2001:db8:b::61:51820/udp": "registered",
    }


def test_two_runs_give_the_same_bytes() -> None:
    for format_name in ("jsonl", "csv", "html"):
        runs = {licet("scan", OFFICE, "--registry", REGISTRY, "--format", format_name).stdout for _ in range(2)}
        assert len(runs) == 1, format_name


def test_standard_input_and_compression_give_the_same_tunnels() -> None:
    data = Path(OFFICE).read_bytes()
    plain = _lines(licet("scan", OFFICE, "--format", "jsonl"))
    for stdin in (data, gzip.compress(data)):
        piped = _lines(licet("scan", "-", "--format", "jsonl", stdin=stdin))
        assert piped == [{**tunnel, "capture": "-"} for tunnel in plain]


def test_several_processes_give_the_same_bytes() -> None:
    captures = str(ROOT / "tests" / "captures")
    for format_name in ("jsonl", "html"):
        one, many = (licet("scan", captures, OFFICE, "--registry", REGISTRY, "--format", format_name, "-j", jobs).stdout
                     for jobs in ("1", "3"))
        assert one == many, format_name


def test_data_goes_to_stdout_and_the_closing_line_to_stderr() -> None:
    done = licet("scan", OFFICE, "--format", "jsonl")
    assert done.stderr.decode().startswith("1,441 packets, 47 flows; skipped 27 ")
    assert done.stderr.count(b"\n") == 1


def test_findings_exit_with_1_only_when_asked() -> None:
    assert licet("scan", OFFICE, "--registry", REGISTRY).returncode == 0
    assert licet("scan", OFFICE, "--registry", REGISTRY, "--exit-code").returncode == 1
    assert licet("scan", OFFICE, "--exit-code").returncode == 0  # without a registry nothing is found wanting


def test_since_and_until_leave_packets_out_and_say_so() -> None:
    done = licet("scan", OFFICE, "--until", "2026-11-23T20:52:30Z", "--format", "jsonl")
    assert b"outside the time asked for" in done.stderr
    assert 0 < len(_lines(done)) < 10


def test_at_judges_as_of_another_time() -> None:
    done = licet("scan", OFFICE, "--registry", REGISTRY, "--at", "2031-01-01", "--format", "jsonl")
    assert {tunnel["verdict"] for tunnel in _lines(done)} == {"unregistered", "undetermined"}


def test_a_cut_capture_is_reported_up_to_the_cut_with_exit_3(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(Path(OFFICE).read_bytes()[:200_000])
    done = licet("scan", str(cut), "--format", "jsonl")
    assert done.returncode == 3
    assert len(_lines(done)) >= 5
    assert b"the file ends inside packet" in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"GIF89a......", "this is no capture"),
        (gzip.compress(pcap([]))[:-4], "ends early"),
    ],
    ids=["empty", "a picture", "gzip that was cut"],
)
def test_what_is_no_capture_is_said_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "file.pcap").write_bytes(content)
    done = licet("scan", "file.pcap", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.decode().startswith("file.pcap: ")
    assert words in done.stderr.decode()


def test_a_missing_file_stops_the_run_before_it_begins() -> None:
    done = licet("scan", OFFICE, "nowhere.pcap")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode() == "licet: nowhere.pcap: there is no such file or folder\n"


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--since", "yesterday"], ["--nonsense"]])
def test_a_wrong_option_is_a_usage_error(arguments: list[str]) -> None:
    done = licet("scan", OFFICE, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_folder_is_read_and_other_files_in_it_are_counted(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pcap").write_bytes(Path(OFFICE).read_bytes())
    (tmp_path / "in" / "notes.txt").write_text("not a capture")
    done = licet("scan", "in", "--format", "jsonl", cwd=tmp_path)
    assert {tunnel["capture"] for tunnel in _lines(done)} == {"in/a.pcap"}
    assert b"1 file in the folders given is no capture" in done.stderr
    assert done.returncode == 0


def test_a_folder_without_captures_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a capture")
    done = licet("scan", str(tmp_path))
    assert done.returncode == 3
    assert b"holds no captures" in done.stderr


def test_a_broken_registry_names_its_line(tmp_path: Path) -> None:
    entry = ["[[service]]", 'handle = "SVC-AAAA"', 'name = "x"', 'operator = "y"', "from = 2026-01-01",
             "until = 2027-01-01", 'endpoints = ["192.0.2.300 ipsec"]']
    (tmp_path / "registry.toml").write_text("\n".join(entry))
    done = licet("scan", OFFICE, "--registry", str(tmp_path / "registry.toml"))
    assert done.returncode == 3
    assert "registry.toml, line 7" in done.stderr.decode()


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f"{sys.executable} -m licet scan {OFFICE} --format jsonl | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_an_empty_but_whole_capture_has_no_tunnels(tmp_path: Path) -> None:
    (tmp_path / "empty.pcap").write_bytes(pcap([]))
    done = licet("scan", str(tmp_path / "empty.pcap"))
    assert done.returncode == 0
    assert b"No VPN tunnel was recognised" in done.stdout


def test_a_scan_imports_no_web_framework_and_help_stays_light() -> None:
    server_only = ("django", "ninja", "pydantic", "duckdb", "numpy")
    assert not {module for module in _imported("scan", OFFICE) if module.startswith(server_only)}
    heavy = ("rich", "jinja2", "tomlkit", "zstandard", "licet.flow", "licet.app")
    assert not {module for module in _imported("--help") if module.startswith(heavy)}


def _imported(*arguments: str) -> set[str]:
    """The modules that a command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "licet", *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    return {line.rsplit("|", 1)[-1].strip() for line in done.stderr.decode().splitlines() if "|" in line}


def test_the_library_gives_the_same_as_the_command() -> None:
    import licet as library

    result = library.scan(OFFICE, library.load(REGISTRY))
    command = _lines(licet("scan", OFFICE, "--registry", REGISTRY, "--format", "jsonl"))
    assert [judged.verdict.verdict for judged in result.tunnels] == [tunnel["verdict"] for tunnel in command]
    assert os.fspath(result.captures[0].path) == OFFICE
