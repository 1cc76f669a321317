"""A numbered snapshot: it is published once, and its digest stands in the log, so that the same number can never be two
different lists, and anybody can fetch the one of a day that is long gone.
"""

from __future__ import annotations

from licet.lifecycle.table import MACHINE, Table

PUBLISHED = "published"

TABLE = Table(
    kind="snapshot",
    states=(PUBLISHED,),
    events=(),
    causes={},
    rows={PUBLISHED: {}},
    after={},
    births={"publish": (PUBLISHED, frozenset({MACHINE}))},
)


def subject_of(serial: int) -> str:
    """The handle under which the log has the snapshot with this number."""
    return f"SNP-{serial:04d}"
