"""Publishing the registry's numbers as signed snapshots and deltas: files in `licet-data/tuf` that anybody may serve.

One machine signs: the one with the online key. The clock of the service does it each minute, and so does `licet
run-due`; two processes take turns.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from licet.errors import BadFile, BadInput, LicetError, Malformed, Refused, Unavailable
from licet.model.canonical import sha256_digest
from licet.server import diagnostics
from licet.server.deployment import Deployment, read_secret
from licet.server.registry.models import Registry, Snapshot
from licet.snapshot.delta import DELTA_BYTES_MAX, patched, read_delta, write_delta
from licet.tuf.current import read_current
from licet.tuf.index import Numbered
from licet.tuf.layout import DELTAS_MAX
from licet.tuf.publisher import Offer, Step, publish
from licet.tuf.signer import SigningKey, read_signing_key
from licet.tuf.state import SetState, read_state
from licet.tuf.store import PublishedFolder

ONLINE_KEYS_MAX = 8


def publish_signed(*, at: datetime) -> str:
    """Publish what is new, sign again what must be, and say so in one sentence. What is wrong with the folder or with a
    key is said there too: it must keep nothing else from being done, and what is published stays."""
    deployment: Deployment = settings.DEPLOYMENT
    store = PublishedFolder(deployment.tuf_path)
    try:
        keys = online_keys(deployment)
        if not keys:
            return "snapshots are not signed here: this machine does not have the online key"
        with store.hold():
            current = read_current(store)
            done = publish(store, keys, _offer(None if current is None else current.index.newest), at)
    except Unavailable as error:
        return f"snapshots are not signed: {error}"
    except LicetError as error:
        diagnostics.get(__name__).error("snapshots_not_signed", reason=str(error))
        return f"snapshots are not signed: {error}"
    return f"snapshot {done.newest.serial} is signed until {done.expires:%Y-%m-%dT%H:%M:%SZ}"


def online_keys(deployment: Deployment) -> list[SigningKey]:
    """The keys of this server: one, or for the time of a replacement the old one and the new one. Raises BadFile."""
    paths = sorted(deployment.online_keys_path.glob("*.key"))[:ONLINE_KEYS_MAX]
    keys = []
    for path in paths:
        try:
            keys.append(read_signing_key(read_secret(path)))
        except BadFile:
            raise
        except BadInput as error:
            raise BadFile(str(path), f"{error}. A server's key is made with `licet keys new --online`") from None
    return keys


def highest_signed() -> int:
    """The highest number that was ever published from here: one that a database from an older backup must not give to
    other content. 0 where nothing was."""
    try:
        current = read_current(PublishedFolder(settings.DEPLOYMENT.tuf_path))
    except LicetError:
        return 0  # signing says what is wrong with the folder
    return 0 if current is None else current.index.newest.serial


def signed_state() -> SetState | None:
    """What is published now, for pages, metrics and checks; None where nothing is, or the folder cannot be read."""
    deployment: Deployment = settings.DEPLOYMENT
    if not deployment.tuf_path.is_dir():
        return None
    try:
        return read_state(PublishedFolder(deployment.tuf_path))
    except LicetError:
        return None


def _offer(published: Numbered | None) -> Offer:
    """The numbers that came since the newest published one. Raises Refused where the registry is behind it."""
    newest = Snapshot.objects.order_by("-serial").values("serial", "digest").first()
    if newest is None:
        raise Refused("no_snapshot", "the registry has published none yet")
    if published is not None and newest["serial"] < published.serial:
        raise Refused("registry_behind", f"the registry's newest number is {newest['serial']}, and {published.serial} "
                      "is published: the database is an older one. The next number is higher, and will be signed")
    steps = _steps(published, newest["serial"], newest["digest"])
    name = Registry.objects.values_list("name", flat=True).get(pk=1)
    return Offer(name, steps, lambda: _body(newest["serial"]))


def _steps(published: Numbered | None, serial: int, digest: str) -> list[Step]:
    if published is not None and published.serial == serial:
        return []
    if published is None or serial - published.serial > DELTAS_MAX:
        return [Step(Numbered(serial, digest), None)]
    rows = Snapshot.objects.filter(serial__gt=published.serial).order_by("serial").values_list("serial", "digest")
    steps, before = [], published
    for one, its_digest in rows:
        steps.append(Step(Numbered(one, its_digest), _delta(before, one)))
        before = Numbered(one, its_digest)
    return steps


def _delta(before: Numbered, serial: int) -> bytes | None:
    """What leads from a number to the next; None where the old content is not here, or it would not be worth it. What
    comes of it is tried, since everybody would run into a mistake."""
    old_row = Snapshot.objects.filter(serial=before.serial, digest=before.digest).values_list("body", flat=True).first()
    if old_row is None or serial != before.serial + 1:
        return None
    old, new = bytes(old_row), _body(serial)
    delta = write_delta(_lines(old), _lines(new))
    if len(delta) > min(DELTA_BYTES_MAX, len(new) // 2):
        return None
    return delta if sha256_digest(old) == before.digest and _leads(old, delta, new) else None


def _leads(old: bytes, delta: bytes, new: bytes) -> bool:
    """True where a delta makes the new from the old."""
    digest = hashlib.sha256()
    try:
        for line in patched(_lines(old), read_delta(delta)):
            digest.update(line)
    except Malformed:
        return False
    return digest.digest() == hashlib.sha256(new).digest()


def _lines(raw: bytes) -> Iterator[bytes]:
    return iter(io.BytesIO(raw))


def _body(serial: int) -> bytes:
    return bytes(Snapshot.objects.values_list("body", flat=True).get(serial=serial))
