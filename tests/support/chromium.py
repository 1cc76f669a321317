"""Debian's Chromium, driven by Playwright; where either is missing, a test that needs it is skipped with the reason."""

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
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program or PROGRAM, args=list(ARGUMENTS))
            try:
                yield browser
            finally:
                browser.close()
    finally:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


def give_passkeys(page: Any) -> None:
    """Give a window a virtual authenticator, as a telephone with a screen lock is one (CTAP2)."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}})


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
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const byId = (id) => document.getElementById(id);
  const words = (value) => (value || '').split(' ').filter(Boolean);
  const name = (e) => (e.getAttribute('aria-label')
    || [...(e.labels || [])].map((label) => label.textContent).join(' ')
    || words(e.getAttribute('aria-labelledby')).map((id) => (byId(id) || {}).textContent || '').join(' ')
    || e.textContent || e.getAttribute('alt') || e.title || '').trim();
  const start = (e) => e.outerHTML.slice(0, 70);

  if (!document.documentElement.lang) problems.push('no language');
  if (document.title.trim().length < 5) problems.push('no title');
  for (const role of ['main', 'header', 'footer'])
    if (all(role).length < 1) problems.push(`no ${role}`);
  if (all('main').length !== 1) problems.push('not one main');
  if (all('h1').length !== 1) problems.push(`${all('h1').length} h1`);
  let last = 0;
  for (const heading of all('h1, h2, h3, h4')) {
    const level = Number(heading.tagName[1]);
    if (last && level > last + 1) problems.push(`h${level} after h${last}: ${heading.textContent.trim().slice(0, 40)}`);
    last = level;
  }
  const ids = all('[id]').map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((i) => i === id).length > 1) problems.push(`id twice: ${id}`);
  for (const e of all('input:not([type=hidden]), select, textarea, button, a[href]'))
    if (shown(e) && !name(e)) problems.push(`without a name: ${start(e)}`);
  for (const attribute of ['aria-describedby', 'aria-labelledby'])
    for (const e of all(`[${attribute}]`))
      for (const id of words(e.getAttribute(attribute)))
        if (!byId(id)) problems.push(`${attribute} to nothing: ${id}`);
  for (const e of all('[style], [onclick], style')) problems.push(`inline: ${start(e)}`);
  for (const e of all('img:not([alt])')) problems.push(`without alt: ${start(e)}`);
  for (const e of all('fieldset')) if (!e.querySelector('legend')) problems.push(`without legend: ${start(e)}`);

  // Contrast as WCAG 2 computes it, on the colours that are really painted.
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const ground = (e) => {
    const layers = [];
    for (let node = e; node; node = node.parentElement) layers.push(rgba(getComputedStyle(node).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), rgba(isDark ? '#000' : '#fff'));
  };
  const linear = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  for (const e of all('body *')) {
    const hasText = [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !shown(e) || e.closest('.visually-hidden, svg, noscript, .skip-link')) continue;
    const style = getComputedStyle(e), back = ground(e), text = over(rgba(style.color), back);
    const [high, low] = [light(text), light(back)].sort((x, y) => y - x), ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (size > 0 && ratio < (isLarge ? 3 : 4.5) - 0.01)
      problems.push(`contrast ${ratio.toFixed(2)}: ${e.textContent.trim().slice(0, 40)}`);
  }
  const excess = document.documentElement.scrollWidth - innerWidth;
  if (excess > 0) problems.push(`wider than the window by ${excess}`);
  return problems;
}
"""


def problems_of(page: Any) -> list[str]:
    """What is wrong with a page that is open: labels, headings, landmarks, contrast, width, inline styles."""
    found: list[str] = page.evaluate(CHECK)
    return found
