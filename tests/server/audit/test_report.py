"""The report: the same to the byte from the database and from the log alone, and every number leads to its entries."""

from __future__ import annotations

import dataclasses
import html
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from django.http import QueryDict
from django.test import Client
from pytest_django.asserts import assertContains

from licet.app.log import make_trust
from licet.app.order.invented import invented_people
from licet.app.transparency.count import Period
from licet.app.transparency.from_log import report_from_log
from licet.app.transparency.numbers import COUNT, NUMBERS
from licet.app.transparency.write import addresses, report_csv, report_json
from licet.cli.main import licet
from licet.errors import LogBroken, Refused
from licet.lifecycle.table import REQUESTER
from licet.server.audit import report_charts, report_page, report_words
from licet.server.audit.entries import in_log, narrowed
from licet.server.audit.filters import EntryForm
from licet.server.audit.report import report_of
from licet.server.demo import seed
from licet.server.log_writing import write_log
from licet.server.orders.service_layer import appeals, requests
from licet.server.registry.models import Outbox
from licet.server.registry.service_layer.actors import Actor
from licet.server.registry.service_layer.officers import init_registry
from licet.tlog.signer import LogKey
from server.histories import Step, begin
from server.orders.orders_world import an_order, clock, use_policy
from server.orders.test_requests import ANSWERS, LETTER
from server.world import DAY, HOUR, MONDAY, World, make_world

NOW = MONDAY + 90 * DAY  # as conftest.py has it
pytestmark = pytest.mark.django_db
PERIODS = (("2025-01-01", "2026-12-31"), ("2026-05-01", "2026-05-31"), ("2026-03-15", "2026-04-02"),
           ("2030-01-01", "2030-01-01"))


def periods() -> list[Period]:
    return [Period(date.fromisoformat(first), date.fromisoformat(last)) for first, last in PERIODS]


@pytest.fixture
def demo(db: None, key: LogKey, settings: Any) -> None:
    """A demonstration with a year of invented history, in its log."""
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    init_registry("public", "Example registry", at=at - 400 * DAY)
    seed(at=at, invite=invented_people)
    write_log()


def agree(key: LogKey, folder: Path) -> list[dict[str, Any]]:
    """The report of each period, after holding that both ways give the same bytes."""
    found = []
    for period in periods():
        ours = report_of(period)
        theirs = report_from_log(str(folder / "log"), make_trust(str(key.verifier)), period)
        assert report_json(ours) == report_json(theirs)
        assert report_csv(ours) == report_csv(theirs)
        found.append(json.loads(report_json(ours)))
    return found


def test_a_demonstration_counts_the_same_from_its_database_and_from_its_log(demo: None, key: LogKey,
                                                                           tmp_path: Path) -> None:
    whole, may, _, nothing = agree(key, tmp_path)
    values = {one["name"]: one["value"] for one in whole["numbers"]}
    assert values["applications_received"] == Outbox.objects.filter(event="submit").count() > 10
    assert values["decision_time_median_s"] > 0
    assert values["appeals_filed"] == 4, "one against a notice, three against orders"
    assert values["orders_drafted"] == 7
    assert whole["log"]["entries"] == Outbox.objects.count()
    assert 0 < may["log"]["entries"] < whole["log"]["entries"]
    assert nothing["log"]["entries"] == 0
    _require_same_of_command_and_page(key, tmp_path / "log")


def _require_same_of_command_and_page(key: LogKey, folder: Path) -> None:
    client = Client()
    words = ["report", "--from", "2025-01-01", "--to", "2026-12-31", "--from-log", str(folder), "--key",
             str(key.verifier)]
    run = CliRunner()
    told = run.invoke(licet, [*words, "--format", "json"], catch_exceptions=False)
    assert told.stdout_bytes == client.get("/report.json?since=2025-01-01&until=2026-12-31").content
    told = run.invoke(licet, [*words, "--format", "csv"], catch_exceptions=False)
    assert told.stdout_bytes == client.get("/report.csv?since=2025-01-01&until=2026-12-31").content
    assert "Applications received" in run.invoke(licet, words, catch_exceptions=False).stdout
    for wrong in (words[:-2], [*words[:5], "--key", "x"], [*words[:5], "--quorum", "1"], ["report", "--from", "soon"]):
        assert run.invoke(licet, wrong).exit_code == 2, wrong


def test_a_long_history_counts_the_same_from_both(db: None, key: LogKey, tmp_path: Path) -> None:
    """Everything that registrants, officers and the calendar do, played; the log is written now and then."""
    player = begin()
    steps = ("registered", "waiting", "refuse", "in_trouble", "confirm", "days", "appeal", "fail", "time", "uphold",
             "registered", "renew", "surrender", "withdraw", "mail", "time", "provisional")
    for number, what in enumerate(one for one in steps * 2 if hasattr(player, one)):
        player.play(Step(what, number * 7, number * 3, hours=number % 30))
        if number % 11 == 0:
            write_log()
    write_log()
    assert Outbox.objects.count() >= 35
    agree(key, tmp_path)


def test_requests_orders_and_appeals_count_the_same_from_both(key: LogKey, tmp_path: Path, settings: Any,
                                                               db: None) -> None:
    """Real ones: a letter that is answered, an order that is drafted, signed, live, appealed and quashed by silence."""
    deployment = settings.DEPLOYMENT
    use_policy(settings, tmp_path)
    settings.DEPLOYMENT = dataclasses.replace(deployment, data=tmp_path)
    world = make_world("owned")
    letter = requests.acknowledge(world.first, requests.receive(Actor(REQUESTER), LETTER, at=MONDAY), at=MONDAY + HOUR)
    requests.answer(world.first, letter, ANSWERS, at=MONDAY + DAY)
    live = an_order("live")
    found, _token = appeals.file(live.ends.get(number=1), "This is our server.", at=MONDAY + 2 * DAY)
    for days in (3, 4, 15):
        clock(MONDAY + days * DAY)
    write_log()
    found.refresh_from_db()
    told = {one["name"]: one for one in agree(key, tmp_path)[0]["numbers"]}
    values = {name: one["value"] for name, one in told.items()}
    assert found.state == "upheld"
    assert (values["requests_received"], values["requests_answered_in_time"], values["asks_answered"]) == (1, 1, 3)
    assert told["asks_answered"]["by"]["asks"]["absence_is_not_a_ground"] == 1
    assert (values["orders_drafted"], values["orders_tried"], values["orders_live"], values["orders_quashed"],
            values["orders_standing"]) == (1, 1, 1, 1, 0)
    assert told["orders_live"]["by"]["ground"] == {"network_policy": 1, "adjudicated": 0}
    assert sum(told["orders_live"]["by"]["network"].values()) == 1
    assert values["orders_in_force_s"] > 86_400
    assert (values["appeals_filed"], values["appeals_defaulted"]) == (1, 1)
    assert values["orders_effect_measured"] is None, "it ended, and nobody measured its effect"


def test_what_is_not_published_yet_is_not_counted(world: World, key: LogKey, tmp_path: Path) -> None:
    world.application("in_review")
    write_log()
    before = agree(key, tmp_path)[0]
    world.application("in_review")
    assert agree(key, tmp_path)[0] == before


def test_every_number_leads_to_exactly_the_entries_that_were_counted(demo: None, client: Client) -> None:
    for one in report_of(periods()[0]).numbers:
        counted = 0
        for address in addresses(one, periods()[0]):
            form = EntryForm(QueryDict(urlsplit(address).query))
            assert form.is_valid(), address
            counted += narrowed(in_log(), form.cleaned_data).count()
        if one.number.how == COUNT:
            assert counted == one.value, one.number.name
        elif one.number.begins:
            assert counted == one.cases, one.number.name
    page = client.get(addresses(one, periods()[0])[0] if one.number.queries else "/log/?type=order&event=reject")
    assertContains(page, "No entry fits all of this")


def test_a_log_that_was_changed_has_no_numbers(world: World, key: LogKey, tmp_path: Path) -> None:
    world.registration()
    write_log()
    tile = next((tmp_path / "log/tile/entries").rglob("*.p/*"))
    raw = tile.read_bytes()
    tile.write_bytes(raw.replace(b'"event":"approve"', b'"event":"approvf"', 1))
    with pytest.raises(LogBroken, match="entry_changed"):
        report_from_log(str(tmp_path / "log"), make_trust(str(key.verifier)), periods()[0])


def test_a_machine_that_does_not_know_the_log_says_so(world: World, client: Client, tmp_path: Path,
                                                      settings: Any) -> None:
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path)
    with pytest.raises(Refused, match="not kept here"):
        report_of(periods()[0])
    assertContains(client.get("/report/"), "kept by another machine")
    assert client.get("/report.json").status_code == 503


# The page.


def test_the_page_shows_every_number_with_its_query(demo: None, client: Client) -> None:
    text = html.unescape(client.get("/report/?since=2025-07-01&until=2026-06-30").content.decode())
    for number in NUMBERS:
        assert str(report_words.TITLES[number.name]) in text
        for query in number.queries:
            assert str(query) in text
    assert text.count('role="img"') >= 8
    assert "licet report --from 2025-07-01 --to 2026-06-30 --format json" in text
    page = client.get("/report/")
    assertContains(page, 'value="2025-06-01"')
    assertContains(page, f'value="{NOW.date().isoformat()}"')
    assertContains(page, "entries were written in these days")


def test_an_empty_registry_has_a_report_of_zeros(world: World, key: LogKey, client: Client) -> None:
    page = client.get("/report/")
    assertContains(page, "0 entries were written in these days")
    assert 'role="img"' not in page.content.decode()
    assert page.content.decode().count('<td class="number">0</td>') > 40


def test_days_that_make_no_sense_are_said(world: World, key: LogKey, client: Client) -> None:
    for asked in ("since=2026-03-02&until=2026-03-01", "since=1900-01-01", "since=x", "since=2020-01-01"):
        assertContains(client.get(f"/report/?{asked}"), "These days cannot be counted", status_code=400)
        answer = client.get(f"/report.json?{asked}")
        assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert client.get("/report/?since=&until=").status_code == 200


def test_numbers_of_before_are_found_where_they_are_now(client: Client, db: None) -> None:
    page = client.get("/numbers/")
    assert (page.status_code, page["Location"]) == (301, "/report/")


def test_a_report_is_counted_once_and_kept(world: World, key: LogKey, client: Client, monkeypatch: pytest.MonkeyPatch,
                                           django_assert_max_num_queries: Any) -> None:
    world.application("in_review")
    write_log()
    with django_assert_max_num_queries(8):
        client.get("/report/")
    monkeypatch.setattr(report_page, "report_of", lambda _period: pytest.fail("it was counted again"))
    assert client.get("/report/").status_code == 200
    assert client.get("/report.json").status_code == 200


def test_while_another_report_is_counted_one_waits(world: World, key: LogKey, client: Client,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_page, "WAIT_S", 0.01)
    with report_page._counting:
        page = client.get("/report/")
        assertContains(page, "Another report is being counted", status_code=503)
        assert page["Retry-After"]
        assert "no-store" in page["Cache-Control"]
    assert client.get("/report/").status_code == 200


def test_titles_and_units_are_those_of_the_command() -> None:
    assert {name: str(text) for name, text in report_words.TITLES.items()} == {
        number.name: number.title for number in NUMBERS}
    assert {str(text) for text in report_words.UNITS.values()} == {number.unit for number in NUMBERS}
    assert set(report_words.PARTS) == {number.part for number in NUMBERS}
    assert {number.name for number in NUMBERS} >= report_charts.MONTHLY


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 minutes"), (1_800, "30 minutes"), (25_200, "7 hours"),
                                               (171_000, "47.5 hours"), (216_000, "2.5 days"), (864_000, "10 days")])
def test_times_are_said_in_the_unit_that_people_use(seconds: int, text: str) -> None:
    assert report_words.time_text(seconds) == text
