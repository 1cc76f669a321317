"""Does a scan say what a trace holds? Its `licet.tunnel/1` lines against the trace's truth, endpoint by endpoint.

    python -m bench.recall t.pcap.json tunnels.jsonl

An endpoint is transport, address and port. A tunnel that is known by its protocol number alone may be named by either
end, for nothing on the wire says which one serves.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Endpoint = tuple[str, str, int | None]
CERTAIN = "certain"
SHOWN_MAX = 5  # examples of each fault

# Families that are also right, each for one reason: control and data of one tunnel.
ALSO_RIGHT = {"ipsec-ike": {"ipsec-esp"}, "ipsec-esp": {"ipsec-ike"}}


@dataclass(frozen=True, slots=True)
class Recall:
    """missed: certain in truth, and not certain in the scan; mislabelled: certain of another family there;
    false_certain: certain in the scan, and no tunnel at all in truth. expected: endpoints that are certain in truth;
    likely_expected: endpoints that can be no more than likely; likely_false: named likely, and no tunnel."""

    expected: int
    found: int
    missed: tuple[Endpoint, ...]
    mislabelled: tuple[Endpoint, ...]
    false_certain: tuple[Endpoint, ...]
    likely_expected: int
    likely_found: int
    likely_false: int

    @property
    def is_right(self) -> bool:
        """Every certain tunnel found under its name, and nothing else called certain."""
        return not (self.missed or self.mislabelled or self.false_certain)

    def lines(self) -> list[str]:
        """The result in sentences, with examples of what is wrong."""
        said = [
            f"{self.found:,} of {self.expected:,} certain endpoints found; {len(self.mislabelled):,} mislabelled; "
            f"{len(self.false_certain):,} certain and false",
            f"{self.likely_found:,} of {self.likely_expected:,} likely endpoints found; {self.likely_false:,} likely "
            "and false",
        ]
        for name, endpoints in (("missed", self.missed), ("mislabelled", self.mislabelled),
                                ("certain and false", self.false_certain)):
            said += [f"  {name}: {address} {port or ''}/{transport}" for transport, address, port in
                     endpoints[:SHOWN_MAX]]
        return said


def compare(truth: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]) -> Recall:
    """Hold a scan's records against the truth of its capture."""
    families: dict[Endpoint, set[str]] = defaultdict(set)
    certain: dict[Endpoint, set[str]] = defaultdict(set)
    likely: list[tuple[Endpoint, Endpoint]] = []
    for row in truth:
        families[_endpoint(row)].add(row["family"])
        if row["grade"] == CERTAIN:
            certain[_endpoint(row)].add(row["family"])
        else:
            likely.append((_endpoint(row), (row["transport"], row["peer"], None)))
    said: dict[Endpoint, set[str]] = defaultdict(set)
    named: set[Endpoint] = set()
    for record in records:
        named.add(_endpoint(record))
        if record["grade"] == CERTAIN:
            said[_endpoint(record)].add(record["family"])
    missed = tuple(one for one, names in certain.items() if not _agree(said.get(one, set()), names))
    mislabelled = tuple(one for one, names in said.items() if one in families and not names <= _accepted(families[one]))
    false_certain = tuple(one for one in said if one not in families)
    either = {end for ends in likely for end in ends}
    likely_false = sum(1 for one in named if one not in families and one not in said and one not in either)
    return Recall(len(certain), len(certain) - len(missed), missed, mislabelled, false_certain, len(likely),
                  sum(1 for ends in likely if any(end in named for end in ends)), likely_false)


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    return row["transport"], row["address"], row["port"]


def _agree(said: set[str], names: set[str]) -> bool:
    return bool(said & _accepted(names))


def _accepted(names: set[str]) -> set[str]:
    return names.union(*(ALSO_RIGHT.get(name, set()) for name in names))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def main() -> int:
    """Print how a scan did; 1 if anything certain is missed or false."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth", type=Path)
    parser.add_argument("tunnels", type=Path)
    arguments = parser.parse_args()
    recall = compare(json.loads(arguments.truth.read_text()), read_lines(arguments.tunnels))
    print("\n".join(recall.lines()))
    return 0 if recall.is_right else 1


if __name__ == "__main__":
    raise SystemExit(main())
