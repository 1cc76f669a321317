"""Orders of the demonstration, in every state that a page shows: in force, stayed, announced, quashed, ended, refused.

Each step is what somebody would send or do, through the service layer, at its time in the past; between the steps the
clock runs. What is signed comes from outside (`licet.server.demo_people`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from licet.lifecycle import order as orders
from licet.lifecycle.endpoint_proof import HTTP_01
from licet.lifecycle.order import endpoint_handle
from licet.model.canonical import moment_ns
from licet.model.enforcer_report import OUTPUTS, EnforcerReport, ReportedHits, ReportedRule
from licet.model.order import read_order_file
from licet.server.demo_letters import Step
from licet.server.demo_people import People
from licet.server.orders.models import Appeal, OrderedEnd, OrderRow
from licet.server.orders.service_layer import appeals
from licet.server.orders.service_layer.enforcers import take
from licet.server.orders.service_layer.orders import observe, submit
from licet.server.registry.models import Outbox
from licet.server.registry.proving import Outcome
from licet.server.registry.service_layer.actors import Actor, officer

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
COUNTING, FORGETTING = OUTPUTS[0], OUTPUTS[1]
FRESH_NS = 86_400 * 10**9

SHOWN = Outcome(True, "", "The token of this challenge, at the address of the endpoint.",
                "/.well-known/licet-challenge/ on the endpoint's address, port 80", "It is there.",
                "Nothing more to do.")


class Story:
    """What happened to the orders until `at`. actor: the officer at the desk; cited: the ask that one order answers."""

    def __init__(self, people: People, actor: Actor, cited: Callable[[], str], at: datetime) -> None:
        self._people, self._actor, self._cited, self._at = people, actor, cited, at
        self._files: dict[str, bytes] = {}
        self._appeals: dict[str, Appeal] = {}
        self._met: dict[str, tuple[int, int]] = {}

    def steps(self) -> Iterator[Step]:
        """In no order."""
        at = self._at
        yield from self._lives("left-over", at - 40 * DAY, life=7 * DAY)
        yield from self._drafted("print-shop", at - 15 * DAY, runs_dry=True)
        yield from self._lives("supplier", at - 9 * DAY)
        yield from self._lives("rented", at - 8 * DAY, cites=True)
        yield from self._lives("tablets", at - 4 * DAY, is_added=True)
        yield from self._lives("night", at - 6 * HOUR)
        yield from self._drafted("draft", at - 2 * HOUR)
        yield from self._appealed(at)
        yield from self._enforced(at)

    # What people sign and send.

    def _drafted(self, name: str, at: datetime, *, runs_dry: bool = False, begin: datetime | None = None,
                 end: datetime | None = None, cites: bool = False) -> Iterator[Step]:
        def draft(when: datetime) -> None:
            request = self._cited() if cites else ""
            self._files[name] = self._people.drafted(name, at_ns=moment_ns(when), begin_ns=_ns(begin),
                                                     end_ns=_ns(end), request=request)
            submit(self._files[name], at=when)

        def run_dry(when: datetime) -> None:
            self._files[name] = self._people.rehearsed(self._files[name], name, at_ns=moment_ns(when))
            submit(self._files[name], at=when)

        yield at, draft
        if runs_dry:
            yield at + 20 * MINUTE, run_dry

    def _lives(self, name: str, at: datetime, *, life: timedelta = 30 * DAY, is_added: bool = False,
               cites: bool = False) -> Iterator[Step]:
        """Drafted, run dry, signed by two, announced, seen again, tried, in force. is_added: to an open case."""
        begin = at if is_added else at + DAY + 4 * HOUR  # a day after the notice, which follows the second signature

        def approve(when: datetime) -> None:
            submit(self._people.approved(self._files[name], at_ns=moment_ns(when)), at=when)

        def see(when: datetime) -> None:
            lines = self._people.seen(name, at_ns=moment_ns(when - HOUR))
            observe(self._actor, self._row(name), lines, at=when)

        yield from self._drafted(name, at, runs_dry=True, begin=begin, end=begin + life, cites=cites)
        yield at + 3 * HOUR, approve
        yield max(begin, at + 4 * HOUR) - HOUR // 2, see
        for moment in (begin, at + 3 * HOUR + MINUTE, at + 3 * HOUR + 2 * MINUTE):
            for later in (timedelta(), 61 * MINUTE):
                yield moment + later, _nothing
        yield begin + life, _nothing

    def _row(self, name: str) -> OrderRow:
        return OrderRow.objects.get(handle=read_order_file(self._files[name]).order.puid)

    # Who says that it is theirs.

    def _appealed(self, at: datetime) -> Iterator[Step]:
        yield at - 5 * DAY, self._file("supplier", "This is the remote maintenance of our fork-lifts. The contract is "
                                                   "with your warehouse, since 2024.", "service@fork-lifts.example.com")
        yield at - 5 * DAY + HOUR, self._prove("supplier")
        yield at - 2 * DAY, self._decide("supplier", True, "The contract was found. It is the maintenance of the "
                                                           "fork-lifts; the service was asked to register.")
        yield at - 4 * DAY, self._file("rented", "Some of us use this server for our own things.", "")
        yield at - 3 * DAY, self._decide("rented", False, "It is not said whose server it is, and control of it was "
                                                          "not shown. Whoever needs it can have it registered.")
        yield at - 27 * HOUR, self._file("tablets", "These are the tablets of our shop on your premises. The server is "
                                                    "ours.", "it@shop.example.org")
        yield at - 26 * HOUR, self._prove("tablets")

    def _file(self, name: str, statement: str, contact: str) -> Callable[[datetime], None]:
        def file(when: datetime) -> None:
            end = self._row(name).ends.get(number=1)
            self._appeals[name], _token = appeals.file(end, statement, contact, at=when)
        return file

    def _prove(self, name: str) -> Callable[[datetime], None]:
        def prove(when: datetime) -> None:
            proof = appeals.start_proof(self._appeals[name], HTTP_01, at=when)
            appeals.check_proof(proof, lambda challenge: SHOWN, at=when + 4 * MINUTE)
        return prove

    def _decide(self, name: str, uphold: bool, reasons: str) -> Callable[[datetime], None]:
        def decide(when: datetime) -> None:
            found = Appeal.objects.get(pk=self._appeals[name].pk)
            if found.reviewer is not None:
                appeals.decide(officer(found.reviewer.account), found, uphold=uphold, reasons=reasons, at=when)
        return decide

    # What enforcers report.

    def _enforced(self, at: datetime) -> Iterator[Step]:
        yield at - 33 * DAY, self._report("hamburg-1", "left-over", 214)
        for days in range(6, 0, -1):
            yield at - days * DAY, self._report("hamburg-1", "rented", 9_300)
        yield at - 6 * DAY + 3 * HOUR, self._report("hamburg-1", "supplier", 6_100)
        # The second one was cut off before the order against the supplier was quashed.
        yield at - 5 * DAY - 2 * HOUR, self._report("hamburg-2", "", 0, output=FORGETTING)
        yield at - MINUTE, self._report("hamburg-1", "rented", 4_200)

    def _report(self, code: str, met: str, packets: int, output: str = COUNTING) -> Callable[[datetime], None]:
        """What an enforcer that computes once an hour sends. met: which order's first rule met more packets."""
        def report(when: datetime) -> None:
            if met:
                row = self._row(met)
                before = self._met.get(row.handle, (0, 0))
                self._met[row.handle] = before[0] + packets, before[1] + packets * 148
            made = self._computed(code, when, output)
            take(self._people.reported(code, made), at=when)
        return report

    def _computed(self, code: str, when: datetime, output: str) -> EnforcerReport:
        at_ns = moment_ns(when)
        found = OrderedEnd.objects.filter(order__state__in=orders.IN_FORCE).select_related("order")
        rules = sorted(ReportedRule(end.handle, moment_ns(end.order.end_date)) for end in found if not end.is_off)
        hits = tuple(ReportedHits(endpoint_handle(handle, 1), *counts) for handle, counts in sorted(self._met.items()))
        return EnforcerReport(
            network=OrderRow.objects.all()[0].network, computed_ns=at_ns, every_s=3_600, mode="enforce", output=output,
            kind="owned", is_off=False, is_canary=output == COUNTING, policy="", log_size=Outbox.objects.count(),
            log_until_ns=at_ns + FRESH_NS, registries=((None, self._people.registry),),
            registry_until_ns=at_ns + FRESH_NS, is_in_force=True, rules=tuple(rules), doubts=(), left_out=(),
            left_out_more=0, hits_since_ns=moment_ns(self._at - 60 * DAY), hits=hits if output == COUNTING else (),
        )


def _nothing(when: datetime) -> None:
    """The clock runs."""


def _ns(moment: datetime | None) -> int | None:
    return None if moment is None else moment_ns(moment)
