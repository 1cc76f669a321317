"""`/healthz`: the process answers. `/readyz`: it can do its work, and what is missing where it cannot."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from licet.server.clock import utc_now
from licet.server.deployment import Deployment
from licet.server.registry.models import Registry
from licet.server.registry.service_layer import receipts

CLOCK_AGE_MAX = timedelta(minutes=15)
LOG_AGE_MAX = timedelta(hours=1)
OK = "ok"


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 where every check is `ok`, else 503."""
    checks = readiness()
    return JsonResponse(checks, status=200 if set(checks.values()) == {OK} else 503)


def readiness() -> dict[str, str]:
    """Each check with `ok` or a sentence."""
    try:
        executor = MigrationExecutor(connection)
        is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        registry = Registry.objects.filter(pk=1).first() if is_migrated else None
    except DatabaseError:
        return {"database": "does not answer"}
    checks = {"database": OK, "migrations": OK if is_migrated else "are not all applied"}
    if registry is None:
        return {**checks, "registry": "is not set up"}
    ran = registry.clock_ran_at
    is_late = ran is None or utc_now() - ran > CLOCK_AGE_MAX
    return {**checks, "registry": OK, "clock": "has not run for 15 minutes" if is_late else OK, "log": _log()}


def _log() -> str:
    """Whether entries reach the log, on the machine that writes it."""
    deployment: Deployment = settings.DEPLOYMENT
    if not deployment.log_key_path.exists():
        return OK
    oldest = receipts.waiting_rows().order_by("pk").values_list("time", flat=True).first()
    is_late = oldest is not None and utc_now() - oldest > LOG_AGE_MAX
    return "has not been written for an hour: diagnostics and `licet run-due` say why" if is_late else OK
