"""What counts as registered, said once more and as simply as possible (lifecycle §1–3 and §6, 1).

It knows nothing of tables, rows or locks: it is told what happened and keeps what follows in a few plain lists. What it
says is compared with what the registry publishes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
BOTH = timedelta(hours=72)

COUNTS = {"ok", "noticed", "expiring", "redemption", "pendingDelete", "held"}
OVER = {"lapsed", "revoked", "gone"}


@dataclass
class End:
    """An endpoint. place, key: "" where it has none; state: pending, good, stale, bad or gone."""

    handle: str
    service: str
    place: str
    key: str
    since: datetime
    instead_of: str = ""
    state: str = "pending"
    checked: datetime | None = None
    old_keys: list[tuple[str, datetime]] = field(default_factory=list)
    until: datetime | None = None  # after it was replaced
    dropped: bool = False
    mails: list[list[datetime | None]] = field(default_factory=list)  # sent when, of each notice of being stale

    @property
    def stands(self) -> bool:
        return self.state in ("good", "stale")


@dataclass
class Case:
    """A service. application, registration: states, "" where there is none."""

    application: str = "draft"
    application_since: datetime | None = None
    waits_since: datetime | None = None
    asked: datetime | None = None
    registration: str = ""
    registration_since: datetime | None = None
    end: datetime | None = None


@dataclass
class Ledger:
    """All that happened, as far as it matters for what counts. now: what the registry's clock shows."""

    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    cases: dict[str, Case] = field(default_factory=dict)
    ends: dict[str, End] = field(default_factory=dict)
    ran: datetime | None = None
    back: datetime | None = None
    last_check_was_taken_as_good: bool = False

    # What registrants do.

    def created(self, service: str) -> None:
        self.cases[service] = Case("draft", self.now)

    def added(self, service: str, handle: str, place: str, key: str, instead_of: str = "") -> None:
        self.ends[handle] = End(handle, service, place, key, self.now, instead_of)

    def submitted(self, service: str) -> None:
        case = self.cases[service]
        case.application, case.application_since = "proving", self.now
        self._settle(service)

    def withdrawn(self, service: str) -> None:
        self.cases[service].application = ""

    def applied_again(self, service: str) -> None:
        case = self.cases[service]
        if not case.application:
            case.application, case.application_since = "draft", self.now

    def answered(self, service: str) -> None:
        case = self.cases[service]
        assert case.asked is not None
        if case.application == "info_needed":
            assert case.waits_since is not None
            case.application = "in_review"
            case.waits_since += self.now - case.asked
        case.asked = None

    def key_changed(self, handle: str, old: str, new: str) -> None:
        service = self.ends[handle].service
        for end in self._of(service):
            if end.key == old and end.stands:
                end.key, end.old_keys = new, [(old, self.now + BOTH)]
                self._to(end, "good")

    def given_up(self, handle: str) -> None:
        end = self.ends[handle]
        if end.state == "bad":
            end.dropped = True
        elif end.state != "gone":
            self._to(end, "gone")
        self._settle(end.service)

    def renewed(self, service: str) -> None:
        case = self._registered(service)
        assert case.end is not None
        case.end = max(case.end, min(max(case.end, self.now) + 365 * DAY, self.now + 730 * DAY))
        self._turn(case, "ok")

    def surrendered(self, service: str) -> None:
        self._turn(self._registered(service), "gone")

    def appealed(self, service: str) -> None:
        case = self._registered(service)
        self._turn(case, {"noticed": "noticed", "serverHold": "ok", "pendingDelete": "held"}[case.registration])

    # What a check finds.

    def checked(self, handle: str, ok: bool, is_recheck: bool) -> None:
        end = self.ends[handle]
        ok = ok and not self._is_taken(end)
        self.last_check_was_taken_as_good = ok
        if ok:
            old = self.ends.get(end.instead_of)
            if old is not None and old.stands:
                self._to(old, "gone")
                old.until = self.now + BOTH
            if not end.stands:
                end.until, end.dropped = None, False
            self._to(end, "good")
            self._settle(end.service)
        elif is_recheck or not end.stands:
            if end.state == "good":
                self._to(end, "stale")
                end.mails = [[self.now, None]]
            elif end.state == "pending":
                self._to(end, "bad")
            self._settle(end.service, failed=True)

    def _is_taken(self, end: End) -> bool:
        for other in self.ends.values():
            if other is end or other.state != "good" or other.handle == end.instead_of:
                continue
            if end.place and other.place == end.place:
                return True
            if end.key and other.key == end.key and other.service != end.service:
                return True
        return False

    # What officers do.

    def asked(self, service: str) -> None:
        case = self.cases[service]
        case.asked = self.now
        if case.application == "in_review":
            case.application, case.application_since = "info_needed", self.now

    def decided(self, service: str, approve: bool) -> None:
        case = self.cases[service]
        case.application, case.asked = "", None
        if approve and (not case.registration or case.registration in OVER):
            case.registration, case.registration_since, case.end = "ok", self.now, self.now + 365 * DAY

    def noticed(self, service: str) -> None:
        self._turn(self._registered(service), "noticed")

    def confirmed(self, service: str, event: str) -> None:
        self._turn(self._registered(service), "serverHold" if event == "suspend" else "pendingDelete")

    def lifted(self, service: str) -> None:
        self._turn(self._registered(service), "ok")

    def upheld(self, service: str) -> None:
        self._turn(self.cases[service], "ok")

    # What time does.

    def mailed(self) -> None:
        for end in self.ends.values():
            for mail in end.mails:
                mail[1] = mail[1] or self.now

    def time(self) -> None:
        if self.ran is not None and not timedelta() <= self.now - self.ran <= 3 * DAY:
            self.back = self.now
        self.ran = self.now
        # After the registry was away, or its clock jumped, it takes nothing from anybody for two weeks.
        spares = self.back is not None and self.now < self.back + 14 * DAY
        for case in self.cases.values():
            self._time_for_application(case, spares)
        for service in self.cases:
            self._overdue(service)
        for end in self.ends.values():
            self._time_for_end(end, spares)
        for case in self.cases.values():
            for _ in range(4):
                self._time_for_registration(case, spares)

    def _time_for_application(self, case: Case, spares: bool) -> None:
        days = {"draft": 30, "proving": 14, "info_needed": 30}.get(case.application)
        if days is None or spares:
            return
        assert case.application_since is not None
        if self.now >= case.application_since + days * DAY:
            case.application, case.asked = "", None

    def _overdue(self, service: str) -> None:
        case = self.cases[service]
        provisional = sum(one.application == "provisional" for one in self.cases.values())
        if case.application == "in_review" and self._is_proven(service) and provisional < 3:
            assert case.waits_since is not None
            if self.now >= two_working_days_after(case.waits_since):
                case.application = "provisional"

    def _time_for_end(self, end: End, spares: bool) -> None:
        if end.dropped:
            return
        if end.state == "pending" and self.now >= end.since + 7 * DAY and not spares:
            self._to(end, "bad")
        if end.state != "stale":
            return
        first = end.mails[0][1]
        if len(end.mails) == 1 and first is not None and self.now >= max(first, end.since) + 15 * DAY:
            end.mails.append([self.now, None])
        second = end.mails[1][1] if len(end.mails) == 2 else None
        late = second is not None and self.now >= second + 15 * DAY
        if late and self.now >= end.since + 30 * DAY and not spares:
            self._to(end, "bad")

    def _time_for_registration(self, case: Case, spares: bool) -> None:
        since, end, state = case.registration_since, case.end, case.registration
        if since is None or end is None:
            return
        if state == "ok" and self.now >= end - 60 * DAY:
            self._turn(case, "expiring")
        elif state == "expiring" and self.now >= end:
            self._turn(case, "redemption")
        elif state == "redemption" and self.now >= since + 60 * DAY and not spares:
            self._turn(case, "lapsed")
        elif state == "serverHold" and self.now >= since + 30 * DAY:
            self._turn(case, "ok")
        elif state == "pendingDelete" and self.now >= since + 30 * DAY and not spares:
            self._turn(case, "revoked")

    # What counts.

    def counting(self) -> set[tuple[str, str, bool]]:
        """(place or key, service, whether it is on hold) of everything that is shielded now."""
        found = set()
        for service, case in self.cases.items():
            is_held = case.registration == "serverHold"
            if not is_held and case.registration not in COUNTS and case.application != "provisional":
                continue
            for end in self._of(service):
                if not end.stands and (end.state != "gone" or end.until is None or end.until <= self.now):
                    continue
                keys = [end.key, *(key for key, until in end.old_keys if until > self.now)]
                found |= {(one, service, is_held) for one in (end.place, *keys) if one}
        return found

    def _of(self, service: str) -> list[End]:
        return [end for end in self.ends.values() if end.service == service]

    def _is_proven(self, service: str) -> bool:
        live = [end for end in self._of(service) if end.state != "gone" and not end.dropped]
        # What is to take the place of an endpoint that stands is no condition until it was proven.
        live = [end for end in live if end.stands or not self._would_replace(end)]
        return bool(live) and all(end.stands for end in live)

    def _would_replace(self, end: End) -> bool:
        return end.instead_of in self.ends and self.ends[end.instead_of].stands

    def _settle(self, service: str, failed: bool = False) -> None:
        case, proven = self.cases[service], self._is_proven(service)
        if case.application == "proving" and proven:
            case.application, case.waits_since = "in_review", self.now
        elif case.application in ("in_review", "provisional") and failed and not proven:
            case.application, case.application_since, case.asked = "proving", self.now, None

    def _to(self, end: End, state: str) -> None:
        if end.state != state:
            end.state, end.since = state, self.now

    def _turn(self, case: Case, state: str) -> None:
        if case.registration == state:
            return
        assert case.end is not None
        if state == "ok":
            case.end = max(case.end, self.now + 60 * DAY)
        case.registration, case.registration_since = state, self.now

    def _registered(self, service: str) -> Case:
        case = self.cases[service]
        assert case.registration
        assert case.registration not in OVER
        return case


def two_working_days_after(since: datetime) -> datetime:
    """Hour by hour, weekends left out."""
    at, hours = since, timedelta()
    if at.weekday() >= 5:
        at = datetime(at.year, at.month, at.day, tzinfo=UTC)
        while at.weekday() >= 5:
            at += DAY
    while hours < 2 * DAY:
        at += timedelta(hours=1)
        if at.weekday() < 5:
            hours += timedelta(hours=1)
    return at
