"""The registrant's pages in Chromium, on `licet serve` as it is run: from nothing to submitted with the keyboard and
without scripts, passkeys with a virtual authenticator, and every page looked over at two widths, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from support.chromium import chromium, give_passkeys, needs_chromium, problems_of
from support.mailbox import mailbox, text_of
from support.running_service import Service, running_service

pytestmark = [needs_chromium, pytest.mark.xdist_group("browser-registrant")]

PASSWORD = "a sentence that nobody guesses"
CODE = re.compile(r"^ {4}(\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with mailbox() as box, running_service(tmp_path_factory.mktemp("registry"), box=box) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Any, complaints: list[str]) -> Iterator[Any]:
    """A window without scripts: everything but passkeys has to work in it."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    found = context.new_page()
    listen(found, complaints)
    yield found
    context.close()
    # A private key that was pasted is answered with status 400, which Chromium notes.
    assert [one for one in complaints if "400 (Bad Request)" not in one] == []


def listen(page: Any, complaints: list[str]) -> None:
    """Collect what the browser complains about: of the strict content security policy, of what is missing."""
    page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def press_until(page: Any, text: str, most: int = 40) -> None:
    """Go on with the tabulator until what has the focus says `text`, and press it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and text in (focused.inner_text() or focused.get_attribute("aria-label") or ""):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"the keyboard does not reach “{text}” on {page.url}")


def code_for(service: Service, email: str) -> str:
    """The code in the mail that somebody got."""
    assert service.box is not None
    code = CODE.search(service.box.wait_for(email, "Confirm your e-mail address"))
    assert code is not None
    return code[1]


def sign_up(page: Any, service: Service, email: str) -> None:
    """Make an account and confirm it with the code from its mail, by keyboard."""
    page.goto(f"{service.url}/account/signup/")
    page.focus("#id_email")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/confirm-email/")
    page.focus("#id_code")
    page.keyboard.type(code_for(service, email))
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/")


def test_from_nothing_to_submitted_by_keyboard_and_without_scripts(page: Any, service: Service) -> None:
    sign_up(page, service, "keyboard@example.org")
    # The first stop is the link that skips to the content.
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    press_until(page, "Register a service")
    assert page.title().startswith("Who answers for the service?")
    page.focus("#id_who_0")
    page.keyboard.press("ArrowDown")
    press_until(page, "Save and continue")
    page.focus("#id_name")
    page.keyboard.type("A freelance administrator")
    page.keyboard.press("Enter")
    page.wait_for_url("**/service/")
    page.focus("#id_name")
    page.keyboard.type("Home server")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/purpose/")
    page.focus("#id_purpose")
    page.keyboard.type("My own devices")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/logs/")
    press_until(page, "Save and continue")
    page.wait_for_url("**/edit/interception/")
    page.focus("#id_interception_duty_0")
    page.keyboard.press("Space")
    press_until(page, "Save and continue")
    page.wait_for_url("**/edit/listing/")
    page.focus("#id_is_listed_0")
    page.keyboard.press("ArrowDown")
    press_until(page, "Save and continue")
    page.wait_for_url("**/endpoints/add/")

    # A private key is refused, and gone.
    secret = "aFlCzxH2WpbNGPKLyVcSUmdI8MeTYRHjQn0B4kX7F2w="
    page.fill("#id_pasted", f"[Interface]\nPrivateKey = {secret}\n")
    page.click("text=Read it")
    assert "That was a private key" in page.inner_text("main")
    assert secret not in page.content()

    # The way back works, and nothing is lost.
    page.go_back()
    page.goto(page.url.replace("endpoints/add", "edit/purpose"))
    assert page.input_value("#id_purpose") == "My own devices"
    page.goto(page.url.replace("edit/purpose", "endpoints/add"))

    page.fill("#id_pasted", "8.8.8.8:51820/udp EB3YyAVXUMrVXrQR6vGGq1sd6dCGV0CTb2iSTP0xKWs=")
    page.click("text=Read it")
    assert page.input_value("#id_address") == "8.8.8.8"
    page.click("text=The key alone")
    page.fill("#id_port", "")
    page.click("text=Save and continue")
    page.wait_for_url("**/endpoints/")
    assert "WireGuard key" in page.inner_text("main")
    page.click("text=Continue: prove that it is yours")
    page.click("text=Show me how")
    page.wait_for_url("**/proof/wireguard-01/")
    assert "sudo wg set wg0 peer" in page.inner_text("main")

    # Submit now, prove later.
    page.goto(f"{service.url}/my/")
    page.click("main a:has-text('Home server')")
    page.goto(f"{page.url}summary/")
    page.click("text=Submit now, prove later")
    assert "Submitted: waiting for proof" in page.inner_text("main")


def test_a_wrong_field_is_told_on_top_and_beside_it(page: Any, service: Service) -> None:
    sign_up(page, service, "mistaken@example.org")
    page.goto(f"{service.url}/my/new/organisation/")
    page.fill("#id_name", "Example Logistics")
    page.click("text=Save and continue")
    summary = page.locator(".error-summary")
    assert summary.get_attribute("role") == "alert"
    assert summary.locator("a").count() == 3
    assert page.input_value("#id_name") == "Example Logistics"
    described = page.get_attribute("#id_legal_name", "aria-describedby") or ""
    assert "id_legal_name_error" in described.split()
    assert page.get_attribute("#id_legal_name", "aria-invalid") == "true"
    summary.locator("a").first.click()
    assert page.url.endswith("#id_legal_name")


# Passkeys.

@pytest.fixture
def with_passkeys(browser: Any, complaints: list[str]) -> Iterator[Any]:
    """A window with scripts and a virtual authenticator."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    found = context.new_page()
    listen(found, complaints)
    give_passkeys(found)
    yield found
    context.close()
    # The strict policy must let the three scripts of allauth run, and nothing else may ask for more.
    assert complaints == []


def test_an_account_is_made_and_signed_in_to_with_a_passkey(with_passkeys: Any, service: Service) -> None:
    page, email = with_passkeys, "passkey@example.org"
    page.goto(f"{service.url}/account/signup/")
    page.click("text=use a passkey instead")
    page.fill("#id_email", email)
    page.click("button:has-text('Continue')")
    page.wait_for_url("**/account/confirm-email/")
    page.fill("#id_code", code_for(service, email))
    page.click("button:has-text('Confirm')")
    page.wait_for_url("**/webauthn/signup/")
    assert problems_of(page) == []
    page.click("#mfa_webauthn_signup")
    page.wait_for_url("**/my/")
    page.goto(f"{service.url}/my/account/")
    assert "None: you sign in with a passkey" in page.inner_text("main")
    page.goto(f"{service.url}/account/logout/")
    page.click("main button")
    page.goto(f"{service.url}/account/login/")
    page.click("#passkey_login")
    page.wait_for_url("**/my/")

    # Recovery codes for the day on which the device is lost.
    page.goto(f"{service.url}/my/account/")
    page.click("a:has-text('recovery codes')")
    again(page)
    if page.locator("button:has-text('Generate')").count():
        page.click("main button:has-text('Generate')")
    assert len(page.input_value("#recovery_codes").split()) >= 8
    assert problems_of(page) == []

    # Deleting the account: asked again with the passkey, confirmed once, and gone.
    page.goto(f"{service.url}/my/account/delete/")
    again(page)
    page.check("#id_confirm")
    page.click("main button")
    page.wait_for_url(f"{service.url}/account/login/")
    assert "Your account is deleted" in page.inner_text("body")
    page.click("#passkey_login")
    page.wait_for_load_state()
    page.wait_for_timeout(500)
    assert "/my/" not in page.url


def again(page: Any) -> None:
    """Show that it is oneself, where that is asked for."""
    if "reauthenticate" in page.url:
        if page.locator("#mfa_webauthn_reauthenticate").count() == 0:
            page.click("text=security key")
        page.click("#mfa_webauthn_reauthenticate")
        page.wait_for_url(lambda url: "reauthenticate" not in url)


def test_a_passkey_and_an_authenticator_app_are_added_to_a_password(with_passkeys: Any, service: Service) -> None:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    page = with_passkeys
    sign_up(page, service, "second-factor@example.org")
    page.goto(f"{service.url}/my/account/")
    page.click("a:has-text('Set up')")
    page.fill("#id_password", PASSWORD)  # asked again before the ways to sign in change
    page.click("main form button")
    page.wait_for_url("**/totp/activate/")
    secret = page.input_value("#authenticator_secret")
    assert page.locator("img.qr").count() == 1
    assert problems_of(page) == []
    counter = next(iter(yield_hotp_counters_from_time()))
    page.fill("#id_code", format_hotp_value(hotp_value(secret, counter)))
    page.click("main button[type=submit]")
    page.goto(f"{service.url}/account/2fa/webauthn/add/")
    assert problems_of(page) == []
    assert page.is_checked("#id_passwordless")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)
    page.goto(f"{service.url}/account/2fa/webauthn/")
    assert problems_of(page) == []
    page.goto(f"{service.url}/account/2fa/")
    assert problems_of(page) == []
    assert service.box is not None
    text = text_of(service.box.to("second-factor@example.org")[-1])
    assert "IP" not in text
    assert "127.0.0.1" not in text


# Every page, looked over.

@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("demo"), "--demo") as found:
        yield found


ENTRANCES = ("/account/login/", "/account/signup/", "/account/signup/passkey/", "/account/password/reset/",
             "/account/password/reset/done/")
OWN = ("/my/", "/my/new/", "/my/new/organisation/", "/my/new/self_declared/", "/my/account/", "/my/account/delete/",
       "/account/logout/", "/account/email/", "/account/password/change/", "/account/2fa/", "/account/reauthenticate/")
OF_SERVICE = ("", "summary/", "endpoints/", "endpoints/add/", "endpoints/details/", "edit/name/", "edit/purpose/",
              "edit/logs/", "edit/interception/", "edit/listing/", "edit/facts/?return=service", "messages/",
              "withdraw/", "renew/", "surrender/", "appeal/", "apply/")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_named_ordered_and_can_be_read(
    browser: Any, demo: Service, width: int, scheme: str, complaints: list[str]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    listen(page, complaints)
    found: dict[str, list[str]] = {}
    looked: list[str] = []

    def look(path: str) -> None:
        answer = page.goto(f"{demo.url}{path}")
        if answer.status == 404:  # it has nothing to show in this state
            return
        looked.append(path)
        if problems := problems_of(page):
            found[path] = problems

    for path in ENTRANCES:
        look(path)
    password = re.search(r"password (\S+)", demo.output())
    assert password is not None
    page.goto(f"{demo.url}/account/login/")
    page.fill("#id_login", "demo.registrant@example.net")
    page.fill("#id_password", password[1])
    page.click("form[action='/account/login/'] button")
    page.wait_for_url("**/my/")
    for path in OWN:
        look(path)
    page.goto(f"{demo.url}/my/")
    services = {one.inner_text(): str(one.get_attribute("href")) for one in page.locator(".cards h3 a").all()}
    assert len(services) == 16
    for path in services.values():
        look(path)
    for name in ("Customer maintenance", "Imaging partner line", "Lab network", "Staff remote access"):
        for rest in OF_SERVICE:
            look(f"{services[name]}{rest}")
        page.goto(f"{demo.url}{services[name]}")
        endpoint = str(page.locator(".endpoints h3 a").first.get_attribute("href"))
        for rest in ("", "remove/", "key/", "replace/", "proof/wireguard-01/"):
            look(f"{endpoint}{rest}")
    context.close()
    assert found == {}
    assert len(looked) > 95
    assert [one for one in complaints if "404" not in one] == []
