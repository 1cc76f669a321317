"""`registrations/index.json`: which numbers can be had, in one small signed file (docs/snapshots.md).

    {"deltas":[{"before":"sha256:…","digest":"sha256:…","serial":12}],"digest":"sha256:…","registry":"Example",
     "schema":"licet.snapshots/1","serial":12,"whole":{"digest":"sha256:…","serial":10}}

`serial` and `digest` are those of the newest snapshot; `whole` is the newest that can be had in one piece; each of
`deltas` leads to a number from the one before it. Canonical JSON (RFC 8785), ends in a line feed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise

from licet.errors import Malformed
from licet.model.canonical import SAFE_INTEGER_MAX, Json, canonical_json
from licet.tuf.layout import DELTAS_MAX, INDEX_BYTES_MAX

SCHEMA = "licet.snapshots/1"
REGISTRY_LENGTH_MAX = 300

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A snapshot by its number. digest: `sha256:…` of its canonical form."""

    serial: int
    digest: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A way from the number before. before, digest: of the snapshot before it and of the one it leads to."""

    serial: int
    before: str
    digest: str


@dataclass(frozen=True, slots=True)
class Index:
    """newest: what the registry is now; whole: what can be had in one piece, never newer; deltas: without a gap, the
    last one leads to the newest."""

    registry: str | None
    newest: Numbered
    whole: Numbered
    deltas: tuple[Delta, ...]

    def way_from(self, have: Numbered) -> tuple[Delta, ...] | None:
        """The deltas that lead from a snapshot to the newest; None where they do not."""
        if have == self.newest:
            return ()
        way = tuple(delta for delta in self.deltas if delta.serial > have.serial)
        leads = way and way[0].serial == have.serial + 1 and way[0].before == have.digest
        return way if leads else None


def write_index(index: Index) -> bytes:
    """The file of an index."""
    deltas: list[Json] = [{"before": one.before, "digest": one.digest, "serial": one.serial} for one in index.deltas]
    return canonical_json({
        "schema": SCHEMA, "registry": index.registry, "serial": index.newest.serial, "digest": index.newest.digest,
        "whole": {"serial": index.whole.serial, "digest": index.whole.digest}, "deltas": deltas,
    }) + b"\n"


def read_index(raw: bytes) -> Index:
    """Read an index. Raises Malformed."""
    try:
        found = json.loads(raw) if len(raw) <= INDEX_BYTES_MAX else None
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise Malformed(f"the list of snapshots is not of the schema {SCHEMA}")
        index = Index(_registry(found), _numbered(found), _numbered(found["whole"]),
                      tuple(_delta(one) for one in found["deltas"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed("the list of snapshots is damaged: a member is missing or of another kind") from None
    _check(index)
    return index


def _check(index: Index) -> None:
    if len(index.deltas) > DELTAS_MAX:
        raise Malformed(f"the list of snapshots has more than {DELTAS_MAX} deltas")
    for earlier, later in pairwise(index.deltas):
        if later.serial != earlier.serial + 1 or later.before != earlier.digest:
            raise Malformed("the list of snapshots has a gap between its deltas")
    last = index.deltas[-1] if index.deltas else None
    if last is not None and (last.serial, last.digest) != (index.newest.serial, index.newest.digest):
        raise Malformed("the deltas in the list of snapshots do not lead to the newest number")
    if index.way_from(index.whole) is None:
        raise Malformed("the list of snapshots has no way from the whole one to the newest number")


def _registry(found: dict[str, object]) -> str | None:
    name = found["registry"]
    if name is None:
        return None
    if not isinstance(name, str) or len(name) > REGISTRY_LENGTH_MAX or not name.isprintable():
        raise ValueError
    return name


def _numbered(found: dict[str, object]) -> Numbered:
    return Numbered(_serial(found["serial"]), _digest(found["digest"]))


def _delta(found: dict[str, object]) -> Delta:
    return Delta(_serial(found["serial"]), _digest(found["before"]), _digest(found["digest"]))


def _serial(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= SAFE_INTEGER_MAX:
        raise ValueError
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError
    return value
