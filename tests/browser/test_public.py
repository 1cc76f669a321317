"""The public pages in a real browser: by keyboard, without scripts, at both widths, in light and in dark.

What a checker of accessibility would look for is computed in the page itself: labels, names, headings, landmarks, the
contrast of every text on what lies behind it, and nothing that has to be scrolled to the side.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
                None)
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run", "--disable-quic")
STARTS_WITHIN_S = 120.0

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium"),
    pytest.mark.xdist_group("browser-public"),
]

# Everything that is wrong with the page, one sentence each. Text is compared with the ground that lies behind it.
CHECK = r"""
() => {
  const wrong = [];
  const shown = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility !== 'hidden';
  const named = (one) => (one.getAttribute('aria-label') || one.textContent || one.title || '').trim();
  for (const one of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!one.labels.length && !one.getAttribute('aria-label')) wrong.push('no label: ' + one.outerHTML.slice(0, 80));
  for (const one of document.querySelectorAll('a, button')) if (!named(one)) wrong.push('no name: ' + one.outerHTML);
  for (const one of document.querySelectorAll('svg[role=img], nav'))
    if (!one.getAttribute('aria-label')) wrong.push('no name: ' + one.outerHTML.slice(0, 80));
  for (const one of document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
    for (const id of `${one.getAttribute('aria-describedby') || ''} ${one.getAttribute('aria-labelledby') || ''}`
                      .split(' ').filter(Boolean))
      if (!document.getElementById(id)) wrong.push('points to nothing: ' + id);
  for (const tag of ['main', 'header', 'footer', 'h1'])
    if (document.querySelectorAll(`body > ${tag}, main ${tag === 'h1' ? 'h1' : '#none'}`).length !== 1)
      wrong.push('not one ' + tag);
  if (!document.documentElement.lang) wrong.push('no language');
  for (const one of document.querySelectorAll('table'))
    if (!one.querySelector('th[scope=col]')) wrong.push('a table without headings');
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) wrong.push(`scrolls sideways by ${wide}`);
  for (const one of document.querySelectorAll('nav a, button, a[role=button], select, input'))
    if (shown(one) && one.getBoundingClientRect().height < 24) wrong.push('too small to hit: ' + named(one));

  const parts = (color) => { const n = color.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !shown(one)) continue;
    const style = getComputedStyle(one);
    const text = one.namespaceURI.endsWith('svg') ? style.fill : style.color;
    const [dark, bright] = [light(parts(text)), light(ground(one))].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (contrast < needed) wrong.push(`contrast ${contrast.toFixed(1)}: ${one.textContent.trim().slice(0, 40)}`);
  }
  return wrong;
}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demonstration, served on a port of its own."""
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "licet", "serve", "--demo", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICET_")}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process, folder / "output")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(output.read_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield found
        found.close()


def handle_of(address: str) -> str:
    with urllib.request.urlopen(f"{address}/directory/") as response:
        found = re.search(r"/service/(SVC-\w+)/", response.read().decode())
    assert found is not None
    return found[1]


PATHS = ("/", "/lookup/", "/lookup/?q=198.51.100.10", "/lookup/?q=198.51.100.10:51821", "/lookup/?q=203.0.113.21",
         "/lookup/?q=192.0.2.1", "/lookup/?q=1.2.3", "/directory/", "/directory/?q=nobody", "/service/{handle}/",
         "/service/SVC-0000/", "/blocked/", "/snapshots/", "/snapshots/changes/?before=1&after=9",
         "/report/", "/privacy/", "/accessibility/", "/nowhere", "/de/", "/de/report/", "/de/service/{handle}/",
         "/log/", "/log/?type=registration&since=2026-01-01&reason=nobody", "/log/?handle=no", "/log/entries/3",
         "/log/services/{handle}/", "/report/?since=2026-03-02&until=2026-03-01",
         "/de/log/", "/de/log/entries/3", "/de/log/services/{handle}/")


@pytest.mark.parametrize("width", [320, 390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(browser: Any, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    handle = handle_of(address)
    wrong = {}
    for path in PATHS:
        page.goto(address + path.format(handle=handle))
        if path == "/privacy/":
            for summary in page.locator("summary").all():
                summary.click()
        if found := page.evaluate(CHECK):
            wrong[path] = found
    assert not wrong
    # Of an answer that is an error the browser tells too; what would be wrong is something about the content policy.
    assert not [text for text in said if "the server responded with a status of 4" not in text]
    assert not context.cookies()
    context.close()


def test_a_look_up_takes_the_keyboard_alone(browser: Any, address: str) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    assert page.locator(":focus").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("name") == "q"
    page.keyboard.type("198.51.100.10:51820")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lookup/?q=198.51.100.10%3A51820")
    assert page.locator("h1").inner_text().strip() == "✓ registered"
    assert page.title().startswith("198.51.100.10:51820/udp: registered")


def test_what_has_the_focus_can_be_seen_in_the_order_of_reading(browser: Any, address: str) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"{address}/directory/")
    tops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        at = page.evaluate("""() => { const one = document.activeElement, style = getComputedStyle(one);
            return one === document.body ? null : {top: one.getBoundingClientRect().top + scrollY,
              seen: parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== 'none'}; }""")
        if at is None:
            break
        assert at["seen"]
        tops.append(at["top"])
    assert len(tops) > 12
    assert all(after >= before - 60 for before, after in pairwise(tops[1:]))


def test_everything_works_without_scripts(browser: Any, address: str) -> None:
    page = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    page.goto(address)
    page.fill("#id_q", "192.0.2.1:1194")
    page.click("text=Look up >> nth=-1")
    assert "not registered" in page.inner_text("h1")
    page.click("text=Directory")
    page.select_option("#id_protocol", "openvpn")
    page.click("button:has-text('Filter')")
    assert "3 services" in page.inner_text("#results")
    page.click("text=Amsterdam 2")
    assert page.inner_text("h1") == "Amsterdam 2"
    page.click("text=Snapshots")
    with page.expect_download() as download:
        page.click("text=Download number 1")
    assert download.value.suggested_filename == "licet-1.snapshot"
    page.click("text=Deutsch")
    assert page.locator("html").get_attribute("lang") == "de"
    page.click("text=Datenschutz")
    assert page.inner_text("h1") == "Datenschutz"
