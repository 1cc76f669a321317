"""The demonstration's letters and orders: each state is there, each page has something to show, nothing is made up by
the registry itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from licet.app.order.invented import invented_people
from licet.errors import Unavailable
from licet.lifecycle import order as orders
from licet.model.order import read_order_file
from licet.order.people import signature_problems
from licet.server import demo
from licet.server.orders import order_views, status_views
from licet.server.orders.models import Appeal, EnforcerHits, OrderRow, Request
from licet.server.orders.policy import networks
from licet.server.orders.service_layer import enforcers
from licet.server.public.limits import LIMITER
from licet.server.registry.models import Account, Notice, Outbox
from licet.server.registry.service_layer import officers
from server.desk.people import sign_in
from server.orders.orders_world import DAY, HOUR, MONDAY

pytestmark = pytest.mark.django_db

NOW = MONDAY + 500 * DAY
SHOWN = {"live", "stayed", "noticed", "quashed", "expired", "refused", "checked"}


@pytest.fixture
def data(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DEPLOYMENT = dataclasses.replace(django_settings.DEPLOYMENT, data=tmp_path)
    for module in (status_views, order_views):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)
    for limiter in (LIMITER, enforcers.LIMITER):
        limiter.clear()
    officers.init_registry("public", "Example registry", at=MONDAY)
    return tmp_path


@pytest.fixture
def filled(data: Path) -> list[str]:
    return demo.seed(at=NOW, invite=invented_people)


def test_an_order_is_there_in_each_state_that_a_page_shows(filled: list[str]) -> None:
    assert len(filled) == 1
    assert set(OrderRow.objects.values_list("state", flat=True)) == SHOWN
    for row in OrderRow.objects.all():
        file = read_order_file(bytes(row.signed))
        roles = ("author", "approver") if row.noticed_at else ("author",)
        assert signature_problems(file, networks()[0], roles) == []
        events = [one.event for one in Outbox.objects.filter(subject=row.handle).order_by("sequence")]
        assert events[:2] == ["draft", "validate_ok"]
    live = OrderRow.objects.get(state="live")
    assert live.request == f"{Request.objects.get(requester__contains='network team').handle}/1"
    assert EnforcerHits.objects.get(end__order=live).packets == 60_000
    assert set(Appeal.objects.values_list("state", flat=True)) == {"upheld", "dismissed", "stayed"}
    assert not Notice.objects.filter(sent_at=None).exists()


def test_each_that_took_effect_was_tried_on_one_machine_first(filled: list[str]) -> None:
    for state in ("live", "stayed", "quashed", "expired"):
        row = OrderRow.objects.get(state=state)
        led_to = [one.after for one in Outbox.objects.filter(subject=row.handle).order_by("sequence")]
        assert led_to[:7] == ["draft", "checked", "simulated", "approved", "noticed", "canary", "live"], state
        assert EnforcerHits.objects.filter(end__order=row).exists() is (state != "stayed")


def test_the_log_tells_it_in_the_order_of_its_times(filled: list[str]) -> None:
    for kind in ("order", "appeal", "request"):
        times = list(Outbox.objects.filter(type=kind).order_by("pk").values_list("time", flat=True))
        assert times == sorted(times)
        assert times[-1] <= NOW


def test_one_enforcer_has_confirmed_and_one_is_red(filled: list[str]) -> None:
    found = Client().get("/status.json").json()
    assert [one["confirmed"] for one in found["enforcers"]] == [True, False]
    quashed = OrderRow.objects.get(state="quashed")
    assert quashed.handle in [one["order"] for one in found["enforcers"][1]["still"]]
    assert found["orders"] == {"live": 1, "canary": 0, "noticed": 1, "stayed": 1}


def test_letters_are_answered_late_and_sealed(filled: list[str]) -> None:
    states = sorted(Request.objects.values_list("state", flat=True))
    assert states == ["acknowledged"] * 3 + ["answered"] * 2
    page = Client().get("/requests/").content.decode()
    for said in ("1 of 3 asks accepted", "1 of 2 asks accepted", "its answer is overdue"):
        assert said in page
    sealed = Request.objects.exclude(sealed_until=None).get()
    assert "(sealed)" in Client().get(f"/requests/{sealed.handle}/").content.decode()


def test_every_page_of_it_opens(filled: list[str]) -> None:
    public = OrderRow.objects.exclude(noticed_at=None)
    pages = ["/status/", "/orders/", "/requests/", *(f"/orders/{row.handle}/" for row in public)]
    for path in pages:
        assert Client().get(path).status_code == 200, path
    desk = sign_in(Account.objects.get(email=demo.OFFICERS[0]))
    pages = ["/desk/orders/", "/desk/appeals/", "/desk/requests/",
             *(f"/desk/orders/{row.handle}/" for row in OrderRow.objects.all()),
             *(f"/desk/appeals/{one.handle}/" for one in Appeal.objects.all())]
    for path in pages:
        assert desk.get(path).status_code == 200, path


def test_the_clock_goes_on_from_there(filled: list[str]) -> None:
    from licet.server.orders.service_layer.due import run_due

    noticed = OrderRow.objects.get(state="noticed")
    for hours in (1, 30, 24 * 31):
        run_due(at=NOW + hours * HOUR)
    states = set(OrderRow.objects.values_list("state", flat=True))
    assert states <= set(orders.FINAL) | {"checked"}
    noticed.refresh_from_db()
    assert noticed.state == "expired"


def test_without_people_who_can_sign_there_are_letters_alone(data: Path) -> None:
    def nobody() -> Any:
        raise Unavailable("ssh-keygen is not installed: install openssh-client")

    said = demo.seed(at=NOW, invite=nobody)
    assert said[-1] == "there are no invented orders: ssh-keygen is not installed: install openssh-client"
    assert Request.objects.count() == 5
    assert not OrderRow.objects.exists()
    assert not (data / "policy.toml").exists()


def test_a_policy_that_is_there_is_left_alone(data: Path) -> None:
    (data / "policy.toml").write_text("# mine\n")
    assert "is there already" in demo.seed(at=NOW, invite=invented_people)[-1]
    assert (data / "policy.toml").read_text() == "# mine\n"
