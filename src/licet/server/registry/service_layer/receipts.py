"""Receipts: at which index of the log an entry of the outbox stands.

The log is written first and the receipt after it, so a process that ends in between leaves entries in the log that have
no receipt yet; `reconcile` finds them by what they say. Where the log and the database contradict each other, one of
them is an old copy, and writing on would fork the log: then nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Max, QuerySet

from licet.errors import LogBroken, Malformed
from licet.server.registry.models import Outbox, Receipt
from licet.tlog.entry import leaf_of, read_entry

MATCHED_AT_ONCE = 500
# On PostgreSQL a transaction may end after one that began later: its entries have the smaller keys and come later. None
# is behind by more than so many.
OUT_OF_ORDER_MAX = 10_000


def waiting(count_max: int) -> list[Outbox]:
    """The oldest entries that are not in the log, in the order in which they were written."""
    return list(waiting_rows().order_by("pk")[:count_max])


def waiting_rows() -> QuerySet[Outbox]:
    """The entries that are not in the log. Those that are in it are not looked through again: a log of a million
    entries would take a second for it, and each batch would."""
    found = Outbox.objects.filter(receipt=None)
    last = Receipt.objects.order_by("-leaf_index").values_list("entry_id", flat=True).first()
    return found if last is None else found.filter(pk__gt=last - OUT_OF_ORDER_MAX)


def next_index() -> int:
    """How many entries have a receipt: the index that the next one gets."""
    last = Receipt.objects.aggregate(last=Max("leaf_index"))["last"]
    return 0 if last is None else int(last) + 1


@transaction.atomic
def write_receipts(entries: Sequence[Outbox], first_index: int) -> None:
    """Note that these entries stand in the log from that index on."""
    Receipt.objects.bulk_create(Receipt(entry=entry, leaf_index=index)
                                for index, entry in enumerate(entries, first_index))


def last_leaf() -> bytes | None:
    """The leaf that the log should have at the last index for which there is a receipt."""
    last = Receipt.objects.select_related("entry").order_by("-leaf_index").first()
    return None if last is None else leaf_of(bytes(last.entry.body))[0]


def reconcile(leaves: Iterable[tuple[int, bytes]]) -> int:
    """Give receipts to entries that are in the log and have none. leaves: those of the log from `next_index` on.
    Returns how many. Raises LogBroken for a leaf that no entry of the outbox made."""
    found, batch = 0, []
    for index, leaf in leaves:
        batch.append((index, leaf))
        if len(batch) == MATCHED_AT_ONCE:
            found += _match(batch)
            batch = []
    return found + _match(batch)


def _match(batch: Sequence[tuple[int, bytes]]) -> int:
    if not batch:
        return 0
    digests = [_digest(index, leaf) for index, leaf in batch]
    rows = {row.body_digest: row for row in Outbox.objects.filter(receipt=None, body_digest__in=digests)}
    for (index, _), digest in zip(batch, digests, strict=True):
        if digest not in rows:
            raise LogBroken("unknown_entry", f"entry {index:,}", "the database has no such entry, or has given it "
                            "another place: it is older than the log, or not this log's. Restore the newer one")
    write_receipts([rows[digest] for digest in digests], batch[0][0])
    return len(batch)


def _digest(index: int, leaf: bytes) -> str:
    try:
        return read_entry(leaf).digest
    except Malformed as error:
        raise LogBroken("unknown_entry", f"entry {index:,}", f"it is no entry of this registry: {error}") from None
