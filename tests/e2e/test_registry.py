"""The whole way, with real programs in network namespaces: somebody signs up in Chromium, registers a WireGuard server
and a web host, proves both (wireguard-go, nginx), is approved at the desk by an officer who signed in with a passkey,
stands in the directory, and `licet scan` with the downloaded snapshot calls the tunnel registered; also from another
address, by its key.

The registry runs in the office, as of an owned network that lists the laboratory's prefixes: addresses kept for
documentation are not global, and a public registry would contact none of them.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import needs, proofs, wireguard
from lab.network import Network, Node
from lab.process import run
from support.chromium import chromium, give_passkeys, in_namespace, missing
from support.running_service import Service, running_service

_LACKING = [*needs.missing(proofs.PROGRAMS), *([missing()] if missing() else [])]

pytestmark = [
    pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING)),
    pytest.mark.xdist_group("registry-lab"),
]

PASSWORD = "a sentence that nobody guesses"
SERVERS = {"server": ("198.51.100.10", "2001:db8:b::10"), "elsewhere": ("203.0.113.20", "2001:db8:b::20")}
PREFIXES = '[network]\nkind = "owned"\nprefixes = ["198.51.100.0/24", "203.0.113.0/24", "2001:db8:b::/64"]\n'

DOWNLOAD = """
import sys, urllib.request
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
sys.stdout.buffer.write(direct.open(sys.argv[1], timeout=10).read())
"""


@dataclass(frozen=True)
class Lab:
    network: Network
    office: Node
    server: Node
    service: Service
    browser: Any


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("registry-lab")
    with ExitStack() as stack:
        network = stack.enter_context(Network(servers=SERVERS))
        office = network.clients[0]
        prefix = ("ip", "netns", "exec", office.namespace)
        service = stack.enter_context(
            running_service(folder / "registry", "--init", "owned", prefix=prefix, top=PREFIXES))
        browser = stack.enter_context(chromium(in_namespace(folder, office.namespace)))
        yield Lab(network, office, network.server(), service, browser)


def test_from_signing_up_to_a_tunnel_that_is_registered(lab: Lab, tmp_path: Path) -> None:
    network, service = lab.network, lab.service
    page = lab.browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    officer = _become_officer(lab)
    _sign_up(page, service)
    handle = _describe(page)
    with wireguard.server(network, lab.server) as at:
        _prove_wireguard(page, lab, at)
        _prove_web_host(page, lab)
        page.click("text=Continue: check and submit")
        assert "An officer looks at it" in page.inner_text("main")
        page.click("button:has-text('Submit')")
        assert "Submitted: being looked at" in page.inner_text("main")

        assert handle not in _directory(lab)
        _approve(officer, service, handle)
        service.licet("run-due", "--config", "licet.toml")
        assert handle in _directory(lab)
        page.reload()
        assert "Registered until" in page.inner_text("main")
        assert f"{handle} is registered" in service.kept_mail()

        snapshot = tmp_path / "registry.snapshot"
        snapshot.write_bytes(_download(lab, "/snapshot"))
        there = _scan(lab, at, snapshot, tmp_path / "there.pcap")
        assert (there["verdict"], there["registration"]) == ("registered", handle)
        assert (there["address"], there["port"], there["family"]) == (lab.server.v4, 51820, "wireguard")

    # The same server, moved to an address that nobody registered: its key says whose it is.
    with wireguard.server(network, network.server("elsewhere"), inner=2, key=at.key) as moved:
        by_key = _scan(lab, moved, snapshot, tmp_path / "moved.pcap")
        assert by_key["address"] == "203.0.113.20"
        assert (by_key["verdict"], by_key["registration"]) == ("registered", handle)

    # And a stranger's server at a third place is not: that is a fact, and no fault.
    with wireguard.server(network, network.server("elsewhere"), inner=3) as strange:
        other = _scan(lab, strange, snapshot, tmp_path / "strange.pcap")
        assert (other["verdict"], other["registration"]) == ("unregistered", None)


def _become_officer(lab: Lab) -> Any:
    """The link that `licet serve` prints makes the first officer, who adds a passkey and signs out. Returns the
    window that holds the passkey."""
    page = lab.browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    give_passkeys(page)
    page.goto(lab.service.officer_link())
    page.fill("#id_email", "officer@example.net")
    page.fill("#id_password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/desk/**")
    page.click("main a:has-text('Set up a passkey')")
    if "reauthenticate" in page.url:
        page.fill("#id_password", PASSWORD)
        page.click("main form button")
    page.wait_for_url("**/webauthn/add/**")
    assert page.is_checked("#id_passwordless")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)
    page.goto(f"{lab.service.url}/account/logout/")
    page.click("main button")
    return page


def _approve(page: Any, service: Service, handle: str) -> None:
    """The officer signs in with the passkey, opens the oldest case of the queue, looks at its proofs and approves."""
    page.goto(f"{service.url}/desk/")
    page.wait_for_url("**/account/login/**")
    page.click("#passkey_login")
    page.wait_for_url("**/desk/")
    page.click("a:has-text('Staff remote access')")
    page.wait_for_url(f"**/desk/case/{handle}/")
    proofs_seen = page.locator(".proofs .state").all_inner_texts()
    assert sorted(one.split()[-1] for one in proofs_seen) == ["http-01", "wireguard-01"]
    assert all(one.startswith("✓") for one in proofs_seen)
    page.click("#approve button")
    page.wait_for_url("**/desk/")
    assert f"{handle}: " in page.inner_text("body")
    assert "Nothing waits for a decision" in page.inner_text("main")


def _directory(lab: Lab) -> str:
    """The directory as anybody sees it."""
    page = lab.browser.new_context().new_page()
    page.goto(f"{lab.service.url}/directory/")
    text = str(page.content())
    page.context.close()
    return text


def _sign_up(page: Any, service: Service) -> None:
    page.goto(f"{service.url}/account/signup/")
    page.fill("#id_email", "registrant@example.net")
    page.fill("#id_password1", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/account/confirm-email/")
    code = re.search(r"^ {4}(\S+)$", service.kept_mail(), re.MULTILINE)
    assert code is not None
    page.fill("#id_code", code[1])
    page.click("button:has-text('Confirm')")
    page.wait_for_url("**/my/")


def _describe(page: Any) -> str:
    """Steps 1 and 2; returns the new service's handle."""
    page.click("text=Register a service")
    page.click("text=A company or another organisation")
    page.click("text=Save and continue")
    for field, value in (("name", "Example Logistics"), ("legal_name", "Example Logistics GmbH"),
                         ("jurisdiction", "DE"), ("abuse_contact", "abuse@logistics.example.net")):
        page.fill(f"#id_{field}", value)
    page.click("text=Save and continue")
    page.fill("#id_name", "Staff remote access")
    page.click("text=Save and continue")
    page.fill("#id_purpose", "Remote access for staff")
    page.click("text=Save and continue")
    page.fill("#id_logs", "Connection times, for 7 days")
    page.click("text=Save and continue")
    page.click("label:text-is('No')")
    page.click("text=Save and continue")
    page.click("text=Yes, list it")
    page.click("text=Save and continue")
    page.wait_for_url("**/endpoints/add/")
    handle = re.search(r"SVC-\w+", page.url)
    assert handle is not None
    return handle[0]


def _prove_wireguard(page: Any, lab: Lab, at: wireguard.Server) -> None:
    """Steps 3 and 4 for the WireGuard server: the lines of a client's configuration, and the one-time peer."""
    page.fill("#id_pasted", f"[Peer]\nPublicKey = {at.key.public}\nEndpoint = {at.node.v4}:{at.port}\n")
    page.click("text=Read it")
    assert page.input_value("#id_public_key") == at.key.public
    page.click("text=In a data centre")
    page.click("text=Save and continue")
    page.click("text=Continue: prove that it is yours")
    page.click("text=Show me how")
    # Before the peer is there the server is silent, and the page says what to do.
    page.click("button:has-text('Check now')")
    page.wait_for_selector("text=Not found yet", timeout=30_000)
    assert "Add the one-time peer" in page.inner_text("#result")
    add, remove = [line for line in page.locator(".instructions code").all_inner_texts() if " peer " in line]
    proofs.run_line(lab.network, at, add)
    time.sleep(10)  # between two checks of one proof
    page.click("button:has-text('Check again')")
    page.wait_for_selector("h2:has-text('Proven')", timeout=30_000)
    proofs.run_line(lab.network, at, remove)
    page.click("a:has-text('Continue')")


def _prove_web_host(page: Any, lab: Lab) -> None:
    """A second endpoint of the service, by a file that nginx serves."""
    page.click("text=Add another endpoint or key")
    page.fill("#id_pasted", f"{lab.server.v4}:1194/udp openvpn")
    page.click("text=Read it")
    page.click("text=Save and continue")
    page.click("text=Continue: prove that it is yours")
    assert page.is_checked("input[value='http-01']")
    page.click("text=Show me how")
    url, value, *_ = page.locator(".instructions code").all_inner_texts()
    path = url.strip().removeprefix(f"http://{lab.server.v4}")
    with proofs.web_server(lab.network, lab.server, path, value.strip()):
        page.click("button:has-text('Check now')")
        page.wait_for_selector("h2:has-text('Proven')", timeout=30_000)
    page.click("a:has-text('Continue')")


def _download(lab: Lab, path: str) -> bytes:
    line = ("ip", "netns", "exec", lab.office.namespace, sys.executable, "-c", DOWNLOAD, f"{lab.service.url}{path}")
    return run(list(line)).encode()


def _scan(lab: Lab, at: wireguard.Server, snapshot: Path, capture: Path) -> dict[str, Any]:
    """What `licet scan` says of a tunnel to the server, from a capture of its handshake and some pings."""
    with lab.network.capture(capture), wireguard.tunnel(lab.network, at, lab.office) as tunnel:
        lab.network.ping(tunnel)
    line = [sys.executable, "-m", "licet", "scan", str(capture), "--registry", str(snapshot), "--format", "jsonl"]
    (found,) = [json.loads(one) for one in run(line).splitlines()]
    result: dict[str, Any] = found
    return result
