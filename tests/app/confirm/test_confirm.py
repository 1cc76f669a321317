"""An enforcer tells its registry what it did: what is said, what is counted, and that nothing that goes wrong with it
changes what is enforced."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from enforce.attacks import copy_of
from enforce.cases import AT_NS, HOUR_NS
from enforce.office import Done, Office, office_with_an_order
from enforce.orders import PUID, UNREGISTERED
from licet.app.confirm import send, signature
from licet.app.confirm.counts import HITS_MAX, KEPT_NS, read_counts
from licet.app.enforce import service
from licet.app.enforce.state import Folder
from licet.cli import enforce as face
from licet.enforce import apply
from licet.enforce.apply import Held
from licet.errors import LicetError
from licet.model.canonical import canonical_json, sha256_digest, time_text
from licet.model.endpoint import Endpoint
from licet.model.enforcer_report import NAMESPACE, EnforcerReport, ReportedHits, read_report_file
from licet.order.sshsig import read_key, require_signature
from support.hostile_servers import CHUNK, never_ends, ok, redirect, says, silent, tcp_server
from support.ssh_keys import KeyPair, make_key, needs_ssh_keygen

END = "OEP-7F3K9Q2M01"
WAIT_S = 30.0


@dataclass
class Firewall:
    """What stands in place of nftables: what it holds, and what it was handed."""

    held: tuple[Held, ...] = ()
    given: list[str] = field(default_factory=list)


@pytest.fixture
def firewall(monkeypatch: pytest.MonkeyPatch) -> Firewall:
    found = Firewall()
    monkeypatch.setattr(apply, "held_nftables", lambda: found.held)
    monkeypatch.setattr(apply, "apply_nftables", found.given.append)
    monkeypatch.setattr(apply, "off_nftables", lambda: True)
    return found


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_key(tmp_path_factory.mktemp("key"), "enforcer_key")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office_with_an_order(tmp_path_factory.mktemp("made") / "office")


@pytest.fixture
def office(made: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A copy of the office, whose enforcer acts."""
    monkeypatch.setattr(face, "REPORT_WAIT_S", WAIT_S)
    found = copy_of(made, tmp_path / "office")
    found.write_config("enforce")
    return found


def reports_to(office: Office, port: int, key: KeyPair) -> None:
    office.write_config("enforce", more=f'report_to = "http://127.0.0.1:{port}"\nreport_key = "{key.private}"')


@contextmanager
def registry(body: bytes = b'{"schema": "licet.enforcer-report-taken/1"}') -> Iterator[tuple[int, list[bytes]]]:
    """A registry that takes reports: its port, and what came."""
    came: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/api/enforcer-reports"
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, came
    finally:
        server.shutdown()
        server.server_close()
        thread.join(WAIT_S)


def hit(packets: int, size: int) -> tuple[Held, ...]:
    return (Held(Endpoint("203.0.113.66", "udp", 51820), PUID, packets, 60, size),)


def one_report(came: list[bytes]) -> EnforcerReport:
    (raw,) = came
    return read_report_file(raw).report


# What is said.


@needs_ssh_keygen
def test_a_report_says_what_was_done_and_is_signed(office: Office, firewall: Firewall, key: KeyPair) -> None:
    firewall.held = hit(7, 1_036)
    with registry() as (port, came):
        reports_to(office, port, key)
        done = office.apply()
    assert (done.status, done.err) == (0, "")
    file, public = read_report_file(came[0]), read_key(key.public)
    require_signature(file.armored, public, NAMESPACE, file.signed)
    told = file.report
    assert file.key_id == public.key_id
    assert (told.network, told.computed_ns, told.kind) == ("Example Logistics, Hamburg", AT_NS, "owned")
    assert (told.mode, told.output, told.is_in_force, told.is_off, told.every_s) == (
        "enforce", "nftables", True, False, 60)
    assert [rule.end for rule in told.in_force] == [END]
    assert told.hits == (ReportedHits(END, 7, 1_036),)
    assert told.policy == sha256_digest((office.folder / "policy.toml").read_bytes())
    assert [serial for serial, _ in told.registries] == [3]
    assert (told.log_size, told.doubts, told.left_out) == (10, (), ())
    assert "told:      http://127.0.0.1" in office.licet("status", "--state", str(office.folder / "state")).out


@needs_ssh_keygen
def test_what_is_left_out_and_doubted_is_told_by_code_alone(office: Office, firewall: Firewall, key: KeyPair) -> None:
    with registry() as (port, came):
        reports_to(office, port, key)
        office.move(PUID, "lift", "author", "no_longer_needed")
        office.apply()
        lifted = one_report(came)
        came.clear()
        office.apply(at_ns=AT_NS + 25 * HOUR_NS)
        stale = one_report(came)
    assert (lifted.rules, lifted.left_out) == ((), ())
    assert set(stale.doubts) == {"log_stale", "registry_stale"}
    assert stale.rules == ()


def test_what_would_be_told_is_printed_and_nothing_is_sent(office: Office) -> None:
    before = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
    done = office.licet("report", "--config", str(office.folder / "licet.toml"))
    assert done.status == 0
    told = json.loads(done.out)
    assert (told["schema"], told["in_force"], [rule["end"] for rule in told["rules"]]) == (
        "licet.enforcer-report/1", True, [END])
    assert done.out.encode() == canonical_json(told) + b"\n"
    assert UNREGISTERED.partition(":")[0] not in done.out
    assert {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()} == before


@needs_ssh_keygen
def test_no_address_leaves_with_a_report(office: Office, firewall: Firewall, key: KeyPair) -> None:
    """Not the server's, not a prefix, not a path of the machine; whatever the computation had to say."""
    firewall.held = hit(7, 1_036)
    (office.folder / "state" / "heard.json").write_text("{")
    with registry() as (port, came):
        reports_to(office, port, key)
        office.apply()
        office.write_policy(text="[[network]]", by=())
        office.apply(at_ns=AT_NS + HOUR_NS)
    assert len(came) == 2
    for raw in came:
        text = raw.decode()
        for word in ("203.0.113", "192.0.2", "198.51", "2001:db8", str(office.folder), "51820"):
            assert word not in text.replace(f":{port}", "")


# What is counted.


def test_hits_add_up_over_hand_overs_and_never_shrink(office: Office, firewall: Firewall) -> None:
    folder = Folder(str(office.folder / "state"))
    for packets, total in ((7, 7), (0, 7), (5, 12)):
        firewall.held = hit(packets, packets * 148)
        assert office.apply().status == 0
        assert read_counts(folder, 0).hits() == (ReportedHits(END, total, total * 148),)
    office.move(PUID, "lift", "author", "no_longer_needed")
    firewall.held = hit(3, 444)
    office.apply()
    assert read_counts(folder, 0).hits()[0].packets == 15, "what was met until it was taken away counts too"
    firewall.held = ()
    office.pass_time(KEPT_NS / HOUR_NS + 1)
    office.apply()
    assert read_counts(folder, 0).hits() == (), "it is longer over than any order lives"


def test_lost_counts_begin_anew_and_say_since_when(office: Office, firewall: Firewall) -> None:
    folder = Folder(str(office.folder / "state"))
    firewall.held = hit(7, 1_036)
    office.apply()
    since_ns = read_counts(folder, 0).since_ns
    for damaged in (b"[" * 10_000, b'{"since_ns": "x", "ends": {}}', b'{"since_ns": "1", "ends": {"a": [1]}}', b"[]"):
        (office.folder / "state" / "counts.json").write_bytes(damaged)
        office.pass_time(1)
        assert office.apply().status == 0
        begun = read_counts(folder, 0)
        assert (begun.since_ns, begun.hits()[0].packets) == (office.at_ns, 7)
        assert begun.since_ns > since_ns
    assert HITS_MAX >= 500


# That nothing that goes wrong with it changes anything.


@pytest.fixture
def as_usual(office: Office, firewall: Firewall) -> tuple[Done, list[str]]:
    """What an enforcer does that tells nobody."""
    done = office.apply()
    given = list(firewall.given)
    firewall.given.clear()
    return done, given


HOSTILE = {
    "an error": says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    "a redirect": says(redirect("http://127.0.0.1:1/orders")),
    "another page": says(ok(b"<html>Sign in to use this network</html>")),
    "a list": says(ok(b"[]")),
    "no HTTP": says(b"\0" * 100),
    "an order to stop": says(b"HTTP/1.1 409 No\r\nContent-Length: 54\r\n\r\n"
                             b'{"title": "\x1b[2Jswitch off \\u202e now", "rules": []}       '),
    "without end": never_ends(b"HTTP/1.1 200 OK\r\n\r\n", CHUNK),
    "nothing at all": lambda connection: None,
}


@needs_ssh_keygen
@pytest.mark.parametrize("answer", HOSTILE)
def test_a_hostile_registry_changes_nothing(
    as_usual: tuple[Done, list[str]], office: Office, firewall: Firewall, key: KeyPair, answer: str,
) -> None:
    with tcp_server(HOSTILE[answer]) as port:
        reports_to(office, port, key)
        done = office.apply()
    assert (done.status, done.out, firewall.given) == (0, as_usual[0].out, as_usual[1])
    assert "the registry is not told, and enforcing goes on: " in done.err
    assert done.err.count("\n") == 1
    assert done.err.strip().isprintable()
    said = office.licet("status", "--state", str(office.folder / "state")).out
    assert "not taken: " in said


@needs_ssh_keygen
def test_a_registry_that_never_answers_is_not_waited_for(
    as_usual: tuple[Done, list[str]], office: Office, firewall: Firewall, key: KeyPair, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(face, "REPORT_WAIT_S", 0.2)
    with tcp_server(silent) as port:
        reports_to(office, port, key)
        done = office.apply()
    assert (done.status, done.out, firewall.given) == (0, as_usual[0].out, as_usual[1])


@needs_ssh_keygen
@pytest.mark.parametrize("kind", ["none", "nonsense", "other half", "passphrase"])
def test_a_key_that_cannot_sign_changes_nothing(
    as_usual: tuple[Done, list[str]], office: Office, firewall: Firewall, key: KeyPair, tmp_path: Path, kind: str,
) -> None:
    path, public = tmp_path / "key", tmp_path / "key.pub"
    if kind == "nonsense":
        path.write_text("x")
        public.write_text("ssh-rsa AAAA")
    elif kind != "none":
        made = make_key(tmp_path, "key") if kind == "other half" else make_locked_key(path)
        public.write_text((key if kind == "other half" else made).public)
    with registry() as (port, came):
        reports_to(office, port, KeyPair(path, ""))
        done = office.apply()
    assert came == []
    assert (done.status, done.out, firewall.given) == (0, as_usual[0].out, as_usual[1])
    assert "the registry is not told" in done.err


def make_locked_key(path: Path) -> KeyPair:
    """With a passphrase, for which nobody is there."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-C", "", "-f", str(path)], check=True)
    return KeyPair(path, path.with_suffix(".pub").read_text())


def test_without_ssh_keygen_enforcing_goes_on(
    as_usual: tuple[Done, list[str]], office: Office, firewall: Firewall, key: KeyPair, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signature, "PROGRAMS", "/nowhere")
    reports_to(office, 1, key)
    done = office.apply()
    assert (done.status, done.out, firewall.given) == (0, as_usual[0].out, as_usual[1])
    assert "install openssh-client" in done.err


def test_a_folder_that_takes_no_counts_changes_nothing(
    as_usual: tuple[Done, list[str]], office: Office, firewall: Firewall,
) -> None:
    (office.folder / "state" / "counts.json").unlink()
    (office.folder / "state" / "counts.json").mkdir()
    done = office.apply()
    assert (done.status, done.out, firewall.given) == (0, as_usual[0].out, as_usual[1])
    assert "is not counted" in done.err


# The service.


class Run:
    """A service in this process, whose turns a test counts."""

    def __init__(self, office: Office, turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self.turns = 0
        before, config = service.one_cycle, str(office.folder / "licet.toml")
        self.handlers: dict[int, Any] = {}

        def counted(*words: Any) -> Any:
            self.turns += 1
            if self.turns >= turns:
                self.handlers[signal.SIGTERM](signal.SIGTERM, None)
            else:
                self.handlers[signal.SIGHUP](signal.SIGHUP, None)
            return before(*words)

        monkeypatch.setattr(service, "one_cycle", counted)
        monkeypatch.setattr(signal, "signal", self.handlers.__setitem__)
        monkeypatch.setattr(service, "now_ns", lambda: office.at_ns + self.turns * 61 * 10**9)
        self.config = config

    def __call__(self, tell: service.Tell) -> list[str]:
        assert service.run_service(self.config, self.said.append, tell) == 0
        return self.said


def test_whatever_telling_does_the_service_goes_on(
    office: Office, firewall: Firewall, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(done: object) -> None:
        raise ZeroDivisionError("telling is broken")

    run = Run(office, 5, monkeypatch)
    said = run(breaks)
    assert run.turns == 5
    assert len(firewall.given) == 5
    assert said[0] == "1 rules in force"
    assert "the registry is not told: ZeroDivisionError: telling is broken" in said


def test_a_registry_that_hangs_holds_up_no_turn_and_its_problem_is_said_once(
    office: Office, firewall: Firewall, monkeypatch: pytest.MonkeyPatch,
) -> None:
    hangs, sent = threading.Event(), []

    def slow(one: send.Outgoing) -> None:
        sent.append(one.report.computed_ns)
        assert hangs.wait(WAIT_S)
        raise LicetError("it does not answer")

    said: list[str] = []
    reporter = send.Reporter(said.append, slow)
    reports_to(office, 1, KeyPair(office.folder / "key", ""))
    run = Run(office, 6, monkeypatch)
    run(reporter.tell)
    assert (run.turns, len(firewall.given)) == (6, 6), "all turns were done while the first report hung"
    hangs.set()
    reporter.finish(WAIT_S)
    assert sent == [sent[0], office.at_ns + 6 * 61 * 10**9] or sent == [office.at_ns + 6 * 61 * 10**9], (
        "of what waits the newest alone is sent")
    assert said == ["the registry is not told, and enforcing goes on: it does not answer"]


def test_that_it_is_told_again_is_said_too(
    office: Office, firewall: Firewall, monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, said, done = iter([LicetError("away"), LicetError("away"), None, None]), [], threading.Semaphore(0)

    def send_one(one: send.Outgoing) -> None:
        done.release()
        answer = next(answers)
        if answer is not None:
            raise answer

    reporter = send.Reporter(said.append, send_one)
    reports_to(office, 1, KeyPair(office.folder / "key", ""))

    def tell(carried: Any) -> None:
        reporter.tell(carried)
        assert done.acquire(timeout=WAIT_S)

    Run(office, 4, monkeypatch)(tell)
    reporter.finish(WAIT_S)
    assert said == ["the registry is not told, and enforcing goes on: away", "the registry is told again"]


def test_what_is_the_same_is_told_every_ten_seconds_at_most(
    office: Office, firewall: Firewall, monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[EnforcerReport] = []
    reporter = send.Reporter(lambda text: None, lambda one: told.append(one.report))
    reports_to(office, 1, KeyPair(office.folder / "key", ""))
    run = Run(office, 13, monkeypatch)
    monkeypatch.setattr(service, "now_ns", lambda: office.at_ns + run.turns * 2 * 10**9)

    def tell(carried: Any) -> None:
        reporter.tell(carried)
        reporter.finish(WAIT_S)

    run(tell)
    assert [one.computed_ns - office.at_ns for one in told] == [2 * 10**9, 12 * 10**9, 22 * 10**9]


@needs_ssh_keygen
def test_that_it_was_switched_off_is_told_with_every_report_after_it(
    office: Office, firewall: Firewall, key: KeyPair,
) -> None:
    """After days without contact, after it was switched on again, and as often as it takes."""
    office.licet("off", "--config", str(office.folder / "licet.toml"))
    office.at_ns += 3 * 24 * HOUR_NS
    with registry() as (port, came):
        reports_to(office, port, key)
        for hours in (0, 1):
            office.pass_time(hours)
            assert office.apply().status == 0
    assert [read_report_file(raw).report.offs for raw in came] == [(AT_NS,), (AT_NS,)]
    shown = office.licet("report", "--config", str(office.folder / "licet.toml")).out
    assert json.loads(shown)["offs"] == [time_text(AT_NS)]


def test_a_note_of_another_clock_waits_until_this_one_gets_there(
    office: Office, firewall: Firewall,
) -> None:
    office.licet("off", "--config", str(office.folder / "licet.toml"), at_ns=AT_NS + HOUR_NS)
    shown = office.licet("report", "--config", str(office.folder / "licet.toml")).out
    assert "offs" not in json.loads(shown)
