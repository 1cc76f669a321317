"""Words, glyphs and measures that every output for people shares, and the one place where hostile text is tamed.

Names of services come from registry files and paths from the command line; either may hold terminal control sequences
or direction marks. `printable` is the gate that all of them pass on their way to a person.
"""

from __future__ import annotations

import shlex
import unicodedata

from licet.model.family import FAMILIES
from licet.model.tunnel import Tunnel
from licet.model.verdict import CONFLICT, REGISTERED, UNDETERMINED, UNREGISTERED

# A glyph for each verdict, so that colour never carries the meaning alone. The empty circle is chosen with care: not
# being registered is an absence, and a cross would say that something is wrong.
GLYPHS = {REGISTERED: "✓", CONFLICT: "≠", UNREGISTERED: "○", UNDETERMINED: "?"}

VERDICT_MEANINGS = {
    REGISTERED: "covered by a registration",
    CONFLICT: "in the registry, but for something else",
    UNREGISTERED: "certain, and no registration was found",
    UNDETERMINED: "nothing can be said either way",
}

NOT_A_FAULT = "not being registered is a fact, not a fault"
NO_SERVER, SERVER_UNKNOWN = "no server end (mesh)", "server end not known"

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """The text with every control, format, direction and unassigned character shown as U+FFFD.

    No terminal acts upon the result, and no reader is shown it in another order than it is written.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _UNPRINTABLE else c for c in text)


def cell_width(text: str) -> int:
    """Columns that a terminal gives to printable text: two for wide East Asian characters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def fit(text: str, width: int) -> str:
    """The text cut to at most `width` columns, with an ellipsis where something is missing; not padded."""
    if cell_width(text) <= width:
        return text
    room, kept = width - 1, []
    for character in text:
        room -= _character_width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken between words, or within one that is longer than a line."""
    lines, line = [], ""
    for word in text.split():
        while cell_width(word) > width:
            head = fit(word, width)[:-1] or word[0]
            lines += [line] if line else []
            lines.append(head)
            line, word = "", word[len(head) :]
        if line and cell_width(line) + 1 + cell_width(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines


def pad(text: str, width: int) -> str:
    """The text cut or filled with spaces to exactly `width` columns."""
    text = fit(text, width)
    return text + " " * (width - cell_width(text))


def count_text(count: int, noun: str, plural: str | None = None) -> str:
    """`1 tunnel`, `1,204 packets`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def size_text(size_bytes: int) -> str:
    """A size in at most six characters, in steps of 1000: `512 B`, `9.8 kB`, `988 kB`, `1.2 GB`."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        size /= 1000
        if size < 9.95:
            return f"{size:.1f} {unit}"
        if size < 999.5:
            return f"{size:.0f} {unit}"
    return f"{size:.0f} PB"


def family_title(family: str) -> str:
    """`WireGuard` for wireguard; a family that the table does not know keeps its own name."""
    known = FAMILIES.get(family)
    return known.title if known else family


def protocol_text(family: str, variant: str | None) -> str:
    """`OpenVPN tls-crypt`, `WireGuard`."""
    title = family_title(family)
    return printable(f"{title} {variant}" if variant else title)


def server_text(tunnel: Tunnel) -> str:
    """The server's end as people write it, or that there is none or none is known."""
    if tunnel.server is None:
        return NO_SERVER if tunnel.tunnel_class == "mesh" else SERVER_UNKNOWN
    return str(tunnel.server)


def sentence(text: str) -> str:
    """Printable text with a capital and a full stop, as reasons are written inside a longer line."""
    text = printable(text).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".") if text else ""


def list_text(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]


def shell_word(text: str) -> str:
    """One argument of a command that a reader may paste: printable, and quoted where the shell would act on it."""
    word = shlex.quote(printable(text))
    return f"./{word}" if text.startswith("-") and len(text) > 1 else word
