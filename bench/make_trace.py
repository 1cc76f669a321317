"""Make a seeded synthetic trace: ordinary traffic with about 3 % of tunnels, and the truth about these.

    python -m bench.make_trace --packets 5000000 --seed 1 --out full5m.pcap
    python -m bench.make_trace --packets 20000000 --flows 1000000 --snaplen 128 --out snap20m.pcap

The truth, OUT.json by default, is a JSON list of the tunnels' flows: family, transport, the server's address and port
(null where there are no ports), the other end's address where these two may be confused, the grade that its packets
deserve, packets. The same arguments give the same bytes
under the same numpy. Five million packets take about half a minute and 1 GB of memory.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
from pathlib import Path
from typing import Any

import numpy as np

from bench import ordinary, tunnels
from bench.conversation import TCP, TRANSPORT_NAMES, UDP
from bench.frames import Composer, file_header
from bench.plan import BASE_S, Flows, plan_flows, plan_packets

KINDS = (*ordinary.KINDS, *tunnels.KINDS)
PACKETS_A_FLOW = 25
FLOWS_MIN = 200  # two of each kind of tunnel, and ordinary traffic around them


def make_trace(
    out: Path, truth: Path, packets: int, flows: int, snaplen: int, seed: int, base_s: int = BASE_S
) -> int:
    """Write a trace and its truth; returns how many tunnel flows it has. base_s: its first second. Raises ValueError as
    `plan_flows` does."""
    rng = np.random.default_rng(seed)
    plan = plan_flows(KINDS, packets, flows, rng, base_s)
    composer = Composer(plan, plan_packets(plan, rng), snaplen, rng)
    with open(out, "wb") as file:
        file.write(file_header(snaplen))
        for chunk in composer.chunks():
            file.write(chunk.data)
    rows = truth_rows(plan, snaplen)
    truth.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    return len(rows)


def truth_rows(flows: Flows, snaplen: int) -> list[dict[str, Any]]:
    """One object a tunnel's flow, in the order of the plan."""
    found = []
    for index, kind in enumerate(flows.kinds):
        rows = flows.rows(index)
        for flow in range(rows.start, rows.stop) if kind.family else ():
            width = 16 if flows.is_v6[flow] else 4
            ends = [str(ipaddress.ip_address(end.tobytes())) for end in flows.address[flow, :, :width]]
            has_port = kind.transport in (TCP, UDP)
            found.append({
                "family": kind.family,
                "transport": TRANSPORT_NAMES[kind.transport],
                "address": ends[1],
                "port": int(flows.ports[flow, 1]) if has_port else None,
                "peer": None if has_port else ends[0],
                "grade": kind.grade if snaplen >= kind.needs_bytes else "likely",
                "kind": kind.name,
                "packets": int(flows.packets[flow]),
            })
    return found


def main() -> None:
    """Read the arguments and make one trace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, required=True)
    parser.add_argument("--flows", type=int, help=f"default: one for every {PACKETS_A_FLOW} packets")
    parser.add_argument("--snaplen", type=int, default=65_535, help="bytes kept of each frame")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=BASE_S, help="its first second, since the epoch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--truth", type=Path, help="default: OUT.json")
    arguments = parser.parse_args()
    flows = arguments.flows or max(arguments.packets // PACKETS_A_FLOW, FLOWS_MIN)
    truth = arguments.truth or arguments.out.with_name(arguments.out.name + ".json")
    try:
        tunnel_flows = make_trace(arguments.out, truth, arguments.packets, flows, arguments.snaplen, arguments.seed,
                                  arguments.start)
    except ValueError as error:
        parser.error(str(error))
    print(f"{arguments.out}: {arguments.packets:,} packets, {flows:,} flows, {tunnel_flows:,} of them of tunnels")


if __name__ == "__main__":
    main()
