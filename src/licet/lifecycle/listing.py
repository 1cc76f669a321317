"""What the directory says of a service: each time that it changes, the log gets a digest of it, so that nobody can
alter a fact (who answers for it, what it logs) without a trace. Of a service that is not listed the log has only that.
"""

from __future__ import annotations

from licet.lifecycle.table import MACHINE, OFFICER, REGISTRANT, Table, move

LISTED, UNLISTED = "listed", "unlisted"

_ANYBODY = frozenset({REGISTRANT, OFFICER, MACHINE})

TABLE = Table(
    kind="listing",
    states=(LISTED, UNLISTED),
    events=("list", "describe", "unlist"),
    causes={"list": _ANYBODY, "describe": _ANYBODY, "unlist": _ANYBODY},
    rows={
        LISTED: {"describe": move(LISTED), "unlist": move(UNLISTED)},
        UNLISTED: {"list": move(LISTED)},
    },
    after={},
    births={"list": (LISTED, _ANYBODY)},
)


def subject_of(service: str) -> str:
    """The handle under which the log has the listing of a service. service: its handle."""
    return f"DIR-{service.partition('-')[2]}"
