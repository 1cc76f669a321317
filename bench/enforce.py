"""How long a plan, applying and switching off take with 500 live orders, and what their rules cost the traffic.

    PYTHONPATH=tests:examples python -m bench.enforce --pairs 15

Needs root, nftables and iperf3. An office with 500 orders that two people signed, live in its log, each with a registry
of so many records; the commands are run whole, from a shell's point of view. Then iperf3 runs through the laboratory's
router, in turn with the rules and without, and the medians are compared. Figures are printed; nothing is asserted. Run
it on a machine that does nothing else: beside other work, two runs of the same differ by half.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable

from enforce.cases import HOUR_NS
from enforce.office import Done, Office
from enforce.orders import order, record, signed
from lab.network import Network
from lab.process import wait_until
from licet.enforce import nftables
from licet.enforce.memory import Memory

ORDERS = 500
REPEATS = 5
RUN_S = 2
# A router that filters has this already; without it, what is measured is that of filtering at all.
OWN_FIREWALL = """table inet own {
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state established,related accept
    }
}
"""


def make_office(network: Network, records: int) -> Office:
    """An office whose enforcer had all orders in force for a day."""
    office = Office(network.folder / "office", ("ip", "netns", "exec", network.router.namespace))
    files = [signed(order(f"203.0.113.{number % 250 + 2}:{50_000 + number // 250}/udp", puid=f"ORD-{number:08d}"))
             for number in range(ORDERS)]
    office.send(*files)
    office.write_log(*(entry for file in files for entry in office.steps(file.order.puid)))
    listed = [record(f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}:{number // 131072 + 1}/udp "
                     "wireguard", service=f"SVC-{number:08d}") for number in range(records)]
    office.publish_registry(*listed)
    office.write_config("enforce")
    activated = {f"{file.order.puid} {file.order.endpoints[0].endpoint}": office.at_ns - HOUR_NS for file in files}
    memory = Memory(office.at_ns - HOUR_NS, {files[0].order.case: office.at_ns - 30 * HOUR_NS}, activated)
    (office.folder / "state").mkdir()
    (office.folder / "state/memory.json").write_bytes(memory.to_bytes())
    return office


def cpu_s() -> float:
    """CPU seconds that all children took so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(run: Callable[[], Done], before: Callable[[], object] = lambda: None) -> dict[str, float]:
    """Medians of some runs of a command, from its start to its end. before: done before each, and not counted."""
    taken, cpu = [], []
    for _ in range(REPEATS):
        before()
        begun, cpu_begun = time.perf_counter(), cpu_s()
        done = run()
        taken.append(time.perf_counter() - begun)
        cpu.append(cpu_s() - cpu_begun)
        if done.status:
            raise SystemExit(done.err)
    return {"seconds": round(statistics.median(taken), 2), "cpu_seconds": round(statistics.median(cpu), 2)}


def commands(office: Office) -> dict[str, object]:
    """How long each command takes. Switching off is timed with all rules there."""
    office.apply()
    ruleset = subprocess.run([*office.words, "nft", "list", "ruleset"], capture_output=True, text=True, check=True)
    off = timed(lambda: office.licet("off", "--state", str(office.folder / "state")), before=office.apply)
    return {"rules": ruleset.stdout.count(" comment "), "off": off, "apply": timed(office.apply),
            "plan": timed(office.plan)}


def throughput(network: Network, office: Office, pairs: int) -> dict[str, object]:
    """iperf3 through the router, TCP, in turn with the rules and without, beside a firewall of the owner's."""
    subprocess.run([*office.words, "nft", "-f", "-"], input=OWN_FIREWALL, text=True, check=True)
    client, server = network.clients[0], network.server()
    artefacts = {"with": office.plan("--format", "artefact").out, "without": nftables.off()}
    found: dict[str, list[float]] = {"with": [], "without": []}
    with network.program(server, "iperf3", "-s") as process:
        wait_until(lambda: ":5201" in network.run(server, "ss", "-ltn"), "iperf3 to listen", process=process)
        for number in range(pairs):
            # What comes first in a pair takes turns too.
            for name in ("with", "without") if number % 2 else ("without", "with"):
                subprocess.run([*office.words, "nft", "-f", "-"], input=artefacts[name], text=True, check=True)
                said = network.run(client, "iperf3", "-J", "-c", server.v4, "-t", str(RUN_S), timeout_s=60)
                found[name].append(json.loads(said)["end"]["sum_received"]["bits_per_second"] / 1e6)
    medians = {name: statistics.median(values) for name, values in found.items()}
    ratios = [one / other for one, other in zip(found["with"], found["without"], strict=True)]
    return {"pairs": pairs, "mbit_s_with": round(medians["with"]), "mbit_s_without": round(medians["without"]),
            "ratio_of_medians": round(medians["with"] / medians["without"], 3),
            "median_of_ratios": round(statistics.median(ratios), 3), "load": os.getloadavg()[0]}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--records", type=int, default=10_000, help="in the registry")
    options = parser.parse_args()
    with Network() as network:
        office = make_office(network, options.records)
        print(json.dumps({"orders": ORDERS, "records": options.records, **commands(office)}))
        if options.pairs:
            print(json.dumps(throughput(network, office, options.pairs)))


if __name__ == "__main__":
    main()
