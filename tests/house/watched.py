"""What a watch writes of the packets of a capture, in every form, without an interface to send them through."""

from __future__ import annotations

import io
import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from licet.app.config import load_config
from licet.app.report.jsonl import json_line
from licet.app.report.live import window_text
from licet.app.report.observations import observations
from licet.app.report.parquet import OBSERVATION_COLUMNS, write_rows
from licet.app.watch.judging import Judging
from licet.app.watch.tracker import Tracker
from licet.app.watch.window import Window
from licet.capture.open import open_capture
from licet.flow.engine import kernel_counts
from licet.flow.kernel import Kernel
from licet.flow.matching import ReadySieves
from licet.flow.records import Record, read_records
from licet.flow.table import Limits
from licet.model.canonical import Json

SECOND_NS = 10**9
Rows = list[dict[str, Json]]


class Watched:
    """A capture's packets as two windows of a watch. kind: of the network, or None where nobody said.

    rows: what both windows give; text: these as JSON lines, as a table, and as Parquet, both its values and its bytes;
    handed_on: what a process of --fanout would send to another.
    """

    def __init__(self, packets: Sequence[Record], *, registry: Path | None = None, kind: str | None = None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = None
            if kind is not None:
                path = Path(folder) / "licet.toml"
                path.write_text(f'[network]\nkind = "{kind}"\n')
                config = load_config(str(path))
            self._judging = Judging((str(registry),) if registry is not None else (), config)
            self.rows: Rows = []
            self.handed_on = b""
            self.text = ""
            for window in self._windows(packets):
                self._write(window)
            self._write_parquet(Path(folder) / "windows.parquet")

    def _windows(self, packets: Sequence[Record]) -> list[Window]:
        look = self._judging.look()
        kernel = Kernel(ReadySieves(look.sieves), Limits(), listed=look.listed, live=True)
        tracker = Tracker(kernel, self._judging.scanner, (), lambda: None, None if look.is_owned else look.listed)
        windows = []
        half = (len(packets) + 1) // 2
        for some in (packets[:half], packets[half:]):
            for packet in some:
                kernel.add(*packet)
            begin_ns = some[0].time_ns if some else packets[-1].time_ns
            end_ns = begin_ns + 10 * SECOND_NS
            served, others, transports = tracker.end_window(end_ns)
            counts = kernel_counts(kernel)
            windows.append(Window(
                "eth0", begin_ns, end_ns, tuple(served), tuple(others), transports, counts.packets, counts.bytes,
                counts.flows, 0, 0, {skip.title: count for skip, count in counts.skipped.items()},
                dict(counts.evicted),
            ))
        return windows

    def _write(self, window: Window) -> None:
        judged = self._judging.judged(window)
        rows = list(observations(judged, "sensor-1"))
        self.rows += rows
        self.handed_on += pickle.dumps(window)
        self.text += "".join(json_line(row) + "\n" for row in rows)
        self.text += window_text([judged], io.StringIO())

    def _write_parquet(self, path: Path) -> None:
        write_rows(str(path), self.rows, OBSERVATION_COLUMNS)
        self.text += str(duckdb.sql(f"SELECT * EXCLUDE (windowStart, firstSeen, lastSeen, judgedAt) FROM '{path}'"
                                    ).fetchall())
        self.text += path.read_bytes().decode("latin-1")

    def addresses(self) -> set[object]:
        """All addresses that stand in the rows."""
        return {row["endpoint"]["address"] for row in self.rows if "endpoint" in row} - {None}  # type: ignore[index, call-overload]

    def tunnels(self) -> Rows:
        return [row for row in self.rows if row["kind"] == "tunnel"]


def packets_of(capture: Path) -> list[Record]:
    """The packets of a capture, read without the flow table."""
    with open_capture(str(capture)) as stream:
        return list(read_records(stream))
