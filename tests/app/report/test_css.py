"""The report's colours: every text can be read on every ground, in light, in dark and on paper."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import licet.app.report

CSS = (Path(licet.app.report.__file__).parent / "report.css").read_text("utf-8")
TEXTS = ("ink", "muted", "registered", "conflict", "unregistered", "undetermined")
GROUNDS = ("ground", "card")


def palettes() -> list[dict[str, str]]:
    """Light, dark and paper: what each sets over the first."""
    found: list[dict[str, str]] = []
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL):
        colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
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


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark", "paper"])
def test_every_text_has_the_contrast_that_readers_need(palette):
    for text, ground in product(TEXTS, GROUNDS):
        assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark", "paper"])
def test_patterns_can_be_told_from_what_they_lie_on(palette):
    for verdict in ("conflict", "unregistered", "undetermined"):
        assert contrast(palette[verdict], palette[f"{verdict}-ground"]) >= 3, verdict


def test_nothing_is_fetched():
    assert not re.search(r"https?:|@import|@font-face|url\((?!#)", CSS)
