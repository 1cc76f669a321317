"""Debian's Chromium, driven by Playwright; a test that needs it is skipped, with the reason, where either is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# Nothing but the pages of the service is ever asked for.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic", "--no-proxy-server",
)
PROGRAM = shutil.which("chromium") or ""


def missing() -> str:
    """What this machine lacks for a browser test, in a sentence; "" where it lacks nothing."""
    lacks = [] if PROGRAM else ["chromium (apt-get install chromium)"]
    if importlib.util.find_spec("playwright") is None:
        lacks.append("playwright (pip install playwright)")
    return f"no {' and no '.join(lacks)}" if lacks else ""


needs_chromium = pytest.mark.skipif(bool(missing()), reason=missing() or "all is there")


@contextmanager
def chromium(program: str | None = None) -> Iterator[Any]:
    """A browser. program: another way to start it, such as a script that enters a namespace."""
    from playwright.sync_api import sync_playwright

    # Playwright's loop is seen by Django as its own, and Django would then refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program or PROGRAM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def in_namespace(folder: Path, namespace: str) -> str:
    """A script that starts Chromium inside a network namespace."""
    script = folder / "chromium-inside"
    script.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {PROGRAM} "$@"\n', encoding="ascii")
    script.chmod(0o755)
    return str(script)


# What can be said of a page without a library: names, headings, landmarks, contrast.
CHECK = r"""
() => {
  const problems = [];
  const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const name = (e) => (e.getAttribute('aria-label') || [...(e.labels || [])].map((l) => l.textContent).join(' ')
    || (e.getAttribute('aria-labelledby') || '').split(' ').map((i) => (document.getElementById(i) || {}).textContent || '').join(' ')
    || e.textContent || e.getAttribute('alt') || e.title || '').trim();
  if (!document.documentElement.lang) problems.push('no language');
  if (document.title.trim().length < 5) problems.push('no title');
  for (const role of ['main', 'header', 'footer'])
    if (document.querySelectorAll(role).length < 1) problems.push(`no ${role}`);
  if (document.querySelectorAll('main').length !== 1) problems.push('not one main');
  if (document.querySelectorAll('h1').length !== 1) problems.push(`${document.querySelectorAll('h1').length} h1`);
  let last = 0;
  for (const h of document.querySelectorAll('h1, h2, h3, h4')) {
    const level = Number(h.tagName[1]);
    if (last && level > last + 1) problems.push(`h${level} after h${last}: ${h.textContent.trim().slice(0, 40)}`);
    last = level;
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((i) => i === id).length > 1) problems.push(`id twice: ${id}`);
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a[href]'))
    if (shown(e) && !name(e)) problems.push(`without a name: ${e.outerHTML.slice(0, 80)}`);
  for (const e of document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
    for (const attribute of ['aria-describedby', 'aria-labelledby'])
      for (const id of (e.getAttribute(attribute) || '').split(' ').filter(Boolean))
        if (!document.getElementById(id)) problems.push(`${attribute} to nothing: ${id}`);
  for (const e of document.querySelectorAll('[style], [onclick], style')) problems.push(`inline: ${e.outerHTML.slice(0, 60)}`);
  for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) problems.push('img without alt');
  for (const e of document.querySelectorAll('fieldset')) if (!e.querySelector('legend')) problems.push('fieldset without legend');

  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const ground = (e) => { const layers = []; for (let n = e; n; n = n.parentElement) layers.push(rgba(getComputedStyle(n).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), rgba(getComputedStyle(document.documentElement).colorScheme.includes('dark') && matchMedia('(prefers-color-scheme: dark)').matches ? '#000' : '#fff')); };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !shown(e) || e.closest('.visually-hidden, svg, noscript, .skip-link')) continue;
    const style = getComputedStyle(e), back = ground(e), text = over(rgba(style.color), back);
    const [a, b] = [light(text), light(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5) - 0.01 && size > 0) problems.push(`contrast ${ratio.toFixed(2)}: ${e.textContent.trim().slice(0, 40)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) problems.push(`wider than the window by ${document.documentElement.scrollWidth - innerWidth}`);
  return problems;
}
"""


def problems_of(page: Any) -> list[str]:
    """What is wrong with a page that is open: labels, headings, landmarks, contrast, width, inline styles."""
    found: list[str] = page.evaluate(CHECK)
    return found
