"""The site's colours: every text can be read on every ground, in light and in dark."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import licet.server

CSS = (Path(licet.server.__file__).parent / "static" / "licet" / "licet.css").read_text("utf-8")
TEXTS = ("ink", "muted", "accent", "registered", "attention", "neutral", "wrong")
GROUNDS = ("ground", "card", "quiet")
ON_THEIR_OWN = [(one, f"{one}-ground") for one in ("registered", "attention", "neutral", "wrong")]


def palettes() -> list[dict[str, str]]:
    """Light, and dark over it."""
    found: list[dict[str, str]] = []
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]:
        colors = dict(re.findall(r"--licet-([a-z-]+): (#[0-9a-f]{6});", block))
        found.append({**(found[0] if found else {}), **colors})
    return found


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_every_text_has_the_contrast_that_readers_need(palette: dict[str, str]) -> None:
    pairs = [*product(TEXTS, GROUNDS), *ON_THEIR_OWN, ("on-accent", "accent"), ("on-accent", "accent-strong")]
    pairs += [("ink", f"{one}-ground") for one in ("registered", "attention", "neutral", "wrong")]
    for text, ground in pairs:
        assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_edges_of_fields_and_columns_can_be_seen(palette: dict[str, str]) -> None:
    for mark in ("edge", "accent", "registered"):
        for ground in ("ground", "card"):
            assert contrast(palette[mark], palette[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_no_answer_is_red(palette: dict[str, str]) -> None:
    red, green, blue = (int(palette["neutral"][i : i + 2], 16) for i in (1, 3, 5))
    assert blue > green > red


def test_nothing_is_fetched() -> None:
    assert not re.search(r"https?:|@import|@font-face|url\(", CSS)
