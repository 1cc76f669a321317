"""Bringing the outbox into the log: in order, in batches, each entry once, with a receipt beside it.

One machine writes the log of a registry: the one that has its key. Two processes on it take turns.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from licet.errors import BadInput, LogBroken, Malformed, Unavailable
from licet.model.canonical import sha256_digest
from licet.server.deployment import Deployment, read_secret
from licet.server.registry.models import Outbox
from licet.server.registry.service_layer import receipts
from licet.tlog.entry import leaf_of
from licet.tlog.note import read_verifier_key
from licet.tlog.signer import LogKey, read_log_key
from licet.tlog.store import FolderStore
from licet.tlog.witness import Witness, Witnesses
from licet.tlog.writer import BATCH, Writer


def write_log() -> str:
    """Write what waits and publish it, and say so in one sentence. Raises LogBroken where the log or the database is
    not what it was: then nothing is written until somebody looked."""
    deployment: Deployment = settings.DEPLOYMENT
    if not deployment.log_key_path.exists():
        return "the log is not written here: this machine does not have its key"
    key = read_log_key(read_secret(deployment.log_key_path))
    store = FolderStore(deployment.log_path)
    try:
        with store.hold():
            writer = _open(store, key, deployment)
            _require_same_past(writer)
            receipts.reconcile(writer.leaves_from(receipts.next_index()))
            while rows := receipts.waiting(BATCH):
                first = writer.size
                _append(writer, rows)
                receipts.write_receipts(rows, first)
            writer.publish()
    except Unavailable as error:
        return f"the log waits: {error}"
    return f"the log has {writer.size} entries"


def _open(store: FolderStore, key: LogKey, deployment: Deployment) -> Writer:
    rows = deployment.log.witnesses
    if not rows:
        return Writer(store, key)
    try:
        asked = Witnesses([Witness(row.url, read_verifier_key(row.key)) for row in rows], deployment.log.quorum)
    except ValueError as error:
        raise BadInput(f"{deployment.config_path}, [log]: {error}") from None
    return Writer(store, key, asked.cosign, asked.policy)


def _append(writer: Writer, rows: Sequence[Outbox]) -> None:
    leaves: list[bytes] = []
    bodies: dict[str, bytes] = {}
    for row in rows:
        try:
            leaf, apart = leaf_of(bytes(row.body))
        except Malformed as error:
            raise LogBroken("entry_malformed", str(row), f"the log does not take this entry: {error}") from None
        leaves.append(leaf)
        if apart is not None:
            bodies[sha256_digest(apart)] = apart
    writer.append(leaves, bodies)


def _require_same_past(writer: Writer) -> None:
    """The last entry with a receipt stands where its receipt says."""
    index = receipts.next_index()
    if index > writer.size:
        raise LogBroken("rolled_back", f"the log with {writer.size:,} entries", f"the database knows of {index:,}: the "
                        "log's folder is an old copy. Restore the newer one, perhaps from a mirror; all is as it was")
    if index and next(writer.leaves_from(index - 1))[1] != receipts.last_leaf():
        raise LogBroken("fork_refused", f"entry {index - 1:,}", "the database says that another stands there: folder "
                        "and database are of two registries, or one of them was changed. Nothing was written")
