"""Tunnels as a table for a terminal, grouped by verdict, at most 100 columns wide and never less than 60.

Plain text and a few colour codes: a scan of a small capture should not pay for a layout library. Colour is only for a
terminal, honours NO_COLOR, and repeats what a glyph and a word already say. An address is never cut: where it is too
long for its column it gets a line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from licet.app.report.terminal import WIDTH_MAX, WIDTH_MIN, text_width, wants_color, write_text
from licet.app.report.words import (
    GLYPHS,
    NOT_A_FAULT,
    VERDICT_MEANINGS,
    cell_width,
    count_text,
    fit,
    pad,
    printable,
    protocol_text,
    sentence,
    server_text,
    size_text,
    wrap,
)
from licet.app.results import JudgedTunnel, ScanResult
from licet.model.verdict import CONFLICT, REGISTERED, UNDETERMINED, UNREGISTERED, VERDICT_TITLES, VERDICTS

SERVICE_BESIDE_MIN = 88  # narrower than this, the registration goes below its row

SIZE_WIDTH, PROTOCOL_WIDTH_MAX = 6, 20
LINES_BELOW_MAX = 4  # of one name, reason or remark under its row

# Not registered is blue, not red: the colour must not accuse either.
_COLORS = {REGISTERED: "\x1b[32m", CONFLICT: "\x1b[33m", UNREGISTERED: "\x1b[34m", UNDETERMINED: "\x1b[35m"}
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"

_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Widths of the columns that vary, in characters. service: 0 where the registration goes below its row;
    has_names_beside: the names of all services fit into that column, else all go below."""

    width: int
    gap: int
    server: int
    protocol: int
    bar: int
    service: int
    has_names_beside: bool
    color: bool

    def paint(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self.color else text


def write_table(result: ScanResult, out: TextIO) -> None:
    """Print the table as wide and colourful as `out` can take."""
    write_text(table_text(result, text_width(out), color=wants_color(out)), out)


def table_text(result: ScanResult, width: int = WIDTH_MAX, *, color: bool = False) -> str:
    """The whole table with its closing sentence and line ends; no line is wider than `width` (60 to 100) columns."""
    width = max(WIDTH_MIN, min(width, WIDTH_MAX))
    layout = _layout(result, width, color=color)
    lines: list[str] = []
    captures = list(dict.fromkeys(judged.tunnel.capture for judged in result.tunnels))
    for capture in captures:
        tunnels = [judged for judged in result.tunnels if judged.tunnel.capture == capture]
        if len(result.captures) > 1:
            lines += [layout.paint(fit(printable(capture), width), _BOLD), ""]
        lines += _section(tunnels, layout)
    lines += wrap(closing_sentence(result), width)
    return "\n".join(lines) + "\n"


def closing_sentence(result: ScanResult) -> str:
    """The one sentence that says what was found, and does not say more than that."""
    tunnels = result.tunnels
    if not tunnels:
        return "No VPN tunnel was recognised; what licet does not recognise it does not name."
    verdicts = [judged.verdict.verdict for judged in tunnels]
    counts = [f"{verdicts.count(verdict):,} {VERDICT_TITLES[verdict]}" for verdict in VERDICTS if verdict in verdicts]
    found = f"{count_text(len(tunnels), 'tunnel')}: {', '.join(counts)}"
    if all(judged.verdict.snapshot is None for judged in tunnels):
        return f"{found}; no registry was given (--registry FILE), so nothing was compared."
    return f"{found}; {NOT_A_FAULT}." if UNREGISTERED in verdicts else f"{found}."


def _layout(result: ScanResult, width: int, *, color: bool) -> _Layout:
    """Give each column what its contents need, up to a bound; the registration gets the rest."""
    is_wide = width >= SERVICE_BESIDE_MIN
    gap, bar, server_max = (2, 6, 26) if is_wide else (1, 0, 21)
    servers = [cell_width(server_text(judged.tunnel)) for judged in result.tunnels]
    # A few long IPv6 addresses must not push the other columns apart: they get a line of their own.
    server = max([length for length in servers if length <= server_max], default=len("server"))
    fixed = 2 + server + gap + gap + len("certain") + gap + len("clients") + gap + (bar + 1 if bar else 0) + SIZE_WIDTH
    protocols = [cell_width(protocol_text(judged.tunnel.family, judged.tunnel.variant)) for judged in result.tunnels]
    protocol = min(max(protocols, default=0), PROTOCOL_WIDTH_MAX, width - fixed)
    protocol = max(protocol, len("protocol"))
    service = width - fixed - protocol - gap if is_wide else 0
    has_names_beside = all(cell_width(_registration(judged)) <= service for judged in result.tunnels)
    return _Layout(width, gap, server, protocol, bar, service, has_names_beside, color)


def _section(tunnels: Sequence[JudgedTunnel], layout: _Layout) -> list[str]:
    """The column heads and the groups of one capture."""
    heads = _columns(layout, "server", "protocol", "grade", "clients", "share", "size", "registration")
    total_bytes = sum(judged.tunnel.bytes for judged in tunnels)
    lines = [layout.paint(heads, _DIM)]
    for verdict in VERDICTS:
        group = [judged for judged in tunnels if judged.verdict.verdict == verdict]
        if group:
            lines.append(_group_head(verdict, len(group), layout))
            for judged in group:
                lines += _rows(judged, total_bytes, layout)
            lines.append("")
    return lines


def _group_head(verdict: str, count: int, layout: _Layout) -> str:
    title, meaning = f"{GLYPHS[verdict]} {VERDICT_TITLES[verdict]} ({count:,})", VERDICT_MEANINGS[verdict]
    head = layout.paint(title, _COLORS[verdict] + _BOLD)
    return f"{head}  {layout.paint(meaning, _DIM)}" if len(f"{title}  {meaning}") <= layout.width else head


def _columns(
    layout: _Layout, server: str, protocol: str, grade: str, clients: str, bar: str, size: str, service: str
) -> str:
    """One line in the layout's columns; numbers stand right. The bar and the registration may have no column."""
    cells = [pad(server, layout.server), pad(protocol, layout.protocol), pad(grade, 7), f"{clients:>7}"]
    traffic = f"{size:>{SIZE_WIDTH}}"
    cells.append(f"{pad(bar, layout.bar)} {traffic}" if layout.bar else traffic)
    if layout.service:
        cells.append(fit(service, layout.service))
    return "  " + (" " * layout.gap).join(cells).rstrip()


def _rows(judged: JudgedTunnel, total_bytes: int, layout: _Layout) -> list[str]:
    """One tunnel: its row, an extra line where the address or the registration has no room, and reasons."""
    tunnel, verdict = judged.tunnel, judged.verdict
    server, lines = server_text(tunnel), []
    if cell_width(server) > layout.server:
        lines.append(f"  {server}")
        server = ""
    beside, below = _service(judged, layout)
    lines.append(
        _columns(
            layout, server, protocol_text(tunnel.family, tunnel.variant), tunnel.grade, f"{tunnel.clients:,}",
            _bar(tunnel.bytes, total_bytes, layout), size_text(tunnel.bytes), beside or "—",
        )
    )  # fmt: skip
    lines += _below(below, layout)
    if verdict.verdict == CONFLICT:
        lines += _below(sentence(verdict.reason), layout)
    for words in verdict.informs:
        lines += _below(sentence(words), layout)
    return lines


def _service(judged: JudgedTunnel, layout: _Layout) -> tuple[str, str]:
    """Handle and name of the registration that decided: what stands beside the row, and what has room only below."""
    handle, both = printable(judged.verdict.registration or ""), _registration(judged)
    if layout.has_names_beside:
        return both, ""
    return (handle, printable(judged.service_title)) if cell_width(handle) <= layout.service else ("", both)


def _registration(judged: JudgedTunnel) -> str:
    return printable(f"{judged.verdict.registration or ''} {judged.service_title}".strip())


def _below(text: str, layout: _Layout) -> list[str]:
    """Text on lines of its own, set in under the row that it belongs to, so that it can be read whole."""
    room = layout.width - 4
    lines = wrap(text, room)
    if len(lines) > LINES_BELOW_MAX:
        lines = [*lines[: LINES_BELOW_MAX - 1], fit(lines[LINES_BELOW_MAX - 1] + "…" * room, room)]
    return ["    " + layout.paint(line, _DIM) for line in lines]


def _bar(part: int, whole: int, layout: _Layout) -> str:
    """A bar of the tunnel's share in the bytes of all tunnels shown; something is always more than nothing."""
    if not part or not whole:
        return ""
    eighths = max(1, round(8 * layout.bar * part / whole))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")
