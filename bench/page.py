"""The page of figures: what was measured, on what, how to repeat it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.cases import Case
from bench.compare import Result, against_floor, table
from bench.recall import Recall

_INTRODUCTION = """\
# Benchmarks

How fast licet is, beside other programs that read captures. This page is written by `make bench`; do not edit it.

{machine}
Measured {date}. Page cache warm, each program in turn on one core ({pairs} rounds), CPU time of user and system.
Seconds are medians; a ratio is the median of the rounds' ratios, with the least and the most. Peaks below 10 MB cannot
be seen.

{versions}

A ratio says little without what it compares:

- **{licet}** is a whole process, from command to last line: interpreter, reader, flow table, recognisers.
- **ndpiReader** is a whole process too. It looks for several hundred protocols where licet looks for {families}: this
  compares two ways to learn of the tunnels in a capture, and not two libraries.
- **tcpdump** reads and writes records and parses none: who wants only to read can be that fast.
- **read()** is the file's bytes through a buffer, and nothing else. No program that reads files is faster.
"""

_REPEAT = """\
## How to repeat it

```sh
make bench                                     # all of it: some minutes, and 7 GB in a cache folder
make bench PACKETS=200000 SNAP_PACKETS=400000  # small; prints the page and leaves this one alone
make bench CORPUS="captures more-captures"     # with real captures of yours, joined and repeated
make bench NFSTREAM=/tmp/nf/bin/python         # with nfstream, from a venv of its own
python -m bench.compare FILE.pcap              # any one capture
```

The cache folder is `$LICET_BENCH_DIR`, else `/tmp/licet-bench`. Peers are measured where they are installed: on Debian,
`apt install libndpi-bin tcpdump tshark`. The traces are seeded: the same arguments and the same numpy give the same
bytes. About 3 % of their flows are tunnels with correct openings; 15 % of flows are IPv6, 8 % carry a VLAN tag, and
payload behind the openings is noise. Noise makes other programs' work on TLS and QUIC lighter or heavier than in the
field; real captures are the check on that.

Live traffic is measured by a command of its own, as root, for it makes namespaces and a wire between them:
`python -m bench.live` sends 300,000 packets a second through `licet watch`, and prints what was lost, the share of a
core, and whether each tunnel has the evidence of a scan.

Not measured: a cold disk, pcapng, compressed captures, other processors.
"""


@dataclass(frozen=True)
class Section:
    """One case's results. recall: None where the truth is not known."""

    case: Case
    results: Sequence[Result]
    recall: Recall | None = None
    remarks: Sequence[str] = field(default=())


def page(sections: Sequence[Section], date: str, pairs: int, families: Sequence[str]) -> str:
    """The page in Markdown."""
    licet = sections[0].results[0].program.name
    text = _INTRODUCTION.format(
        machine=machine(), date=date, pairs=pairs, versions=_versions(sections), licet=licet,
        families=f"{len(families)} families",
    )
    for section in sections:
        text += "\n".join(["", f"## {section.case.name}", "", section.case.about, "", *_section(section), ""])
    return text + "\n" + _REPEAT


def _section(section: Section) -> list[str]:
    lines = [*table(section.results, section.case.packets), ""]
    lines += against_floor(section.results)
    if section.recall is not None:
        lines += [f"- licet against the trace's truth: {line}" for line in section.recall.lines()]
    return [*lines, *(f"- {remark}" for remark in section.remarks)]


def _versions(sections: Sequence[Section]) -> str:
    programs = [one.program for section in sections for one in section.results if not one.program.is_part]
    shown = [f"{program.name} {program.version}" for program in dict.fromkeys(programs)]
    return "Versions: " + ", ".join([*shown, f"numpy {np.__version__} (makes the traces)"]) + "."


def machine() -> str:
    """Processor, cores, memory and system in one sentence."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory_bytes / 2**30:.0f} GiB, {system}, "
        f"Python {platform.python_version()}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
