"""The table `[log]` of licet.toml: which witnesses cosign the registry's log, and how many must before it is published.

    [log]
    quorum = 1

    [[log.witness]]
    url = "https://witness.example.org"
    key = "witness.example.org+1a2b3c4d+BAAA…"          # NAME+ID+KEY, as the witness publishes it

Without witnesses the log is published as it is signed. Keys are read when the log is written, not here.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.snapshot.toml_table import Table

WITNESSES_MAX = 32
URL_LENGTH_MAX = 300


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """url: where it is asked; key: its verifier key as text."""

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class LogTable:
    """What the file says of the log."""

    witnesses: tuple[WitnessRow, ...] = ()
    quorum: int = 0


def read_log_table(table: Table) -> LogTable:
    """Read `[log]`, noting every mistake in the table's list of faults."""
    table.refuse_unknown(("quorum", "witness"))
    rows = []
    for row in table.tables("witness", WITNESSES_MAX):
        row.refuse_unknown(("url", "key"))
        url = row.text("url", required=True, length_max=URL_LENGTH_MAX)
        if url and not url.startswith(("https://", "http://")):
            row.fault("url is not of the form https://witness.example.org", "url")
        rows.append(WitnessRow(url, row.text("key", required=True, length_max=URL_LENGTH_MAX)))
    quorum = table.values.get("quorum", len(rows))
    if isinstance(quorum, bool) or not isinstance(quorum, int) or not 0 <= quorum <= len(rows):
        table.fault(f"quorum is not a number from 0 to {len(rows)}, the number of witnesses", "quorum")
        quorum = 0
    return LogTable(tuple(rows), quorum)
