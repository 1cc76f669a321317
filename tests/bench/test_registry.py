"""The registry that look-ups are measured on: a snapshot as any other, with what its docstring promises."""

from __future__ import annotations

from pathlib import Path

from bench.registry import IPV4_SHARE, KEY_SHARE, public_key, write_registry

from licet.snapshot import load
from licet.snapshot.entry import mac1_key

RECORDS = 3_000


def test_it_is_canonical_and_has_the_shares_that_it_promises(tmp_path: Path) -> None:
    write_registry(tmp_path / "feed", RECORDS, seed=3)
    snapshot = load(tmp_path / "feed")
    assert len(snapshot.records) == RECORDS
    addresses = [record.address for record in snapshot.records if record.address is not None]
    assert RECORDS - len(addresses) == snapshot.key_count == RECORDS * KEY_SHARE
    assert sum("." in address for address in addresses) == int(len(addresses) * IPV4_SHARE)
    assert 0.01 < sum("/" in address for address in addresses) / len(addresses) < 0.04
    assert len(snapshot.by_mac1_key(mac1_key(public_key(0)))) == 1


def test_same_seed_gives_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write_registry(tmp_path / name, 100, seed)
    one, again, other = ((tmp_path / name).read_bytes() for name in ("one", "again", "other"))
    assert one == again != other
