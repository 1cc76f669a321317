"""The registry in numbers: counted from the record, zero is 0, and every picture has its table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains

from licet.server.public.charts import HEIGHT, Series, draw_beside, draw_stacked, short
from licet.server.public.counts import MONTHS, count_numbers, quantile
from licet.server.public.pages import hours_text
from licet.server.registry.models import Outbox
from licet.server.registry.service_layer import decisions
from server.public.conftest import NOW
from server.world import DAY, FAILED, HOUR, MONDAY, World


def decide(world: World, after: timedelta, *, approve: bool = True) -> None:
    found = world.application("in_review")
    reason = {} if approve else {"code": "conflicts_with", "text": "Both cannot be.",
                                 "conflicts_with": found.service.handle}
    decisions.decide(world.first, found, approve=approve, at=MONDAY + after, **reason)


@pytest.mark.django_db
def test_what_happened_is_what_is_counted(world: World) -> None:
    for hours in (1, 2, 3, 10):
        decide(world, hours * HOUR)
    decide(world, 40 * DAY, approve=False)
    world.application("in_review")
    world.application("draft")
    world.prove(world.endpoint(world.service()), outcome=FAILED)
    found = count_numbers(MONDAY + 60 * DAY)
    assert (found.received, found.decided, found.approved, found.refused) == (6, 5, 4, 1)
    assert (found.median_hours, found.p90_hours) == (3, 960)
    assert dict(found.refusals) == {"control_not_proven": 0, "organisation_not_proven": 0, "conflicts_with": 1,
                                    "false_statement": 0, "residential_endpoint": 0}
    assert (found.checks_ok, found.checks_failed) == (6, 1)
    march, april, may = found.months[-3:]
    assert (march.received, march.approved, march.refused, march.median_hours) == (6, 4, 0, 2.5)
    assert (april.received, april.refused, april.median_hours) == (0, 1, 960)
    assert (may.received, may.median_hours, may.checks_failed) == (0, None, 0)
    assert sum(month.received for month in found.months) == found.received
    assert Outbox.objects.filter(event="submit").count() == found.received


@pytest.mark.django_db
def test_a_year_is_twelve_months_and_what_was_before_is_not_counted(world: World) -> None:
    decide(world, 1 * HOUR)
    assert count_numbers(MONDAY + 330 * DAY).received == 1
    later = count_numbers(MONDAY + 370 * DAY)
    assert (later.received, later.decided, later.median_hours) == (0, 0, None)
    assert len(later.months) == MONTHS


@pytest.mark.django_db
def test_nothing_is_printed_as_0_and_each_number_says_how_it_was_counted(world: World, client: Client) -> None:
    page = client.get("/numbers/")
    assertContains(page, '<span class="number">0</span> <span class="title">applications received')
    assertContains(page, "none decided")
    assertContains(page, "Unit: ", count=5)
    assertContains(page, "Counted: ", count=5)
    assertContains(page, '<td class="number">0</td>', count=5 + MONTHS * 4)
    assertContains(page, 'role="img" aria-label="Applications received, by month"', count=2)


@pytest.mark.django_db
def test_the_numbers_are_read_in_few_queries_and_kept_for_a_while(world: World, client: Client,
                                                                  django_assert_num_queries: Any) -> None:
    for hours in range(5):
        decide(world, hours * HOUR)
    with django_assert_num_queries(6):  # entries, two kinds of checks, the directory's size, the snapshot, the registry
        client.get("/numbers/")
    with django_assert_num_queries(3):
        client.get("/numbers/")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_quantiles_are_among_the_values_and_in_order(values: list[float]) -> None:
    median, most = quantile(values, 0.5), quantile(values, 0.9)
    assert median is not None
    assert most is not None
    assert min(values) <= median <= most <= max(values)
    assert sum(one <= most for one in values) >= 0.9 * len(values)
    assert quantile([], 0.5) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=12))
def test_columns_stay_inside_their_picture(values: list[tuple[int, int]]) -> None:
    series = [Series("one", "good", tuple(float(one) for one, _ in values)),
              Series("two", "other", tuple(float(two) for _, two in values))]
    for drawing in (*draw_stacked(["x"] * len(values), series), *draw_beside(["x"] * len(values), series)):
        for label in drawing.labels:
            assert 0 <= label.x <= drawing.width
            assert 0 < label.y < HEIGHT
        numbers = [label for label in drawing.labels if label.kind == "label value"]
        assert len(numbers) == len(values)


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.5, "0.5"), (7, "7"), (7.0, "7"), (12.4, "12"), (999, "999"),
                                             (1_200, "1.2k"), (25_000, "25k")])
def test_numbers_above_columns_are_short(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(("hours", "text"), [(None, "none decided"), (0, "0 minutes"), (0.5, "30 minutes"),
                                             (7, "7 hours"), (47.5, "47.5 hours"), (60, "2.5 days")])
def test_times_are_said_in_the_unit_that_people_use(hours: float | None, text: str) -> None:
    assert hours_text(hours) == text


def test_the_clock_of_the_tests_is_not_the_machines() -> None:
    assert NOW.year == 2026
