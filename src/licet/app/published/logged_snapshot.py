"""One numbered snapshot, however old, as the log says it was published: fetched from the registry or from whoever else
keeps it, and believed only because its bytes have the digest of its entry.
"""

from __future__ import annotations

from licet.app.log import Trust, prove
from licet.errors import BadInput, LogBroken, Unavailable
from licet.lifecycle import publication
from licet.model.canonical import sha256_digest
from licet.tlog.fetch import Site

SNAPSHOT_BYTES_MAX = 1024 * 1024 * 1024
LOG_SUFFIX = "/log"


def fetch_logged_snapshot(place: str, trust: Trust, serial: int, registry: str | None) -> bytes:
    """The bytes of a snapshot. place: of the log; registry: the address of who publishes it, None where it is the one
    whose log this is. Raises LogBroken where it is not in the log or not what the log says, Unavailable, BadInput."""
    subject = publication.subject_of(serial)
    try:
        _, proven = prove(place, trust, subject, None)
    except BadInput as error:
        raise LogBroken("snapshot_not_logged", f"snapshot {serial}", f"the log does not have it: {error}") from None
    digest = proven.entry.details.get("digest")
    if proven.entry.kind != publication.TABLE.kind or not isinstance(digest, str):
        raise LogBroken("snapshot_not_logged", f"snapshot {serial}", f"entry {proven.index:,} is not of a snapshot")
    site = Site(registry or _registry_of(place))
    path = f"snapshot/{serial}"
    try:
        raw = site.read(path, SNAPSHOT_BYTES_MAX)
    finally:
        site.close()
    if raw is None:
        raise Unavailable(f"{site.url}/{path}: it is not there any more; ask whoever kept it, its digest is {digest}")
    if sha256_digest(raw) != digest:
        raise LogBroken("snapshot_changed", f"{site.url}/{path}", f"it is not the one that was published: entry "
                                                                  f"{proven.index:,} says {digest}")
    return raw


def _registry_of(place: str) -> str:
    """The address of the registry whose log is at this address. Raises BadInput for a folder."""
    if "://" not in place or not place.rstrip("/").endswith(LOG_SUFFIX):
        raise BadInput(f"“{place[:80]}” does not say where the registry is: name its address with --published")
    return place.rstrip("/").removesuffix(LOG_SUFFIX)
