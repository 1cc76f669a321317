"""The desk's pages: what each shows, to whom, in how few questions to the database, and what it says of bad input."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licet.server.clock import utc_now
from licet.server.desk import queue
from licet.server.registry.models import Application, Endpoint, Message, Officer, Proposal, Registration, Service
from licet.server.registry.service_layer import applications, decisions, organisations
from licet.server.registry.service_layer.due import run_due
from server.desk.people import REASON, Desk, of, sign_in
from server.world import DAY, FAILED, World, account

pytestmark = pytest.mark.django_db
PAGES = ("/desk/", "/desk/?show=overdue", "/desk/?show=decided", "/desk/calendar/", "/desk/times/", "/desk/keys/",
         "/desk/officers/", "/desk/attest/", "/desk/find/?q=service")


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_for_officers_and_for_nobody_else(desk: Desk, page: str) -> None:
    desk.world.application("in_review")
    assert desk.clients["officer"].get(page).status_code == 200
    assert desk.clients["stranger"].get(page).status_code == 302
    for who in ("registrant", "another registrant"):
        assert desk.clients[who].get(page).status_code == 404
    assert desk.clients["officer"].post(page.split("?")[0]).status_code in (405, 422, 409)


def test_the_queue_has_the_oldest_first_and_marks_what_is_late(desk: Desk) -> None:
    now = utc_now()
    old = desk.world.application("in_review", at=now - 9 * DAY)
    new = desk.world.application("in_review", at=now - timedelta(hours=2))
    asked = desk.world.application("info_needed", at=now - 3 * DAY)
    page = text_of(desk.clients["officer"].get("/desk/"))
    assert page.index(old.service.handle) < page.index(new.service.handle) < page.index(asked.service.handle)
    assert page.index("Questions that wait") < page.index(asked.service.handle)
    assert page.count("overdue</strong>") == 1
    assert "1 of 1 proven" in page
    late = text_of(desk.clients["officer"].get("/desk/?show=overdue"))
    assert old.service.handle in late
    assert new.service.handle not in late


def test_an_application_with_a_failed_proof_is_red_with_what_was_seen(desk: Desk) -> None:
    found = desk.world.application("proving", at=utc_now() - DAY)
    endpoint = Endpoint.objects.get(service=found.service)
    desk.world.prove(endpoint, utc_now(), FAILED)
    page = text_of(desk.clients["officer"].get("/desk/?show=proving"))
    assert "0 of 1 proven" in page
    assert "no answer" in page


@pytest.mark.parametrize(("begun", "late"), [
    (datetime.fromisoformat("2026-03-02T09:00+00:00"), datetime.fromisoformat("2026-03-04T09:00+00:00")),  # Monday
    (datetime.fromisoformat("2026-03-05T09:00+00:00"), datetime.fromisoformat("2026-03-09T09:00+00:00")),  # Thursday
    (datetime.fromisoformat("2026-03-07T09:00+00:00"), datetime.fromisoformat("2026-03-11T00:00+00:00")),  # Saturday
])
def test_overdue_is_after_two_working_days(begun: datetime, late: datetime) -> None:
    second = timedelta(seconds=1)
    assert begun <= queue.overdue_cutoff(late)
    assert begun > queue.overdue_cutoff(late - second)


def count_queries(client: Client, page: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection, ) as seen:
        assert client.get(page).status_code == 200
    return len(seen)


@pytest.mark.parametrize("page", ["/desk/", "/desk/?show=decided", "/desk/calendar/", "/desk/officers/",
                                  "/desk/find/?q=service"])
def test_a_longer_list_asks_the_database_no_more(desk: Desk, page: str) -> None:
    def fill() -> None:
        now = utc_now()
        desk.world.application("in_review", at=now - 5 * DAY)
        desk.world.application("info_needed", at=now - 5 * DAY)
        desk.world.application("refused", at=now - 5 * DAY)
        registration = desk.world.registration("ok", at=now - 50 * DAY)
        desk.post("proposer", registration.service, "notice", **REASON)
        Registration.objects.filter(pk=registration.pk).update(noticed_at=now - 15 * DAY)
        desk.post("proposer", registration.service, "propose", event="suspend", **REASON)

    fill()
    few = count_queries(desk.clients["officer"], page)
    for _ in range(3):
        fill()
    assert Proposal.objects.count() == 4
    assert count_queries(desk.clients["officer"], page) == few


def test_a_case_asks_the_same_however_long_it_is(desk: Desk) -> None:
    found = desk.world.application("proving", at=utc_now() - DAY)
    page = f"/desk/case/{found.service.handle}/"
    few = count_queries(desk.clients["officer"], page)
    for _ in range(5):
        desk.world.prove(desk.world.endpoint(found.service, utc_now()), utc_now(), FAILED)
    assert count_queries(desk.clients["officer"], page) == few


def test_a_case_is_found_by_any_of_its_handles(desk: Desk) -> None:
    found = desk.world.application("in_review")
    endpoint = Endpoint.objects.get(service=found.service)
    for handle in (found.handle, found.service.handle.lower(), endpoint.handle):
        answer = desk.clients["officer"].get("/desk/find/", {"q": f" {handle} "})
        assert answer["Location"] == f"/desk/case/{found.service.handle}/"
    assert "No service has the handle" in text_of(desk.clients["officer"].get("/desk/find/", {"q": "SVC-0000"}))
    assert desk.clients["officer"].get("/desk/find/", {"q": "x" * 5_000}).status_code == 200
    assert desk.clients["officer"].get("/desk/case/SVC-0000/").status_code == 404


def test_words_of_others_are_shown_as_text(desk: Desk) -> None:
    found = desk.world.application("in_review", name="<script>alert(1)</script>", purpose="<b>bold</b>")
    for page in ("/desk/", f"/desk/case/{found.service.handle}/"):
        shown = desk.clients["officer"].get(page).content.decode()
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(1)" in shown


def test_the_page_head_says_how_long_decisions_take(desk: Desk) -> None:
    assert "Nothing was decided in the last 90 days" in text_of(desk.clients["officer"].get("/desk/"))
    for hours in (1, 3, 50):
        found = desk.world.application("in_review", at=utc_now() - timedelta(hours=hours))
        decisions.decide(desk.world.first, found, approve=True, at=utc_now())
    for page in ("/desk/", "/desk/calendar/", f"/desk/case/{found.service.handle}/"):
        shown = text_of(desk.clients["officer"].get(page))
        assert "Half of our decisions took at most <strong>3 hours</strong>" in shown
        assert "nine of ten at most <strong>2 days</strong>" in shown
    assert "<svg" in desk.clients["officer"].get("/desk/times/").content.decode()


# Two officers at once.


def test_the_second_officer_is_told_what_the_first_decided(desk: Desk) -> None:
    found = desk.world.application("in_review", at=utc_now() - DAY)
    page = desk.clients["second officer"].get(f"/desk/case/{found.service.handle}/").content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    desk.post("officer", found.service, "refuse", **REASON)
    answer = desk.post("second officer", found.service, "approve", seen=seen)
    assert answer.status_code == 409
    code = Officer.objects.get(account=desk.third.account).code
    said = text_of(answer)
    assert f"{code} refused this already (control_not_proven)" in said
    found.refresh_from_db()
    assert (found.state, found.service.registrations.count()) == ("refused", 0)
    assert found.decided_by is not None
    assert found.decided_by.code == code


def test_a_case_that_moved_is_not_decided_unseen(desk: Desk) -> None:
    """A provisional service can be approved while a question is open; not by somebody who did not see the question."""
    found = desk.world.application("provisional")
    version = decisions.version_of(found)
    desk.post("officer", found.service, "ask", text="Which building?", seen=version)
    answer = desk.post("second officer", found.service, "approve", seen=version)
    assert answer.status_code == 409
    assert "changed while you were reading" in text_of(answer)
    found.refresh_from_db()
    assert desk.post("second officer", found.service, "approve", seen=decisions.version_of(found)).status_code == 302


def test_the_same_press_twice_is_the_same_as_once(desk: Desk) -> None:
    found = desk.world.application("in_review", at=utc_now() - DAY)
    seen = decisions.version_of(found)
    for _ in range(2):
        assert desk.post("officer", found.service, "approve", seen=seen).status_code == 302
    assert found.service.registrations.count() == 1
    other = desk.world.application("in_review", at=utc_now() - DAY)
    assert desk.post("officer", other.service, "ask", text="Which building?").status_code == 302
    assert desk.post("officer", other.service, "ask", text="Which building?").status_code == 409
    assert Message.objects.filter(application=other).count() == 1


# What is sent is checked.


@pytest.mark.parametrize(("values", "said"), [
    ({"code": "", "text": "Why."}, "This field is required"),
    ({"code": "public_interest", "text": "Why."}, "public_interest is not one of the available choices"),
    ({"code": "control_not_proven", "text": "   "}, "This field is required"),
    ({"code": "control_not_proven", "text": "x" * 2_001}, "at most 2000 characters"),
    ({"code": "control_not_proven", "text": "a\u202eb"}, "invisible characters"),
    ({"code": "conflicts_with", "text": "Why."}, "name the service with which it conflicts"),
    ({"code": "conflicts_with", "text": "Why.", "conflicts_with": "SVC-0000"}, "There is no service SVC-0000"),
    ({"code": "conflicts_with", "text": "Why.", "conflicts_with": "x" * 21}, "at most 20 characters"),
    ({**REASON, "decided_by": "1"}, "fields that it does not have"),
    ({**REASON, "seen": "x" * 81}, "at most 80 characters"),
])
def test_a_refusal_needs_a_documented_code_and_a_text(desk: Desk, values: dict[str, str], said: str) -> None:
    found = desk.world.application("in_review")
    answer = desk.post("officer", found.service, "refuse", **values)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'id="problem"' in answer.content.decode()
    found.refresh_from_db()
    assert (found.state, found.reason, found.reason_text) == ("in_review", "", "")


def test_public_interest_is_no_code(desk: Desk) -> None:
    found = desk.world.application("in_review")
    page = text_of(desk.clients["officer"].get(f"/desk/case/{found.service.handle}/")).lower()
    assert "public interest" not in page
    assert "public_interest" not in page


def test_an_officer_decides_nothing_about_their_own_organisation(desk: Desk) -> None:
    own = World("public", desk.world.at, desk.world.first, desk.world.second, desk.world.owner, desk.world.organisation)
    found = own.application("in_review")
    found.service.organisation.memberships.create(account=of(desk.third), since=utc_now())  # type: ignore[union-attr]
    page = text_of(desk.clients["officer"].get(f"/desk/case/{found.service.handle}/"))
    assert "another officer has to decide" in page
    assert "/approve/" not in page
    assert desk.post("officer", found.service, "approve").status_code == 409


def test_what_changes_needs_the_token_of_its_page(desk: Desk) -> None:
    found = desk.world.application("in_review")
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(of(desk.third))
    assert careful.post(f"/desk/case/{found.service.handle}/approve/").status_code == 403


# Why something that is overdue is as it is.


def test_the_fourth_provisional_service_waits_and_the_case_says_why(desk: Desk) -> None:
    for _ in range(4):
        desk.world.application("in_review")
    run_due(at=utc_now())
    assert Application.objects.filter(state="provisional").count() == 3
    left = Application.objects.get(state="in_review")
    page = text_of(desk.clients["officer"].get(f"/desk/case/{left.service.handle}/"))
    assert "3 provisional services already" in page


def test_an_overdue_case_says_what_it_lacks(desk: Desk) -> None:
    values = {"kind": "organisation", "name": "Example Ltd", "legal_name": "Example Ltd", "jurisdiction": "GB",
              "abuse_contact": "noc@example.com"}
    named = organisations.create_organisation(desk.world.owner, values, at=desk.world.at)
    world = World("public", desk.world.at, desk.world.first, desk.world.second, desk.world.owner, named)
    found = world.application("in_review")
    run_due(at=utc_now())
    page = text_of(desk.clients["officer"].get(f"/desk/case/{found.service.handle}/"))
    assert "not registered provisionally because the organisation" in page
    assert "organisation not proven" in page


def test_on_an_owned_network_overdue_is_escalated_and_never_permitted(owned_desk: Desk) -> None:
    found = owned_desk.world.application("in_review")
    run_due(at=utc_now())
    found.refresh_from_db()
    assert found.state == "in_review"
    page = text_of(owned_desk.clients["officer"].get(f"/desk/case/{found.service.handle}/"))
    assert "nothing is permitted by silence" in page


# A second factor.


def test_an_officer_without_a_second_factor_looks_and_does_not_decide(desk: Desk) -> None:
    found = desk.world.application("in_review")
    desk.clients["officer"].logout()
    of(desk.third).authenticator_set.all().delete()  # type: ignore[attr-defined]
    client = sign_in(of(desk.third), factor=False)
    page = text_of(client.get("/desk/"))
    assert "One step before you can decide" in page
    assert "/account/2fa/totp/activate/" in page
    for path in (f"/desk/case/{found.service.handle}/approve/", "/desk/attest/", "/desk/officers/invite/"):
        answer = client.post(path)
        assert answer.status_code == 403, path
        assert "Setting one up takes a minute" in text_of(answer)
    found.refresh_from_db()
    assert found.state == "in_review"
    sign_in(of(desk.third))
    assert client.post(f"/desk/case/{found.service.handle}/approve/").status_code == 302


def test_recovery_codes_alone_are_no_second_factor(desk: Desk) -> None:
    from allauth.mfa.models import Authenticator

    of(desk.third).authenticator_set.update(type=Authenticator.Type.RECOVERY_CODES)  # type: ignore[attr-defined]
    found = desk.world.application("in_review")
    assert desk.post("officer", found.service, "approve").status_code == 403


def test_a_demonstration_asks_for_none_and_says_so_on_every_page(desk: Desk, settings: Any) -> None:
    import dataclasses

    settings.LICET_SECOND_FACTOR = False
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, is_demo=True)
    client = sign_in(of(desk.third), factor=False)
    of(desk.third).authenticator_set.all().delete()  # type: ignore[attr-defined]
    found = desk.world.application("in_review")
    for page in (*PAGES, f"/desk/case/{found.service.handle}/"):
        assert "officers are not asked for a second factor" in text_of(client.get(page)), page
    assert client.post(f"/desk/case/{found.service.handle}/approve/").status_code == 302


# Permitted by the owner.

ENTRY = {"name": "Lift maintenance", "sponsor": "Facilities", "purpose": "Remote maintenance of lifts",
         "entries": "192.0.2.77:51820/udp wireguard\n[2001:db8::77]:1194/udp openvpn lift.example.net"}


def in_days(days: int) -> str:
    return (utc_now() + timedelta(days=days)).date().isoformat()


def test_an_officer_enters_what_the_owner_permits(owned_desk: Desk) -> None:
    answer = owned_desk.clients["officer"].post("/desk/attest/", {**ENTRY, "review_date": in_days(200)})
    assert answer.status_code == 302
    service = Service.objects.get(is_attested=True)
    assert (service.sponsor, service.is_listed, service.endpoints.count()) == ("Facilities", False, 2)
    page = text_of(owned_desk.clients["officer"].get(answer["Location"]))
    assert "Permitted by the owner" in page
    month = in_days(200)[:7]
    calendar = text_of(owned_desk.clients["officer"].get(f"/desk/calendar/?month={month}"))
    assert "permitted by the owner, for Facilities" in calendar


@pytest.mark.parametrize(("changes", "said"), [
    ({"review_date": ""}, "This field is required"),
    ({"review_date": in_days(400)}, "within a year"),
    ({"review_date": in_days(-1)}, "within a year"),
    ({"review_date": "soon"}, "Enter a valid date"),
    ({"sponsor": ""}, "This field is required"),
    ({"entries": "192.0.2.0/28 ipsec"}, "not a prefix"),
    ({"entries": "192.0.2.77 ipsec"}, "name the port and the transport"),
    ({"entries": "192.0.2.77:51820/udp wireguard\nnonsense"}, "Line 2"),
    ({"entries": "wireguard:short"}, "44 characters"),
    ({"entries": "192.0.2.1:1/udp wireguard\n" * 101}, "At most 100 lines"),
    ({"entries": "x" * 20_001}, "at most 20000 characters"),
    ({"owner": "me"}, "fields that it does not have"),
])
def test_a_wrong_entry_is_refused_whole(owned_desk: Desk, changes: dict[str, str], said: str) -> None:
    values = {**ENTRY, "review_date": in_days(200), **changes}
    answer = owned_desk.clients["officer"].post("/desk/attest/", values)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not Service.objects.filter(is_attested=True).exists()


def test_a_public_registry_attests_nothing(desk: Desk) -> None:
    answer = desk.clients["officer"].post("/desk/attest/", {**ENTRY, "review_date": in_days(200)})
    assert answer.status_code == 409
    assert "everybody proves control" in text_of(answer)
    assert not Service.objects.exists()


def test_the_calendar_counts_each_end_in_its_month(desk: Desk) -> None:
    found = desk.world.registration("ok", at=utc_now() - 50 * DAY)
    Registration.objects.filter(pk=found.pk).update(ex_date=utc_now() - 3 * DAY, state="redemption")
    page = text_of(desk.clients["officer"].get("/desk/calendar/"))
    assert found.service.handle in page, "what is past its end is late already, and stands in the first month"
    for month in ("2026-13", "x" * 7, "", "0000-00"):
        assert desk.clients["officer"].get("/desk/calendar/", {"month": month}).status_code == 200


# Officers.


def test_a_second_officer_confirms_an_invitation(desk: Desk) -> None:
    from licet.server.registry.models import Invitation

    answer = desk.clients["officer"].post("/desk/officers/invite/")
    link = answer.content.decode().split('class="mono link">')[1].split("<")[0]
    path = link.removeprefix("http://testserver")
    assert Client().get(path).status_code == 404, "nobody confirmed it yet"
    found = Invitation.objects.get(used_at=None)
    refused = desk.clients["officer"].post(f"/desk/officers/invitation/{found.pk}/confirm/")
    assert refused.status_code == 409
    assert "a second officer has to confirm it" in text_of(refused)
    assert desk.clients["proposer"].post(f"/desk/officers/invitation/{found.pk}/confirm/").status_code == 302
    assert Client().get(path).status_code == 200
    new = sign_in(account(), factor=False)
    assert new.post(path).status_code == 302
    assert Officer.objects.count() == 4
    assert new.post(path).status_code == 404, "it works once"


def test_an_officer_retires_when_another_confirms_and_the_last_one_stays(desk: Desk) -> None:
    codes = {who: Officer.objects.get(account=of(actor)).code for who, actor in
             (("proposer", desk.world.first), ("second officer", desk.world.second), ("officer", desk.third))}

    def press(who: str, about: str, name: str) -> Any:
        return desk.clients[who].post(f"/desk/officers/{codes[about]}/{name}/")

    assert press("officer", "officer", "propose").status_code == 302
    assert press("officer", "officer", "confirm").status_code == 409
    assert press("proposer", "officer", "confirm").status_code == 302
    assert desk.clients["officer"].get("/desk/").status_code == 404, "who retired sees the desk no more"
    assert press("proposer", "second officer", "propose").status_code == 302
    assert press("proposer", "second officer", "confirm").status_code == 409
    assert press("second officer", "second officer", "drop").status_code == 302
    assert press("proposer", "second officer", "confirm").status_code == 409, "it was dropped"
    press("proposer", "second officer", "propose")
    assert press("second officer", "second officer", "confirm").status_code == 302
    assert "You are the only officer" in text_of(desk.clients["proposer"].get("/desk/officers/"))
    answer = press("proposer", "proposer", "propose")
    assert answer.status_code == 409
    assert "This is the last officer" in text_of(answer)
    assert Officer.objects.filter(retired_at=None).count() == 1


def test_answers_and_appeals_are_on_the_case(desk: Desk) -> None:
    found = desk.world.application("info_needed", at=utc_now() - DAY)
    applications.answer(desk.world.owner, found, "In the second building.", at=utc_now())
    page = text_of(desk.clients["officer"].get(f"/desk/case/{found.service.handle}/"))
    assert "Which building?" in page
    assert "In the second building." in page
