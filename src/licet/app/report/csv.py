"""The facts of `licet.tunnel/1` as a flat table (RFC 4180) that opens in a spreadsheet by double click.

Three differences to the JSON lines, all for spreadsheets: a byte order mark, without which Excel takes UTF-8 for
something else; the evidence in three columns, its entries parted by `; `; and a leading apostrophe where a text would
be taken for a formula. The order of rows and the words are the same.
"""

from __future__ import annotations

import csv
from typing import TextIO

from licet.app.report.jsonl import tunnel_object
from licet.app.report.words import printable
from licet.app.results import JudgedTunnel, ScanResult

COLUMNS = (
    "capture", "transport", "address", "port", "family", "variant", "class", "grade", "verdict", "reason",
    "registration", "service", "operator", "evidence_rules", "evidence_links", "evidence_packets", "initiator",
    "clients", "flows", "packets", "bytes", "first_seen", "last_seen", "judged_at", "snapshot_serial",
    "snapshot_digest", "policy",
)  # fmt: skip

BYTE_ORDER_MARK = "\ufeff"

# What a spreadsheet may take for the start of a formula, with the full-width forms that East Asian versions accept.
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def write_csv(result: ScanResult, out: TextIO) -> None:
    """Write the head line and one row a tunnel, with CRLF line ends. `out` must not translate line ends."""
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for judged in result.tunnels:
        facts = _facts(judged)
        writer.writerow([_cell(facts[column]) for column in COLUMNS])


def _facts(judged: JudgedTunnel) -> dict[str, object]:
    """Every column's value; the nested members of the JSON object are flattened."""
    facts: dict[str, object] = dict(tunnel_object(judged))
    evidence, snapshot = judged.tunnel.evidence, judged.verdict.snapshot
    facts["service"], facts["operator"] = judged.service_title, judged.service_operator
    facts["evidence_rules"] = "; ".join(one.rule for one in evidence)
    facts["evidence_links"] = "; ".join(one.link or "" for one in evidence)
    facts["evidence_packets"] = "; ".join(" ".join(map(str, one.packets)) for one in evidence)
    facts["snapshot_serial"] = snapshot.serial if snapshot else None
    facts["snapshot_digest"] = snapshot.digest if snapshot else None
    return facts


def _cell(value: object) -> str:
    """One value as text: null is empty, hostile characters are replaced, and nothing starts a formula."""
    if value is None:
        return ""
    text = printable(str(value))
    if text.lstrip().startswith(_FORMULA_STARTS):
        return "'" + text
    return text
