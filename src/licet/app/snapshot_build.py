"""Build a numbered snapshot from `registry.toml`, and verify one (design §4, "Snapshot").

A serial never changes its content: the next number is taken only when the records changed, and a number that is
already used for other records is refused.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from licet.errors import BadFile, BadInput, VerificationFailed
from licet.snapshot import Snapshot, load
from licet.snapshot.form import Header, write_form
from licet.snapshot.registry_file import read_registry
from licet.snapshot.store import (
    is_snapshot,
    is_snapshot_file,
    load_checked,
    read_bytes,
    replace_file,
    snapshot_of,
)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Built:
    """snapshot: what the file holds now; form: its bytes; is_new: False where nothing had changed and the file was
    left as it was."""

    snapshot: Snapshot
    form: bytes
    is_new: bool


def build_snapshot(source: str, out: str | None, serial: int | None = None, published_ns: int | None = None) -> Built:
    """Turn a registry.toml into the snapshot file `out` (None: written nowhere).

    serial: 1, or one more than the file that `out` holds, unless given; published_ns: for the header, if the publisher
    wants to say when. The same registry gives the same bytes. Raises BadFile for either file, and BadInput for a
    serial that is already taken or behind.
    """
    raw = read_bytes(source)
    if is_snapshot(raw):
        raise BadFile(source, "is a snapshot already; build one from a registry.toml")
    registry = read_registry(source, raw)
    before = _snapshot_at(out)
    if before is not None and serial in (None, before.serial):
        # The same records under the header that was published give the digest that was published.
        again = snapshot_of(registry, Header(before.serial, registry.name, before.header.published_ns))
        if again == before:
            return Built(before, write_form(again.header, again.records), is_new=False)
    after = snapshot_of(registry, Header(_next_serial(before, serial), registry.name, published_ns))
    form = write_form(after.header, after.records)
    if out is not None:
        replace_file(out, form)
        load(out)  # Makes the index of a large snapshot now, and not when it is first needed.
    return Built(after, form, is_new=True)


def verify_snapshot(path: str, digest: str | None = None) -> Snapshot:
    """Check a snapshot file: its canonical form, and its digest if one is expected.

    Raises BadFile where it cannot be read at all, BadInput where the expected digest is no digest, and
    VerificationFailed where it does not hold.
    """
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise BadInput(f"“{digest}” is no digest; write sha256: and 64 hex digits in lower case")
    if not is_snapshot_file(path):
        raise VerificationFailed(f"{path} is not a snapshot")
    try:
        snapshot = load_checked(path)
    except BadFile as error:
        raise VerificationFailed(f"{error} — this is not a snapshot as it was published") from None
    if digest is not None and snapshot.digest != digest:
        raise VerificationFailed(f"{path} has the digest {snapshot.digest}, not {digest}: it is another snapshot, or "
                                 "it was changed")
    return snapshot


def _snapshot_at(out: str | None) -> Snapshot | None:
    """The snapshot that is to be replaced, if there is one. Raises BadFile for any other file: it is not ours to
    overwrite."""
    if out is None or not os.path.exists(out):
        return None
    if not is_snapshot_file(out):
        raise BadFile(out, "exists and is not a snapshot; it was left alone")
    return load(out)


def _next_serial(before: Snapshot | None, asked: int | None) -> int:
    last = 0 if before is None else before.serial or 0
    if asked is None:
        return last + 1
    if asked <= last:
        raise BadInput(f"serial {asked} is taken: the file holds serial {last}, and a serial never changes its "
                       f"content; use {last + 1}")
    return asked
