"""What somebody tries on a registry with reports of enforcers: without any key, and with the stolen key of a machine.

`make attack` does each to a registry with one order in force, and prints what stopped it or what it ended. A report has
no way to begin, widen, prolong or restore anything: whatever it says, what is in force afterwards was so before.
tests/server/orders/test_report_attacks.py holds that.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from enforce.orders import STRANGER
from enforce.reports import (
    ENFORCER_1,
    ENFORCER_2,
    ReportedHits,
    ReportedLeftOut,
    ReportedRule,
    policy_lines,
    report,
    sent,
)
from licet.model.canonical import moment_ns
from licet.model.enforcer_report import FILE_BYTES_MAX, NAMESPACE, EnforcerReport, report_file, signed_bytes
from licet.model.order import NAMESPACE as ORDERS
from order.orders import policy_toml

if TYPE_CHECKING:
    from licet.server.orders.models import OrderRow

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
END, OTHERS_END = "OEP-7F3K9Q2M01", "OEP-7F3K9Q2M02"


@dataclass
class Target:
    """The registry: its order, in force, and what came of the reports that were sent to it. at: its time; answers: the
    code of each refusal, "" for a report that was taken."""

    row: OrderRow
    answers: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.at = self.row.state_since + timedelta(hours=1)

    def send(self, raw: bytes) -> None:
        """As it comes from the network."""
        from licet.errors import LicetError, Malformed, VerificationFailed
        from licet.server.orders.service_layer.enforcers import take

        try:
            take(raw, at=self.at)
        except Malformed:
            self.answers.append("malformed")
        except VerificationFailed:
            self.answers.append("signature")
        except LicetError as error:
            self.answers.append(str(getattr(error, "code", error)))
        else:
            self.answers.append("")

    def tell(self, *ends: str, **changes: object) -> None:
        """A report that the key of an enforcer signed; a minute goes by."""
        self.send(sent(report(self.at, *ends, **changes)))
        self.at += MINUTE


@dataclass(frozen=True)
class Attack:
    """title: what is tried, in words; act: does it; answer: the code with which the last report is refused, "" where it
    is taken; ends: the reason with which the order ends, "" where it goes on; because: what stopped it, in words."""

    title: str
    act: Callable[[Target], None]
    answer: str
    because: str
    ends: str = ""


@dataclass(frozen=True)
class Outcome:
    """before, after: endpoints of orders in force; answer: of the last report; ends: why the order ended, or "";
    entries: how many the log got."""

    before: frozenset[str]
    after: frozenset[str]
    answer: str
    ends: str
    entries: int


def attempt(attack: Attack, row: OrderRow) -> Outcome:
    """Do it, and let the registry's clock run."""
    from licet.server.registry.models import Outbox
    from server.orders.orders_world import clock

    before, entries, target = in_force(), Outbox.objects.count(), Target(row)
    attack.act(target)
    clock(target.at)
    row.refresh_from_db()
    return Outcome(before, in_force(), target.answers[-1], "" if row.is_in_force else row.reason,
                   Outbox.objects.count() - entries)


def in_force() -> frozenset[str]:
    """What an enforcer may enforce by what this registry says: endpoint, order and end."""
    from licet.lifecycle import order as orders
    from licet.server.orders.models import OrderedEnd

    rows = OrderedEnd.objects.filter(order__state__in=orders.IN_FORCE).select_related("order")
    return frozenset(f"{end.endpoint} {end.order.handle} {end.order.end_date}" for end in rows if not end.is_off)


def is_stopped(attack: Attack, outcome: Outcome) -> bool:
    """True where it went as it should, and nothing is in force that was not."""
    return outcome.after <= outcome.before and (outcome.answer, outcome.ends) == (attack.answer, attack.ends)


# Without the key of an enforcer.


def good(target: Target) -> EnforcerReport:
    return report(target.at, END)


def unknown_key(target: Target) -> None:
    target.send(sent(good(target), STRANGER))


def another_signature(target: Target) -> None:
    made = good(target)
    target.send(report_file(made, ENFORCER_1.key_id, STRANGER.sign(signed_bytes(made), NAMESPACE)))


def changed(target: Target) -> None:
    made = good(target)
    lying = replace(made, hits=(ReportedHits(END, 10**9, 10**9),))
    target.send(report_file(lying, ENFORCER_1.key_id, ENFORCER_1.sign(signed_bytes(made), NAMESPACE)))


def of_another_namespace(target: Target) -> None:
    target.send(sent(good(target), namespace=ORDERS))


def replayed(target: Target) -> None:
    target.tell(END)
    target.send(sent(report(target.at - MINUTE, END)))


def of_yesterday(target: Target) -> None:
    target.send(sent(report(target.at - DAY, END)))


def of_tomorrow(target: Target) -> None:
    target.send(sent(report(target.at + DAY, END)))


def of_another_enforcer(target: Target) -> None:
    """Its key is in the policy; the report is another machine's."""
    made = good(target)
    target.send(report_file(made, ENFORCER_2.key_id, ENFORCER_1.sign(signed_bytes(made), NAMESPACE)))


def without_end(target: Target) -> None:
    target.send(b" " * (FILE_BYTES_MAX + 1))


# With it.


def of_another_network(target: Target) -> None:
    target.send(sent(replace(good(target), network="Elsewhere")))


def too_many(target: Target) -> None:
    from licet.server.orders.service_layer.enforcers import REPORTS_A_MINUTE

    for number in range(REPORTS_A_MINUTE + 1):
        target.send(sent(report(target.at + timedelta(seconds=number), END)))


def an_address(target: Target) -> None:
    target.send(sent(replace(good(target), rules=(ReportedRule("192.0.2.7", moment_ns(target.at)),))))


def off_and_in_force(target: Target) -> None:
    target.send(sent(replace(good(target), is_off=True)))


def never_ordered(target: Target) -> None:
    target.tell(END, "OEP-F0RGED0101", OTHERS_END)


def for_ever(target: Target) -> None:
    target.tell(rules=(ReportedRule(END, moment_ns(target.at + 900 * DAY)),))


def lifted_again(target: Target) -> None:
    """It goes on saying that it enforces what is over."""
    from licet.lifecycle import order as orders
    from licet.server.orders.service_layer.orders import lock, move
    from licet.server.registry.service_layer.actors import MACHINE

    row = lock(target.row)
    move(MACHINE, row, "lift", target.at, reason="court")
    assert row.state == orders.LIFTED
    for _ in range(3):
        target.tell(END)


def silent_at_once(target: Target) -> None:
    for who in (ENFORCER_1, ENFORCER_2):
        target.send(sent(report(target.at, left_out=(ReportedLeftOut(target.row.handle, END, "silent"),)), who))


def silent_alone(target: Target) -> None:
    target.at += 4 * DAY
    target.send(sent(report(target.at, END), ENFORCER_2))
    target.tell(left_out=(ReportedLeftOut(target.row.handle, END, "silent"),))


def all_silent(target: Target) -> None:
    target.at += 4 * DAY
    silent_at_once(target)


def over_hit(target: Target) -> None:
    target.tell(END, hits=(ReportedHits(END, 10**9, 10**12),))


def found_registered(target: Target) -> None:
    target.tell(END)
    target.tell(left_out=(ReportedLeftOut(target.row.handle, END, "registered_endpoint"),))


def fell(target: Target) -> None:
    target.tell(END)
    target.tell(END, fallen=(END,))


def unsure(target: Target) -> None:
    for _ in range(2):
        target.tell(doubts=("clock_back",))


def of_anothers_order(target: Target) -> None:
    from licet.server.orders.models import OrderRow

    OrderRow.objects.filter(pk=target.row.pk).update(network="Elsewhere")
    for act in (over_hit, found_registered, fell, unsure):
        act(target)


def many_offs(target: Target) -> None:
    for turn in range(4):
        target.tell(offs=tuple(moment_ns(target.at - DAY + MINUTE * number - timedelta(seconds=turn))
                               for number in range(64)))


ATTACKS: tuple[Attack, ...] = (
    Attack("sign a report with a key of its own", unknown_key, "unknown_enforcer", "the policy names no such key"),
    Attack("put its own signature under an enforcer's name", another_signature, "signature", "it is another key's"),
    Attack("change what an enforcer signed", changed, "signature", "the signature does not hold over other words"),
    Attack("use a signature that was made for an order", of_another_namespace, "signature", "a namespace of its own"),
    Attack("send a report again", replayed, "replayed", "each is taken once, and none that is older"),
    Attack("send one of yesterday", of_yesterday, "too_old", "it is more than five minutes off"),
    Attack("send one of tomorrow, so that it is never late", of_tomorrow, "ahead", "it is more than five minutes off"),
    Attack("send one enforcer's report as another's", of_another_enforcer, "signature", "it is another key's"),
    Attack("send one that has no end", without_end, "malformed", "512 kB are the most"),
    Attack("with an enforcer's key: report for another network", of_another_network, "other_network",
           "the policy names the key for its own network"),
    Attack("with an enforcer's key: report without end", too_many, "too_often", "30 a minute are the most"),
    Attack("with an enforcer's key: put an address into a report", an_address, "malformed",
           "there is no place for one"),
    Attack("with an enforcer's key: be off and enforce", off_and_in_force, "malformed", "it contradicts itself"),
    Attack("with an enforcer's key: claim rules that nobody ordered", never_ordered, "",
           "a claim makes no order; the page shows it in red"),
    Attack("with an enforcer's key: claim a rule that never ends", for_ever, "", "orders end by their own end"),
    Attack("with an enforcer's key: go on with an order that was lifted", lifted_again, "",
           "nothing leads back from a final state; the page shows it in red", "court"),
    Attack("with every enforcer's key: call a rule silent at once", silent_at_once, "",
           "the registry waits three days by its own clock"),
    Attack("with an enforcer's key: call a rule silent that another enforces", silent_alone, "",
           "all that enforce it must say so"),
    Attack("with every enforcer's key, after three days: call a rule silent", all_silent, "", "it only takes away",
           "silent"),
    Attack("with an enforcer's key: count hits that were none", over_hit, "", "it only takes away",
           "hits_above_prediction"),
    Attack("with an enforcer's key: find something registered", found_registered, "", "it only takes away",
           "registered_endpoint"),
    Attack("with an enforcer's key: say that a registered tunnel fell", fell, "", "it only takes away",
           "registered_fell"),
    Attack("with an enforcer's key: say that its clock is unsure", unsure, "", "it only takes away", "clock_unsure"),
    Attack("with an enforcer's key: say all of that of another network's order", of_anothers_order, "",
           "a report is of its own network's orders alone"),
    Attack("with an enforcer's key: fill the log with times of being switched off", many_offs, "",
           "64 a day are the most"),
)
ENTRIES_MAX = 64


def main() -> int:
    """`make attack`, in a database of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "licet.server.settings")
    import django

    django.setup()
    from django.db import connection, transaction

    name = str(connection.settings_dict["NAME"])
    connection.creation.create_test_db(verbosity=0)
    failed = 0
    print("\nA registry has one order in force, and two enforcers. Somebody sends it reports.\n")
    try:
        for number, attack in enumerate(ATTACKS, 1):
            with registry_with_an_order() as row, transaction.atomic():
                outcome = attempt(attack, row)
                stopped = is_stopped(attack, outcome) and outcome.entries <= ENTRIES_MAX
                transaction.set_rollback(True)
            failed += not stopped
            effect = f"the order is over ({outcome.ends})" if outcome.ends else "in force is the same as before"
            print(f"{number:2}. tried:   {attack.title}\n    stopped: "
                  f"{attack.because if stopped else 'NOT AS IT SHOULD BE'} ({outcome.answer or 'taken'}); {effect}\n")
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    print(f"{len(ATTACKS)} tried with reports, {len(ATTACKS) - failed} stopped or bounded to ending an order.")
    return 1 if failed else 0


@contextmanager
def registry_with_an_order() -> Iterator[OrderRow]:
    """A registry of its own for each attack, taken back afterwards."""
    from django.db import transaction
    from django.test import override_settings

    from licet.server.orders.service_layer import enforcers
    from server.orders.orders_world import an_order, use_policy
    from server.world import make_world

    with tempfile.TemporaryDirectory(prefix="licet-attack-") as folder, override_settings(
        LICET_DOCUMENTATION_ADDRESSES=True,
    ), transaction.atomic():
        from django.conf import settings

        kept = settings.DEPLOYMENT
        use_policy(settings, Path(folder))
        write_policy(Path(folder))
        enforcers.LIMITER.clear()
        make_world("owned")
        try:
            yield an_order("live")
        finally:
            settings.DEPLOYMENT = kept
            transaction.set_rollback(True)


def write_policy(folder: Path) -> None:
    """With two enforcers."""
    (folder / "policy.toml").write_text(policy_toml(extra=policy_lines(ENFORCER_1, ENFORCER_2)))


if __name__ == "__main__":
    raise SystemExit(main())
