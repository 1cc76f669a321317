"""Everything that somebody tries who stole the whole server: its keys, its database, its place on the wire.

`make attack` tries each on an enforcer that runs, and prints what stopped it; tests/enforce/test_attacks.py holds that.
The attacker wants a rule that two people did not sign, or one that should be gone: in `allowed` are the endpoints that
may be in force all the same. What it can do is in `NOT_STOPPED`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from enforce.cases import HOUR_NS
from enforce.office import ROOT_1, Office, office_with_an_order
from enforce.orders import (
    DAY_NS,
    PUID,
    REVIEWER_1,
    SIGNER_1,
    SIGNER_2,
    STRANGER,
    UNREGISTERED,
    dry_run,
    order,
    record,
    signed,
)
from licet.model.order import OrderFile, file_bytes, read_order_file
from tlog.logs import OTHER_KEY

VICTIM = "203.0.113.77:51820/udp"
FORGED = "ORD-F0RGED01"


@dataclass(frozen=True)
class Attack:
    """title: what is tried, in words; act: does it to the office; stopped_by: the code of what stops it; allowed: the
    endpoints that may be in force afterwards."""

    title: str
    act: Callable[[Office], None]
    stopped_by: str
    allowed: frozenset[str] = frozenset({UNREGISTERED})


@dataclass(frozen=True)
class Outcome:
    """in_force: endpoints; reasons: code and sentence of everything that was left out."""

    in_force: frozenset[str]
    reasons: dict[str, str]


def attempt(office: Office, attack: Attack) -> Outcome:
    """Do it, and ask the enforcer what it would enforce now."""
    attack.act(office)
    done = office.plan("--format", "json")
    if done.status:
        return Outcome(frozenset(), {"error": done.err})
    status = json.loads(done.out)
    reasons = {one["code"]: one["why"] for one in (*status["doubts"], *status["left_out"])}
    if status["remarks"]:
        reasons["remark"] = "; ".join(status["remarks"])
    return Outcome(frozenset(one["endpoint"] for one in status["rules"]), reasons)


def copy_of(made: Office, folder: Path) -> Office:
    """An office like another, to break."""
    shutil.copytree(made.folder, folder)
    copy = Office.__new__(Office)
    copy.__dict__.update(made.__dict__, folder=folder, last=dict(made.last), states=dict(made.states))
    return copy


def main() -> int:
    """`make attack`."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="licet-attack-") as folder:
        made = office_with_an_order(Path(folder) / "made")
        print("An enforcer has one order in force that two people signed. Somebody has all of the server.\n")
        for number, attack in enumerate(ATTACKS, 1):
            outcome = attempt(copy_of(made, Path(folder) / str(number)), attack)
            is_stopped = outcome.in_force <= attack.allowed and attack.stopped_by in outcome.reasons
            failed += not is_stopped
            print(f"{number:2}. tried:   {attack.title}")
            said = outcome.reasons.get(attack.stopped_by, f"NOTHING: in force are {', '.join(outcome.in_force)}")
            print(f"    stopped: {said} ({attack.stopped_by})\n")
    print(f"{len(ATTACKS)} tried, {len(ATTACKS) - failed} stopped.\n\nNot stopped, and bounded:")
    for sentence in NOT_STOPPED:
        print(f"  * {sentence}")
    return 1 if failed else 0


# What a stolen server can do. Each is bounded by something that it does not hold.
NOT_STOPPED = (
    "Let an order end early, or withhold its file from an enforcer that never had it: nothing is enforced then.",
    "Put into force, once its notice was seen for a day, what two people did sign and nobody activated: till its end.",
    "Keep a stay out of the log: until the order's end, 30 days at most. The owner's exceptions file and "
    "`licet enforce off` need no server, and witnesses of the log show who was told otherwise.",
    "Register its own servers: they are let be, as everything registered is.",
)


# Orders.


def forge(office: Office, file: OrderFile, puid: str = FORGED) -> None:
    """Send a file, and have the log say that it is live."""
    office.send(file)
    office.write_log(*office.steps(puid))


def exchange(office: Office, file: OrderFile) -> None:
    """Send another file under the handle of the order that is in force; the enforcer never had the first."""
    shutil.rmtree(office.folder / "state/orders")
    office.send(file)


def made_order(office: Office) -> OrderFile:
    return read_order_file((office.folder / "orders" / f"{PUID}.json").read_bytes())


def unsigned(office: Office) -> None:
    forge(office, order(VICTIM, puid=FORGED))


def signed_by_the_server(office: Office) -> None:
    forge(office, signed(order(VICTIM, puid=FORGED), author=STRANGER, approver=STRANGER))


def one_key_twice(office: Office) -> None:
    forge(office, signed(order(VICTIM, puid=FORGED), author=SIGNER_1, approver=SIGNER_1))


def one_key_and_the_servers(office: Office) -> None:
    forge(office, signed(order(VICTIM, puid=FORGED), author=SIGNER_1, approver=STRANGER))


def one_key_and_the_reviewers(office: Office) -> None:
    forge(office, signed(order(VICTIM, puid=FORGED), author=SIGNER_1, approver=REVIEWER_1))


def signatures_of_another_order(office: Office) -> None:
    lent = made_order(office)
    file = order(VICTIM, puid=FORGED, approver=SIGNER_2.key_id, impact="sha256:" + "0" * 64)
    forge(office, replace(file, impact=dry_run(file), signatures=lent.signatures))


def renamed(office: Office) -> None:
    lent = made_order(office)
    forge(office, replace(lent, order=replace(lent.order, puid=FORGED)))


def another_endpoint(office: Office) -> None:
    lent = made_order(office)
    exchange(office, replace(lent, order=replace(lent.order, endpoints=order(VICTIM).order.endpoints)))


def prolonged(office: Office) -> None:
    lent = made_order(office)
    exchange(office, replace(lent, order=replace(lent.order, end_ns=lent.order.end_ns + 9 * DAY_NS)))


def widened(office: Office, text: str) -> None:
    raw = file_bytes(made_order(office)).replace(UNREGISTERED.encode(), text.encode())
    shutil.rmtree(office.folder / "state/orders")
    (office.folder / "orders" / f"{PUID}.json").write_bytes(raw)


def a_prefix(office: Office) -> None:
    widened(office, "203.0.113.0/24:51820/udp")


def every_port(office: Office) -> None:
    widened(office, "203.0.113.66/udp")


def huge(office: Office) -> None:
    shutil.rmtree(office.folder / "state/orders")
    (office.folder / "orders" / f"{PUID}.json").write_bytes(b" " * 20_000_000)


def another_dry_run(office: Office) -> None:
    exchange(office, replace(made_order(office), impact=dry_run(order(VICTIM))))


def no_evidence(office: Office) -> None:
    exchange(office, replace(made_order(office), evidence={}))


def of_another_network(office: Office) -> None:
    forge(office, signed(order(VICTIM, puid=FORGED, network_scope="Example Shipping")))


def a_name_server(office: Office) -> None:
    forge(office, signed(order("198.51.100.53:51820/udp", puid=FORGED)))


def a_home(office: Office) -> None:
    file = order(VICTIM, puid=FORGED)
    one = replace(file.order.endpoints[0], endpoint_class="residential")
    forge(office, signed(replace(file, order=replace(file.order, endpoints=(one,)))))


def without_notice(office: Office) -> None:
    forge(office, signed(order(VICTIM, puid=FORGED, legal_ground="Another section of the policy")))


def sixty_at_once(office: Office) -> None:
    files = [signed(order(f"203.0.113.{number}:443/udp", puid=f"ORD-{number:08d}")) for number in range(100, 160)]
    office.send(*files)
    office.write_log(*(entry for file in files for entry in office.steps(file.order.puid)))


def after_its_end(office: Office) -> None:
    office.at_ns = made_order(office).order.end_ns
    office.publish_registry()
    office.write_log()


def reopened(office: Office) -> None:
    office.move(PUID, "lift", "author", "no_longer_needed")
    office.write_log({"type": "order", "subject": PUID, "event": "activate", "from": "lifted", "to": "live",
                      "role": "signer"})


# The log.


def log_of_another_key(office: Office) -> None:
    shutil.rmtree(office.folder / "log")
    office.key = OTHER_KEY
    office.write_log()


def forked(office: Office) -> None:
    shutil.rmtree(office.folder / "log")
    office.last, office.states = {}, {}
    office.write_log(*office.steps(PUID))
    for _ in range(12):
        office.write_log()


def shortened(office: Office) -> None:
    shutil.rmtree(office.folder / "log")
    office.last, office.states = {}, {}
    office.write_log(*office.steps(PUID, "draft"))


def entry_changed(office: Office) -> None:
    bundles = [path for path in (office.folder / "log").rglob("*") if "entries" in str(path) and path.is_file()]
    path = max(bundles, key=lambda one: one.stat().st_size)
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.write_bytes(raw)


def illegal_move(office: Office) -> None:
    office.write_log({"type": "order", "subject": PUID, "event": "activate", "from": "live", "to": "live",
                      "role": "signer"})


def log_of_the_future(office: Office) -> None:
    office.at_ns += 400 * DAY_NS
    office.write_log()
    office.at_ns -= 400 * DAY_NS


def silent_log(office: Office) -> None:
    office.at_ns += 25 * HOUR_NS
    office.publish_registry()


# The registry.


def struck_off(office: Office) -> None:
    office.publish_registry(record(f"{UNREGISTERED} wireguard"))
    office.apply()
    office.pass_time(1)


def on_hold(office: Office) -> None:
    office.publish_registry(record(f"{UNREGISTERED} wireguard", "serverHold"))


def rolled_back(office: Office) -> None:
    before = (office.folder / "registry.snapshot").read_bytes()
    office.publish_registry(record(f"{UNREGISTERED} wireguard"))
    office.apply()
    (office.folder / "registry.snapshot").write_bytes(before)


def frozen(office: Office) -> None:
    office.at_ns += 25 * HOUR_NS
    office.write_log()


def registry_of_the_future(office: Office) -> None:
    office.at_ns += 400 * DAY_NS
    office.publish_registry()
    office.at_ns -= 400 * DAY_NS


def emptied(office: Office) -> None:
    (office.folder / "registry.snapshot").write_text("")


# The policy, the clock.


def policy_with_another_signer(office: Office) -> None:
    text = office.policy_text().replace(SIGNER_1.public, STRANGER.public)
    office.write_policy(text, by=(STRANGER, ROOT_1))


def policy_signed_once(office: Office) -> None:
    office.write_policy(office.policy_text(), by=(ROOT_1, ROOT_1))


def policy_that_says_owned(office: Office) -> None:
    """Of a network that was public under the same keys."""
    office.write_policy(office.policy_text(kind="public"))
    office.apply()
    office.write_policy(office.policy_text())


def clock_back(office: Office) -> None:
    office.apply()
    office.at_ns -= HOUR_NS


def clock_ahead(office: Office) -> None:
    office.at_ns += 26 * HOUR_NS


NONE: frozenset[str] = frozenset()
ATTACKS: tuple[Attack, ...] = (
    Attack("write an order, signed by nobody", unsigned, "not_signed"),
    Attack("sign it with keys of the server", signed_by_the_server, "author_unknown"),
    Attack("sign it twice with the stolen key of one signer", one_key_twice, "same_person"),
    Attack("sign it with one stolen key and one of the server", one_key_and_the_servers, "approver_unknown"),
    Attack("sign it with one stolen key and the reviewer's", one_key_and_the_reviewers, "approver_unknown"),
    Attack("put the signatures of another order under it", signatures_of_another_order, "signature_invalid"),
    Attack("send a signed order again under another handle", renamed, "signature_invalid"),
    Attack("exchange the endpoint of a signed order", another_endpoint, "signature_invalid", NONE),
    Attack("prolong a signed order", prolonged, "signature_invalid", NONE),
    Attack("widen its address to a prefix", a_prefix, "remark", NONE),
    Attack("widen it to every port", every_port, "remark", NONE),
    Attack("send a file of 20 MB", huge, "remark", NONE),
    Attack("exchange the report of its dry run", another_dry_run, "no_dry_run", NONE),
    Attack("take away the evidence that it cites", no_evidence, "evidence_missing", NONE),
    Attack("send an order that was signed for another network", of_another_network, "other_network"),
    Attack("have two people sign against what the policy never blocks", a_name_server, "never_block"),
    Attack("have two people sign against somebody's home", a_home, "class_not_orderable"),
    Attack("activate a signed order of a new case at once, and log that notice was served", without_notice,
           "notice_running"),
    Attack("activate sixty signed orders at once", sixty_at_once, "activations_max",
           frozenset({UNREGISTERED, *(f"203.0.113.{number}:443/udp" for number in range(100, 150))})),
    Attack("leave an order live in the log after its end", after_its_end, "not_in_time", NONE),
    Attack("reopen a lifted order", reopened, "log_broken", NONE),
    Attack("publish a log of another key", log_of_another_key, "log_broken", NONE),
    Attack("publish another history, signed by the log's own key", forked, "log_broken", NONE),
    Attack("publish a shorter log, signed by its own key", shortened, "log_broken", NONE),
    Attack("change an entry that was published", entry_changed, "log_broken", NONE),
    Attack("log a move that no table has", illegal_move, "log_broken", NONE),
    Attack("date the log ahead, so that it never gets old", log_of_the_future, "clock_behind", NONE),
    Attack("keep the log silent, so that nobody sees a lift", silent_log, "log_stale", NONE),
    Attack("strike a service off the registry, then act", struck_off, "registered_endpoint", NONE),
    Attack("put a service on hold, then act", on_hold, "registered_endpoint", NONE),
    Attack("serve an older registry, in which a service is not", rolled_back, "registered_endpoint", NONE),
    Attack("freeze the registry", frozen, "registry_stale", NONE),
    Attack("date the registry ahead, so that it never gets old", registry_of_the_future, "registry_ahead", NONE),
    Attack("empty the registry", emptied, "registry_undated", NONE),
    Attack("name its own key as a signer's in the policy", policy_with_another_signer, "policy_unsigned", NONE),
    Attack("sign the policy twice with one root key", policy_signed_once, "policy_unsigned", NONE),
    Attack("turn a public network into an owned one under the same keys", policy_that_says_owned,
           "ground_not_allowed", NONE),
    Attack("set the enforcer's clock back, to before the end", clock_back, "clock_back", NONE),
    Attack("set the enforcer's clock ahead, past the notice", clock_ahead, "registry_stale", NONE),
)


if __name__ == "__main__":
    raise SystemExit(main())
