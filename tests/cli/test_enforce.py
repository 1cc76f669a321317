"""`licet enforce` by hand: what a plan says, what each thing that is wrong does to it, and the switch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import click
import pytest

from enforce.attacks import copy_of
from enforce.cases import HOUR_NS
from enforce.office import ROOT_1, Office, office_with_an_order
from enforce.orders import PUID, SIGNER_1, STRANGER, UNREGISTERED, order, record, signed
from licet.app.enforce.state import Folder
from licet.app.snapshot_status import Status, status_bytes
from licet.enforce import apply
from licet.enforce.memory import read_memory
from licet.model.canonical import time_text
from licet.snapshot import load

RULE = f"+ {UNREGISTERED}  wireguard  {PUID}  until 2026-03-10T12:00:00Z"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office_with_an_order(tmp_path_factory.mktemp("made") / "office")


@pytest.fixture
def office(made: Office, tmp_path: Path) -> Office:
    """A copy of the office, to break."""
    return copy_of(made, tmp_path / "office")


def test_a_plan_is_a_difference_and_says_what_it_rests_on(made: Office) -> None:
    done = made.plan("--exit-code")
    assert done.status == 1
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0] == "network:  Example Logistics, Hamburg, which counts as owned"
    assert lines[1] == "log:      registry.example.net/log, 10 entries, good until 2026-03-02T12:00:00Z"
    assert "serial 3, good until 2026-03-02T12:00:00Z" in lines[2]
    assert lines[4:6] == [RULE, "1 to add, 0 to take away, 0 unchanged"]
    assert lines[-1].startswith("Observing: nothing is applied.")


def test_a_plan_writes_nothing(office: Office) -> None:
    before = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
    office.plan()
    assert {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()} == before


def test_a_plan_for_programs_and_the_artefact(made: Office) -> None:
    status = json.loads(made.plan("--format", "json").out)
    assert status["schema"] == "licet.enforcer-status/1"
    assert status["rules"] == [{"endpoint": UNREGISTERED, "protocol": "wireguard", "order": PUID,
                                "until": "2026-03-10T12:00:00Z"}]
    assert "203.0.113.66 . udp . 51820 timeout 86400s" in made.plan("--format", "artefact").out


def one_signature_of_the_policy(office: Office) -> None:
    office.write_policy(by=(ROOT_1,))


def signature_by_the_server(office: Office) -> None:
    office.write_policy(by=(ROOT_1, STRANGER))


def policy_changed_after_signing(office: Office) -> None:
    path = office.folder / "policy.toml"
    path.write_text(path.read_text().replace("staff of", "customers of"))


def no_policy(office: Office) -> None:
    (office.folder / "policy.toml").unlink()


def registry_by_hand(office: Office) -> None:
    (office.folder / "registry.snapshot").write_text("")


def no_registry(office: Office) -> None:
    (office.folder / "registry.snapshot").unlink()


def broken_exceptions(office: Office) -> None:
    office.write_config(more='exceptions = "exceptions.txt"')
    (office.folder / "exceptions.txt").write_text("203.0.113.66:51820\n")


def kinds_differ(office: Office) -> None:
    office.write_config(kind="public")


@pytest.mark.parametrize(("attack", "code"), [
    (one_signature_of_the_policy, "policy_unsigned"),
    (signature_by_the_server, "policy_unsigned"),
    (policy_changed_after_signing, "policy_unsigned"), (no_policy, "policy_unread"),
    (registry_by_hand, "registry_undated"), (no_registry, "registry_unread"), (broken_exceptions, "exceptions_unread"),
    (kinds_differ, "kinds_differ"),
], ids=lambda one: getattr(one, "__name__", ""))  # fmt: skip
def test_what_does_not_verify_leaves_nothing_enforced(attack: Callable[[Office], None], code: str,
                                                      office: Office) -> None:
    attack(office)
    done = office.plan()
    assert done.status == 0, done.err
    assert f"({code})" in done.out
    assert "nothing is enforced: " in done.out
    assert "+ " not in done.out
    assert "Traceback" not in done.err


def test_a_log_that_is_not_reached_is_remembered_for_a_day(office: Office) -> None:
    office.apply()
    shutil.rmtree(office.folder / "log")
    done = office.plan()
    assert RULE in done.out
    assert "remark:   the log was not reached" in done.out
    office.at_ns += 25 * HOUR_NS
    office.publish_registry()
    assert "(log_stale)" in office.plan().out


def test_a_log_that_was_never_heard_of_leaves_nothing(office: Office) -> None:
    shutil.rmtree(office.folder / "log")
    shutil.rmtree(office.folder / "state")
    assert "(log_unread)" in office.plan().out


def test_a_registry_that_is_not_heard_of_for_a_day_leaves_nothing(office: Office) -> None:
    office.at_ns += 25 * HOUR_NS
    office.write_log()
    assert "(registry_stale)" in office.plan().out
    office.publish_registry()
    assert RULE in office.plan().out


def test_a_registry_that_was_synced_lasts_as_its_signed_lists_say(office: Office) -> None:
    snapshot = load(office.folder / "registry.snapshot")
    until_ns = office.at_ns + 3 * HOUR_NS
    status = Status("https://registry.example.net/snapshots", office.serial, snapshot.digest, office.at_ns, until_ns, 1,
                    ("aa",), None)
    (office.folder / "sync.json").write_bytes(status_bytes(status))
    assert f"good until {time_text(until_ns, 0)}" in office.plan().out
    office.at_ns = until_ns
    office.write_log()
    assert "(registry_stale)" in office.plan().out
    office.publish_registry()  # the file is another one than what was verified
    assert "nothing is enforced: " in office.plan().out


@pytest.mark.parametrize("writes", range(1, 4))
def test_killed_while_it_notes_who_left_it_forgets_nobody(writes: int, office: Office,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """Between any two of its files: who was struck off is let be all the same."""
    office.publish_registry(record(f"{UNREGISTERED} wireguard"))
    office.apply()
    office.publish_registry()
    done, write = [], Folder.write

    def dying(self: Folder, name: str, raw: bytes) -> None:
        if len(done) == writes:
            raise KeyboardInterrupt
        done.append(name)
        write(self, name, raw)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write", dying)
        with pytest.raises((KeyboardInterrupt, click.Abort)):
            office.apply()
    assert "(registered_endpoint)" in office.plan().out
    office.apply()
    assert "(registered_endpoint)" in office.plan().out


def test_log_and_orders_are_fetched_from_a_web_server(office: Office, tmp_path: Path) -> None:
    """Any that serves files; the server's own address is never enforced against."""
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(office.folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        shutil.rmtree(office.folder / "state/orders")
        url = f"http://127.0.0.1:{server.server_port}"
        path = office.write_config(log=f"{url}/log")
        path.write_text(path.read_text().replace('orders = "orders"', f'orders = "{url}/orders"'))
        assert RULE in office.plan().out
        (office.folder / "orders" / f"{PUID}.json").unlink()
        assert f"remark:   {PUID}: {url}/orders/{PUID}.json is not there" in office.plan().out
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    office.publish_registry()
    assert "the log was not reached" in office.plan().out or "(log_unread)" in office.plan().out


def test_a_clock_that_went_back_leaves_nothing(office: Office) -> None:
    office.apply()
    assert "(clock_back)" in office.plan(at_ns=office.at_ns - HOUR_NS).out
    assert RULE in office.plan().out


def test_who_is_registered_is_let_be_and_for_thirty_days_more(office: Office) -> None:
    for status in ("ok", "serverHold"):
        office.publish_registry(record(f"{UNREGISTERED} wireguard", status))
        office.apply()
        assert "(registered_endpoint)" in office.plan().out
    office.publish_registry()
    assert "(registered_endpoint)" in office.plan().out
    for _ in range(2):
        office.pass_time(23)
        office.apply()
        assert "(registered_endpoint)" in office.plan().out


def test_what_a_sensor_met_as_registered_is_let_be(office: Office) -> None:
    from licet.app.report.parquet import OBSERVATION_COLUMNS, write_rows

    windows = office.folder / "windows"
    windows.mkdir()
    office.write_config(more='windows = "windows"')
    row = {"schema": "licet.observation/1", "kind": "tunnel", "sensor": "edge", "interface": "eth0",
           "windowStart": "2026-02-20T12:00:00.000000Z", "windowMilliseconds": 10_000,
           "endpoint": {"address": "203.0.113.66", "transport": "udp", "port": 51820}, "tunnelProtocol": "wireguard",
           "registration": "SVC-7F3K", "verdict": "registered"}
    lately = {"grade": "certain", "lastSeen": time_text(office.at_ns - HOUR_NS)}
    write_rows(str(windows / "one.parquet"), [{**row, "registration": None, "verdict": "unregistered", **lately}],
               OBSERVATION_COLUMNS)
    assert RULE in office.plan().out
    write_rows(str(windows / "two.parquet"), [row], OBSERVATION_COLUMNS)
    assert "(registered_key)" in office.plan().out
    (windows / "three.parquet").write_bytes(b"damaged")
    assert "(exceptions_unread)" in office.plan().out


def test_the_owners_file_only_removes(office: Office) -> None:
    office.write_config(more='exceptions = "exceptions.txt"')
    path = office.folder / "exceptions.txt"
    path.write_text("# nobody\n\n198.51.100.0/24  # a partner\n2001:db8::/32\n")
    assert RULE in office.plan().out
    for line in (UNREGISTERED, "203.0.113.0/24", "203.0.113.66"):
        path.write_text(line + "\n")
        assert "(excepted_here)" in office.plan().out


def test_an_order_that_lacks_its_file_is_said_to(office: Office) -> None:
    (office.folder / "orders" / f"{PUID}.json").unlink()
    assert RULE in office.plan().out, "a signed order that was fetched before is kept"
    shutil.rmtree(office.folder / "state/orders")
    assert f"remark:   {PUID}: " in office.plan().out


def test_a_file_that_the_server_exchanged_is_not_enforced(office: Office) -> None:
    shutil.rmtree(office.folder / "state/orders")
    office.send(signed(order(), author=SIGNER_1, approver=STRANGER))
    assert "(approver_unknown)" in office.plan().out
    (office.folder / "orders" / f"{PUID}.json").write_bytes(b"{}")
    assert f"remark:   {PUID}: " in office.plan().out
    assert "+ " not in office.plan().out


def test_a_memory_that_is_damaged_counts_notice_anew(office: Office) -> None:
    (office.folder / "state/memory.json").write_bytes(b"damaged")
    done = office.plan()
    assert "(notice_running)" in done.out
    assert "it begins anew" in done.out


def test_observing_remembers_notice_and_counts_no_activation(office: Office) -> None:
    office.apply()
    memory = read_memory((office.folder / "state/memory.json").read_bytes())
    assert memory.first_seen
    assert not memory.activated
    assert not (office.folder / "state/applied.json").exists()


def test_status_says_what_was_computed_last(office: Office) -> None:
    assert "nothing was computed yet" in office.licet("status", "--state", str(office.folder / "nowhere")).out
    office.apply()
    out = office.licet("status", "--config", str(office.folder / "licet.toml")).out
    assert "mode:      observe\nin force:  0 of 1 that were computed\n" in out
    assert f"rule:      {UNREGISTERED}" in out


def test_the_switch_stays_off_until_somebody_applies(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The firewall itself is left out here: tests/e2e/test_enforce.py has it."""
    monkeypatch.setattr(apply, "off_nftables", lambda: True)
    done = office.licet("off", "--config", str(office.folder / "licet.toml"))
    assert done.status == 0, done.err
    assert (office.folder / "state/off").exists()
    assert (office.folder / "machine/off").exists()
    assert "Switched off" in office.plan().out
    assert "switched off" in office.licet("status", "--config", str(office.folder / "licet.toml")).out
    office.apply()
    assert "Switched off" not in office.plan().out


def test_mistakes_of_the_table_are_said_with_their_line(office: Office) -> None:
    for more, words in (("every_s = 1", "every_s is not a number from 5"), ('output = "pf"', "say which in rules_file"),
                        ("quorum = 1", "not a field here"), ("policy_quorum = 1", "policy_quorum is not a number"),
                        ('canary = "yes"', "neither true nor false"), ('mode = "block"', "it is one of observe")):
        text = office.write_config(more=more if "mode" not in more else "").read_text()
        if "mode" in more:
            (office.folder / "licet.toml").write_text(text.replace('mode = "observe"', more))
        done = office.plan()
        assert done.status == 3
        assert words in done.err
        assert ", line " in done.err
