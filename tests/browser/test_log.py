"""An entry of the log, proven by the reader's own browser; and refused in clear words where anything was changed."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from licet.app.log_key import new_log_key
from support.chromium import chromium, needs_chromium
from support.running_service import Service, running_service

pytestmark = [needs_chromium, pytest.mark.xdist_group("browser-log")]

WAIT_S = 60.0
ENTRY = 5


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A demonstration whose log was written."""
    with running_service(tmp_path_factory.mktemp("registry"), "--demo") as running:
        end = time.monotonic() + WAIT_S
        while not (running.folder / "licet-data/log/checkpoint").exists():
            assert time.monotonic() < end, running.output()
            time.sleep(0.2)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def size_of(service: Service) -> int:
    with urllib.request.urlopen(f"{service.url}/log/checkpoint") as answer:
        return int(answer.read().split(b"\n")[1])


def outcome(page: Any, address: str) -> tuple[str, str, list[str]]:
    """Open an entry, wait for its proof, and return how it ended, what is said of it, and the steps."""
    page.goto(address)
    return settled(page)


def settled(page: Any) -> tuple[str, str, list[str]]:
    page.wait_for_selector("#proof[data-outcome]", timeout=WAIT_S * 1_000)
    steps = [one.inner_text() for one in page.locator("#proof-steps li").all()]
    return page.get_attribute("#proof", "data-outcome"), page.inner_text("#proof-verdict"), steps


def test_an_entry_is_verified_step_by_step_in_the_browser(service: Service, browser: Any) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    size = size_of(service)
    # The first, one in the middle, the last: beside the last there may be nothing on the lowest levels.
    for index in (0, ENTRY, size - 1):
        asked.clear()
        ended, verdict, steps = outcome(page, f"{service.url}/log/entries/{index}")
        assert ended == "good"
        assert verdict.startswith("✓ Verified")
        assert f"entry {index} of the {size}" in verdict
        assert "Ed25519" in steps[-1]
        hashes = page.locator("#proof-steps code").all_inner_texts()
        assert hashes[0] == hashes[-1], "the path does not end in the root of the checkpoint"
        assert all(len(one) == 64 for one in hashes)
        # It read the log's own files, and nothing from anywhere else.
        for path in ("/log/checkpoint", "/log/tile/entries/000", "/log/tile/0/000"):
            assert any(f"{service.url}{path}" in one for one in asked), path
        assert all(one.startswith(service.url) for one in asked)
    assert not said
    page.close()


def flip(path: Path, at: int) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])


def hash_of_another(folder: Path) -> Path:
    """One byte of a hash in the tile: not the entry's own, but one on its way to the root."""
    tile = next((folder / "tile/0").rglob("000*/*"))
    flip(tile, 32 * (ENTRY + 40) + 7)
    return tile


def own_hash(folder: Path) -> Path:
    tile = next((folder / "tile/0").rglob("000*/*"))
    flip(tile, 32 * ENTRY)
    return tile


def entry_itself(folder: Path) -> Path:
    bundle = next((folder / "tile/entries").rglob("000*/*"))
    raw, at = bundle.read_bytes(), 0
    for _ in range(ENTRY):
        at += 2 + int.from_bytes(raw[at : at + 2], "big")
    flip(bundle, at + 30)
    return bundle


def cut_tile(folder: Path) -> Path:
    tile = next((folder / "tile/0").rglob("000*/*"))
    tile.write_bytes(tile.read_bytes()[:-1])
    return tile


def no_tile(folder: Path) -> Path:
    tile = next((folder / "tile/0").rglob("000*/*"))
    tile.unlink()
    return tile


def signature(folder: Path) -> Path:
    raw = (folder / "checkpoint").read_text(encoding="utf-8")
    head, _, line = raw.rpartition("— ")
    changed = line[:-10] + ("A" if line[-10] != "A" else "B") + line[-9:]
    (folder / "checkpoint").write_text(f"{head}— {changed}", encoding="utf-8")
    return folder / "checkpoint"


def root(folder: Path) -> Path:
    lines = (folder / "checkpoint").read_text(encoding="utf-8").split("\n")
    lines[2] = ("A" if lines[2][0] != "A" else "B") + lines[2][1:]
    (folder / "checkpoint").write_text("\n".join(lines), encoding="utf-8")
    return folder / "checkpoint"


TAMPERED = [
    (hash_of_another, "The hashes lead to another root"),
    (own_hash, "The entry and its hash do not belong together"),
    (entry_itself, "The log has another entry at this place than this page shows"),
    (cut_tile, "is damaged"),
    (no_tile, "is not there"),
    (signature, "bears no signature by the key"),
    (root, "The hashes lead to another root"),
]


@pytest.mark.parametrize(("tamper", "said"), TAMPERED, ids=lambda one: getattr(one, "__name__", ""))
def test_what_was_changed_on_the_disk_is_refused_in_clear_words(service: Service, browser: Any,
                                                               tamper: Callable[[Path], Path], said: str) -> None:
    folder = service.folder / "licet-data/log"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    page = browser.new_page()
    try:
        changed = tamper(folder)
        ended, verdict, steps = outcome(page, f"{service.url}/log/entries/{ENTRY}")
        assert ended == "wrong"
        assert verdict.startswith("✗ Not verified")
        assert "✓ Verified" not in page.inner_text("main")
        assert said in steps[-1]
        assert changed.relative_to(folder).as_posix() in steps[-1] or changed.name == "checkpoint"
    finally:
        for path, raw in before.items():
            if not path.exists() or path.read_bytes() != raw:
                path.write_bytes(raw)
        page.close()


def test_what_the_page_itself_shows_is_not_believed(service: Service, browser: Any) -> None:
    """The registry's database was changed, and the page shows what it says now; the log does not."""
    page = browser.new_page()

    def change(route: Any) -> None:
        answer, role = route.fetch(), "&quot;role&quot;:&quot;"
        route.fulfill(response=answer, body=answer.text().replace(role, f"{role}x"))

    page.route("**/log/entries/*", change)
    ended, _, steps = outcome(page, f"{service.url}/log/entries/{ENTRY}")
    assert ended == "wrong"
    assert "The log has another entry" in steps[-1]
    page.close()


def test_a_browser_without_ed25519_says_that_the_signature_was_not_checked(service: Service, browser: Any) -> None:
    page = browser.new_page()
    page.add_init_script("SubtleCrypto.prototype.importKey = () => Promise.reject("
                         "new DOMException('no such algorithm', 'NotSupportedError'));")
    ended, verdict, steps = outcome(page, f"{service.url}/log/entries/{ENTRY}")
    assert ended == "open"
    assert verdict.startswith("? Half verified")
    assert "the signature was not checked" in verdict
    assert "knows no Ed25519" in steps[-1]
    page.close()


def test_a_page_that_came_without_https_says_that_nothing_was_checked(service: Service, browser: Any) -> None:
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(globalThis, 'crypto', {value: {}});")
    ended, verdict, steps = outcome(page, f"{service.url}/log/entries/{ENTRY}")
    assert (ended, steps) == ("open", [])
    assert verdict.startswith("? Not checked")
    page.close()


def test_a_key_from_somewhere_else_is_what_counts(service: Service, browser: Any, tmp_path: Path) -> None:
    page = browser.new_page()
    assert outcome(page, f"{service.url}/log/entries/{ENTRY}")[0] == "good"
    key = page.input_value("#proof-key-text")
    name = key.partition("+")[0]
    another = str(new_log_key(name, str(tmp_path / "key")).verifier)
    for text, ended, said in ((another, "wrong", "bears no signature by the key"), ("", "open", "no key was given"),
                              (key.replace("+", "x+", 1), "wrong", "is no key of a log"),
                              ("elsewhere", "wrong", "is no key of a log"), (key, "good", "Ed25519")):
        page.fill("#proof-key-text", text)
        page.keyboard.press("Enter")
        page.wait_for_function("said => document.querySelector('#proof-steps').textContent.includes(said)"
                               " && document.querySelector('#proof').dataset.outcome", arg=said)
        found = settled(page)
        assert found[0] == ended, (text, found)
    page.close()


def test_the_log_is_read_by_keyboard_and_without_scripts(service: Service, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{service.url}/log/")
    page.select_option("#id_type", "registration")
    page.fill("#id_since", "2000-01-01")
    page.press("#id_handle", "Enter")
    assert "type=registration" in page.url
    rows = page.locator(".log-rows li")
    assert rows.count() > 3
    page.keyboard.press("Tab")
    rows.first.locator("a").first.press("Enter")
    assert "/log/entries/" in page.url
    assert "licet log verify-proof" in page.inner_text("main")
    assert "Your browser does not run it" in page.inner_text("#proof")
    assert "erified" not in page.inner_text("main")
    page.go_back()
    rows.first.locator("a.handle").press("Enter")
    assert page.inner_text("h2 >> nth=0") == "Its states over time"
    context.close()
