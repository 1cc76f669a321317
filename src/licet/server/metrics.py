"""`/metrics` for Prometheus: what is in the registry, and how requests went. No label holds an address, a handle or
anything of a person: tests/house/fields.toml lists them all.

What is counted in the database is read at each scrape, so that it is the same from every worker; requests are counted
by each worker for itself.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter

from django.db.models import Count, Max, Min, Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from licet.lifecycle import order
from licet.server.clock import utc_now
from licet.server.notices import FAILURES_MAX
from licet.server.orders.enforcers import shown_enforcers
from licet.server.orders.models import OrderRow
from licet.server.registry.decision_times import recent_times
from licet.server.registry.models import (
    Application,
    Endpoint,
    Notice,
    Officer,
    Outbox,
    Proof,
    Registration,
    Registry,
    Snapshot,
)
from licet.server.registry.service_layer import receipts
from licet.server.snapshot_signing import signed_state
from licet.tuf.layout import ROLES

DAY_S = 86_400
SECONDS_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
METHODS = frozenset({"GET", "HEAD", "POST"})

REGISTRY = CollectorRegistry(auto_describe=False)
REQUESTS = Counter("licet_http_requests", "Requests answered.", ("method", "status_class"), registry=REGISTRY)
SECONDS = Histogram("licet_http_request_seconds", "How long requests took.", buckets=SECONDS_BUCKETS, registry=REGISTRY)


class CountRequests:
    """Middleware that counts requests by method and class of status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begun = perf_counter()
        response = self.get_response(request)
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method or "other", f"{response.status_code // 100}xx").inc()
        SECONDS.observe(perf_counter() - begun)
        return response


class RegistryCollector(Collector):
    """Counts that the database knows."""

    def collect(self) -> Iterable[Metric]:
        """The families, read now."""
        yield _by_state("licet_applications", "Applications by state.", Application)
        yield _by_state("licet_registrations", "Registrations by state.", Registration)
        yield _by_state("licet_endpoints", "Endpoints by the state of their proof.", Endpoint)
        yield _decisions()
        yield _proofs()
        yield _notices()
        yield _gauge("licet_log_entries", "Entries written for the log.",
                     Outbox.objects.aggregate(last=Max("pk"))["last"] or 0)
        yield _gauge("licet_log_waiting", "Entries that are not in the log yet.",
                     receipts.waiting_rows().count())
        yield _gauge("licet_officers", "Officers who serve; what needs two cannot be done by one.",
                     Officer.objects.filter(retired_at=None).count())
        yield _ordered()
        yield _enforcers()
        yield from _snapshot()
        yield from _signed()
        yield from _ages()


def _by_state(name: str, text: str, model: type[Model]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=("state",))
    counts = dict(model._default_manager.values_list("state").annotate(Count("pk")))
    for state, _title in model.STATES:  # type: ignore[attr-defined]  # each of the three has them
        family.add_metric((state,), counts.get(state, 0))
    return family


def _decisions() -> CounterMetricFamily:
    family = CounterMetricFamily("licet_decisions", "Applications decided.", labels=("outcome",))
    counts = dict(Outbox.objects.filter(type="application", event__in=("approve", "refuse")).values_list("event")
                  .annotate(Count("pk")).order_by())
    family.add_metric(("approved",), counts.get("approve", 0))
    family.add_metric(("refused",), counts.get("refuse", 0))
    return family


def _proofs() -> GaugeMetricFamily:
    family = GaugeMetricFamily("licet_proofs", "Proofs by how they ended: valid, failed at the last try, or waiting.",
                               labels=("proof_method", "outcome"))
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for method, status, tried, count in (Proof.objects.values_list("method", "status", "error")
                                         .annotate(Count("pk")).order_by()):
        outcome = "valid" if status == Proof.VALID else "failed" if tried else "waiting"
        counts[method, outcome] += count
    for method, _title in Proof.METHODS:
        for outcome in ("valid", "failed", "waiting"):
            family.add_metric((method, outcome), counts[method, outcome])
    return family


def _notices() -> GaugeMetricFamily:
    family = GaugeMetricFamily("licet_notices", "Mail by what became of it.", labels=("outcome",))
    unsent = Notice.objects.filter(sent_at=None)
    given_up = unsent.filter(failures__gte=FAILURES_MAX).count()
    waiting = unsent.count() - given_up
    family.add_metric(("sent",), Notice.objects.exclude(sent_at=None).count())
    family.add_metric(("waiting",), waiting)
    family.add_metric(("given_up",), given_up)
    return family


def _ordered() -> GaugeMetricFamily:
    family = GaugeMetricFamily("licet_orders", "Orders that are not over, by state.", labels=("state",))
    counts = dict(OrderRow.objects.filter(state__in=order.OPEN).values_list("state").annotate(Count("pk")).order_by())
    for state in order.OPEN:
        family.add_metric((state,), counts.get(state, 0))
    return family


def _enforcers() -> GaugeMetricFamily:
    family = GaugeMetricFamily("licet_enforcers", "Enforcers of the policy by whether they confirmed what is in force.",
                               labels=("outcome",))
    confirmed = [one.has_confirmed for one in shown_enforcers(utc_now())]
    family.add_metric(("confirmed",), sum(confirmed))
    family.add_metric(("unconfirmed",), len(confirmed) - sum(confirmed))
    return family


def _snapshot() -> Iterator[Metric]:
    last = Snapshot.objects.order_by("-serial").values_list("serial", "records", "published_at").first()
    yield _gauge("licet_snapshot_serial", "Serial of the newest snapshot.", last[0] if last else 0)
    yield _gauge("licet_snapshot_records", "Records in the newest snapshot.", last[1] if last else 0)
    yield _gauge("licet_snapshot_age_seconds", "Since the newest snapshot; a quiet registry has an old one.",
                 (utc_now() - last[2]).total_seconds() if last else 0)


def _signed() -> Iterator[Metric]:
    """Until when the lists hold by which clients verify snapshots."""
    state = signed_state()
    newest = None if state is None else state.newest
    yield _gauge("licet_signed_serial", "Serial of the newest snapshot that is signed; 0 where none is.",
                 newest.serial if newest else 0)
    family = GaugeMetricFamily("licet_list_expires_days", "Days until a signed list is over; NaN where there is none.",
                               labels=("role",))
    now = utc_now()
    for role in ROLES:
        end = None if state is None else state.expires.get(role)
        family.add_metric((role,), (end - now).total_seconds() / DAY_S if end else math.nan)
    yield family


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _ages() -> Iterator[Metric]:
    now = utc_now()
    waiting = Application.objects.filter(state__in=("in_review", "provisional"))
    oldest = waiting.aggregate(oldest=Min("clock_since"))["oldest"]
    yield _gauge("licet_oldest_application_seconds", "How long the oldest application waits for an officer.",
                 (now - oldest).total_seconds() if oldest else 0)
    yield _gauge("licet_queue_length", "Applications that wait for an officer.", waiting.count())
    times = recent_times(now)
    yield _gauge("licet_decision_median_seconds", "Half of the decisions of 90 days took at most this; 0 for none.",
                 times.median_s or 0)
    yield _gauge("licet_decision_p90_seconds", "Nine of ten took at most this; 0 for none.", times.p90_s or 0)
    ran = Registry.objects.values_list("clock_ran_at", flat=True).first()
    yield _gauge("licet_clock_age_seconds", "Since the clock last ran; -1 where it never did.",
                 (now - ran).total_seconds() if ran else -1)


def metrics(request: HttpRequest) -> HttpResponse:
    """`/metrics`, in the text form of Prometheus."""
    database = CollectorRegistry(auto_describe=False)
    database.register(RegistryCollector())
    return HttpResponse(generate_latest(REGISTRY) + generate_latest(database),
                        content_type="text/plain; version=0.0.4; charset=utf-8")
