"""What is compared: licet, other readers of captures where they are installed, and the floor below all of them.

Each says what it does with a capture, for a ratio means nothing without it. Nothing is installed here; what is missing
is left out and said.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from licet.flow.engine import has_kernel

VERSION_TIMEOUT_S = 30

_SNIPPETS = Path(__file__).parent / "inside.py"
_TUNNEL_FILTER = "wg || openvpn || isakmp || esp || ah || pptp || gre"


@dataclass(frozen=True)
class Program:
    """name: of its column; does: what of the job it does; command: for one capture; version: of what runs; is_inside:
    the program prints the CPU seconds of the part that counts, as its last line, and start-up is not among them;
    is_part: of the harness or of licet, with no version of its own; packets_max: larger captures take too long."""

    name: str
    does: str
    command: Callable[[str], list[str]]
    version: str
    is_inside: bool = False
    is_part: bool = False
    packets_max: int | None = None


LICET = "licet scan"
KERNEL = "licet's kernel"
FLOOR = "read()"


def find_programs(nfstream_python: str = "") -> list[Program]:
    """Everything that can be measured here, licet first. nfstream_python: an interpreter that has nfstream, or ""."""
    others = kernel(), ndpi_reader(), tcpdump(), tshark(), nfstream(nfstream_python)
    return [licet(), floor(), *(program for program in others if program is not None)]


def licet() -> Program:
    """The whole of licet, as an operator runs it."""
    command = [str(Path(sys.executable).with_name("licet")), "scan", "--quiet", "--format", "jsonl"]
    return Program(LICET, "whole process: reader, flow table, recognisers, one line a tunnel",
                   lambda capture: [*command, capture], metadata.version("licet"))


def kernel() -> Program | None:
    """The compiled reader and table with licet's sieves, without start-up and without recognisers."""
    if not has_kernel():
        return None
    return Program(KERNEL, "reader, flow table and sieves, inside a running process",
                   _inside("kernel"), metadata.version("licet"), is_inside=True, is_part=True)


def floor() -> Program:
    """The least that any reader of files costs."""
    return Program(FLOOR, "the file's bytes through a buffer of 256 KiB, inside a running process",
                   _inside("read"), platform.python_version(), is_inside=True, is_part=True)


def _inside(part: str) -> Callable[[str], list[str]]:
    return lambda capture: [sys.executable, str(_SNIPPETS), part, capture]


def bare_python() -> Program:
    """An interpreter that starts and ends: what licet's start-up cannot go below."""
    return Program("python -c pass", "whole process: starts and ends",
                   lambda capture: [sys.executable, "-c", "pass", capture], platform.python_version(), is_part=True)


def ndpi_reader() -> Program | None:
    """nDPI's own reader of captures (Debian: libndpi-bin)."""
    return _installed("ndpiReader", "whole process: reader, flow table, all its dissectors", ["-h"], ["-i"], [])


def tcpdump() -> Program | None:
    """tcpdump that writes every record again: it reads, and looks at nothing."""
    return _installed("tcpdump", "whole process: reads and writes every record, parses none", ["--version"], ["-r"],
                      ["-w", "/dev/null"])


def tshark() -> Program | None:
    """tshark's full dissection, for small captures."""
    return _installed("tshark", "whole process: dissects every packet, keeps those of tunnels", ["--version"], ["-r"],
                      ["-Y", _TUNNEL_FILTER], 200_000)


def nfstream(python: str) -> Program | None:
    """nfstream with nDPI inside, in an environment of its own."""
    if not python:
        return None
    code = "import sys, nfstream; print(sum(1 for _ in nfstream.NFStreamer(source=sys.argv[1], n_meters=1)))"
    version = _version([python, "-c", "from importlib.metadata import version; print(version('nfstream'))"])
    return Program("nfstream", "whole process: reader, flow table, nDPI", lambda capture: [python, "-c", code, capture],
                   version, packets_max=1_000_000)


def _installed(
    name: str, does: str, ask: list[str], before: list[str], after: list[str], packets_max: int | None = None
) -> Program | None:
    path = shutil.which(name)
    if path is None:
        return None
    return Program(name, does, lambda capture: [path, *before, capture, *after], _version([path, *ask]),
                   packets_max=packets_max)


def _version(command: list[str]) -> str:
    """The first version number in what a program says about itself."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False)
    found = re.search(r"\d+\.\d+[\w.+-]*", done.stdout + done.stderr)
    return found[0].rstrip(".") if found else "unknown"
