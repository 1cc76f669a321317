"""A name in the letters that a leaf of the log may hold."""

from __future__ import annotations

import re

WORD_LENGTH_MAX = 40
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")


def plain_word(name: str) -> str:
    """`Example Logistics, Hamburg` is `Example-Logistics-Hamburg`; two names may give the same."""
    return _NOT_PLAIN.sub("-", name)[:WORD_LENGTH_MAX]
