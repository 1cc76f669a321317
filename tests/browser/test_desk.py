"""The desk in a real browser: by keyboard alone, without scripts, and checked as the public pages are."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
from browser.test_public import ARGUMENTS, CHECK, CHROMIUM, wait_for  # noqa: E402  # after the skip

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium"),
    pytest.mark.xdist_group("browser-desk"),
]
PAGES = ("/desk/", "/desk/?show=decided", "/desk/calendar/", "/desk/times/", "/desk/officers/", "/desk/keys/",
         "/desk/find/?q=example", "/desk/attest/")
TAB_STOPS_MAX = 200


@dataclass(frozen=True)
class Service:
    """A demonstration that is being served. state: a browser's, in which an officer is signed in."""

    address: str
    browser: Any
    state: Any

    def page(self, *, width: int = 1440, scheme: str = "light", scripts: bool = True) -> Any:
        """A page of a browser of its own."""
        context = self.browser.new_context(storage_state=self.state, viewport={"width": width, "height": 900},
                                           color_scheme=scheme, java_script_enabled=scripts)
        page = context.new_page()
        page.set_default_timeout(60_000)
        return page


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICET_")}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    output = folder / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-m", "licet", "serve", "--demo", "--port", str(port)], cwd=folder,
                                   env=environment, stdout=stream, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz", process, output)
        password = re.search(r"password (\S+)", output.read_text())
        assert password is not None
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{address}/account/login/")
            page.fill("[name=login]", "demo.officer@example.net")
            page.fill("[name=password]", password[1])
            page.press("[name=password]", "Enter")
            page.wait_for_url(re.compile("/my/|/desk/"))
            yield Service(address, browser, context.storage_state())
            browser.close()
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wrong_with_any_page(service: Service, width: int, scheme: str) -> None:
    page = service.page(width=width, scheme=scheme)
    spoken: list[str] = []
    page.on("console", lambda message: spoken.append(message.text))
    page.goto(f"{service.address}/desk/")
    cases = [link.get_attribute("href") for link in page.query_selector_all(".row-link")]
    assert len(cases) > 3
    for path in (*PAGES, *cases):
        page.goto(service.address + path)
        assert page.evaluate(CHECK) == [], path
        for fold in page.query_selector_all("details"):
            fold.evaluate("one => { one.open = true; }")
        assert page.evaluate(CHECK) == [], f"{path}, unfolded"
    assert not spoken, "the content security policy refused something"


def test_a_refusal_by_keyboard_alone(service: Service) -> None:
    page = service.page()
    page.goto(f"{service.address}/desk/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "Eduroam home"
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Eduroam home')")
    page.wait_for_load_state()
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.name") == "code"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("r is typed here, and so are a and q.")
    assert page.evaluate("document.activeElement.value").startswith("r is typed")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#problem")
    page.wait_for_load_state()
    assert "There is a problem" in page.inner_text("#problem")
    assert page.evaluate("document.activeElement.id") == "problem", "the summary has the focus"
    assert page.input_value("#refuse_text").startswith("r is typed"), "what was written is still there"
    page.select_option("#refuse_code", "control_not_proven")
    page.focus("#refuse button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/desk/$"))
    assert "Refused" in page.inner_text(".messages")


def test_no_key_decides_by_itself_and_they_can_be_switched_off(service: Service) -> None:
    page = service.page()
    page.goto(f"{service.address}/desk/")
    page.click(".row-link")
    page.wait_for_url(re.compile(r"/desk/case/"))
    address = page.url
    page.keyboard.press("a")
    assert "Approve" in page.evaluate("document.activeElement.textContent")
    assert page.url == address
    page.keyboard.press("?")
    page.wait_for_url(re.compile("/desk/keys/"))
    page.click("#keys-switch button")
    page.keyboard.press("c")
    assert page.url.endswith("/desk/keys/")
    page.click("#keys-switch button")
    page.keyboard.press("c")
    page.wait_for_url(re.compile("/desk/calendar/"))


def test_everything_works_without_scripts(service: Service) -> None:
    page = service.page(scripts=False, width=390)
    page.goto(f"{service.address}/desk/")
    page.click("a:has-text('Stockholm 1')")
    page.click("summary:has-text('Ask one question')")
    page.fill("#ask_text", "Which of the two machines is this?")
    page.click("#ask button")
    assert "Asked" in page.inner_text(".messages")
    page.click("a:has-text('Stockholm 1')")
    assert "Which of the two machines is this?" in page.inner_text("main")
    page.click("button:has-text('Approve')")
    assert "Approved" in page.inner_text(".messages")


def test_the_tab_key_reaches_everything_in_the_order_of_the_page(service: Service) -> None:
    page = service.page()
    page.goto(f"{service.address}/desk/")
    seen = []
    for _ in range(TAB_STOPS_MAX):
        page.keyboard.press("Tab")
        at = page.evaluate("""() => { const one = document.activeElement, style = getComputedStyle(one);
            return one === document.body ? null : {name: one.textContent.trim().slice(0, 30),
              height: one.getBoundingClientRect().height,
              visible: style.outlineStyle !== 'none' || style.boxShadow !== 'none'}; }""")
        if at is None:
            break  # Behind the last one the focus leaves the page. How many there are depends on what is in the queue.
        seen.append(at)
    else:
        raise AssertionError("the focus does not leave the page")
    assert seen[0]["name"] == "Skip to the content"
    names = [one["name"] for one in seen]
    assert names.index("Calendar") < names.index("Find") < names.index("Oslo 1") < names.index("Snapshots")
    assert [one for one in seen if not (one["visible"] and one["height"])] == []
