"""What a stream can take: its width, whether it wants colour, and characters that its encoding has.

A pipe gets 100 columns and no colour. Colour honours NO_COLOR and TERM=dumb. Where the encoding lacks our glyphs, each
is written as the nearest ASCII character, and anything else as a question mark.
"""

from __future__ import annotations

import os
import shutil
from typing import TextIO

WIDTH_MIN, WIDTH_MAX = 60, 100

_ASCII = str.maketrans({
    "✓": "+", "≠": "!", "○": "o", "█": "#", "▏": "#", "▎": "#", "▍": "#", "▌": "#", "▋": "#", "▊": "#", "▉": "#",
    "│": "|", "─": "-", "▶": ">", "◀": "<", "┐": "+", "┘": "+", "┴": "+", "┬": "+", "┼": "+", "╎": ":",
    "…": "~", "—": "-", "–": "-", "·": "-", "’": "'", "“": '"', "”": '"', "\N{REPLACEMENT CHARACTER}": "?",
})  # fmt: skip


def text_width(out: TextIO) -> int:
    """Columns to fill: a terminal's own within 60 to 100, else 100."""
    columns = shutil.get_terminal_size((WIDTH_MAX, 24)).columns if out.isatty() else WIDTH_MAX
    return max(WIDTH_MIN, min(columns, WIDTH_MAX))


def wants_color(out: TextIO) -> bool:
    """True for a terminal whose owner has not asked for plain text."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write_text(text: str, out: TextIO) -> None:
    """Write text with the glyphs that the stream's encoding has."""
    encoding = out.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = as_ascii(text).encode(encoding, "replace").decode(encoding)
    out.write(text)


def as_ascii(text: str) -> str:
    """The text with our glyphs in ASCII; names in other scripts are left to the stream."""
    return text.translate(_ASCII)
