"""Everything that licet writes about a capture, as one text; and captures with people planted in them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from click.testing import CliRunner

from house.source import ROOT
from licet.cli.main import licet
from licet.cli.scan import FORMATS
from licet.errors import LicetError
from licet.flow.records import Record
from support.packets import pcap
from support.vectors import Said, Vector, load_vectors, records

CAPTURES = sorted((ROOT / "tests/captures").glob("*.pcap"))
OFFICE = ROOT / "src/licet/app/demo/office.pcap"
OFFICE_REGISTRY = ROOT / "src/licet/app/demo/registry.toml"

# The people of the planted captures: addresses and a port that are nowhere else.
PERSON, PERSON6, PERSON_PORT = "203.0.113.77", "2001:db8:beef::77", 54_321
SERVER, SERVER6 = "198.51.100.10", "2001:db8:b::10"

REGISTRY = """
[[service]]
handle = "SVC-7F3K"
name = "Staff remote access"
operator = "Example Logistics"
from = 2020-01-01
until = 2040-01-01
endpoints = ["198.51.100.10 wireguard", "198.51.100.10 openvpn", "198.51.100.10 ipsec", "198.51.100.10 pptp"]
"""


@dataclass(frozen=True)
class Run:
    """What one command wrote, and how it ended."""

    stdout: str
    stderr: str
    status: int


def run(*arguments: str, stdin: str | None = None) -> Run:
    """One command of licet, with the sentence of an error as the command line prints it."""
    done = CliRunner().invoke(licet, list(arguments), input=stdin, standalone_mode=False)
    if isinstance(done.exception, LicetError):
        return Run(done.stdout, f"{done.stderr}licet: {done.exception}\n", done.exception.exit_status)
    if done.exception is not None:
        raise done.exception
    return Run(done.stdout, done.stderr, done.return_value or 0)


def tunnels(capture: Path, *options: str) -> list[dict[str, object]]:
    """The tunnels of a capture as `licet scan --format jsonl` writes them."""
    return [json.loads(line) for line in run("scan", str(capture), "--format", "jsonl", *options).stdout.splitlines()]


def endpoint(tunnel: dict[str, object]) -> str:
    """`ADDRESS:PORT/TRANSPORT` of a tunnel, as `licet explain` reads it."""
    host = f"[{tunnel['address']}]" if ":" in str(tunnel["address"]) else str(tunnel["address"])
    port = "" if tunnel["port"] is None else f":{tunnel['port']}"
    return f"{host if port else tunnel['address']}{port}/{tunnel['transport']}"


def everything(capture: Path, *options: str) -> str:
    """All that scan, explain, explain --find and replay write of a capture, on both streams, in every format.

    The path of the capture is taken out: the user gave it.
    """
    texts: list[str] = []

    def keep(done: Run) -> None:
        texts.extend((done.stdout, done.stderr))

    for name in FORMATS:
        keep(run("scan", str(capture), "--format", name, *options))
    for tunnel in tunnels(capture, *options):
        keep(run("explain", str(capture), endpoint(tunnel), *options))
        keep(run("explain", str(capture), endpoint(tunnel), "--find", *options))
        keep(run("replay", "-", str(capture), *options, stdin=json.dumps(tunnel)))
    return "\n".join(texts).replace(str(capture), "CAPTURE")


def spellings(secret: bytes) -> list[str]:
    """How bytes could show up in a text: hex in both cases, base64, a Python literal."""
    return [secret.hex(), secret.hex().upper(), base64.b64encode(secret).decode().rstrip("=")[:-1], repr(secret)[2:-1]]


@dataclass(frozen=True)
class Planted:
    """A conversation between a person and a server. opened_first: who sent the first packet of the capture."""

    name: str
    vector: Vector
    packets: tuple[Record, ...]

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.name}.pcap"
        path.write_bytes(pcap([(record.time_ns, record.frame) for record in self.packets]))
        return path


def planted(file: str, name: str, *, version: int = 4, begins: str = "client") -> Planted:
    """A vector spoken by a person. begins: `client`; `server`, which then sends a datagram of noise first; or
    `no-syn`, a TCP stream joined after its SYN."""
    vector = next(one for one in load_vectors(file) if one.name == name)
    client, server = (PERSON, SERVER) if version == 4 else (PERSON6, SERVER6)
    if vector.ports != (0, 0):
        vector = replace(vector, ports=(PERSON_PORT, vector.ports[1]))
    if begins == "server":
        noise = Said(False, 0.0, b"\xee" * 33)
        later = tuple(replace(said, at=said.at + 0.5) for said in vector.messages)
        vector = replace(vector, messages=(noise, *later))
    if begins == "no-syn":
        vector = replace(vector, with_syn=False)
    packets = records(vector, client=client, server=server)
    return Planted(f"{file}-{name}-{version}-{begins}", vector, tuple(packets))


def between(client: str, server: str, vector: Vector, ports: tuple[int, int] | None = None) -> Sequence[Record]:
    """A vector's packets between two addresses of one's choice."""
    return records(vector if ports is None else replace(vector, ports=ports), client=client, server=server)


def write_capture(path: Path, packets: Sequence[Record]) -> Path:
    """Write packets as a capture."""
    path.write_bytes(pcap([(record.time_ns, record.frame) for record in packets]))
    return path
