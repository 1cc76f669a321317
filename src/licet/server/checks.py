"""`licet serve --check`: Django's own checks for deployment, and ours, as sentences."""

from __future__ import annotations

from django.conf import settings
from django.core.checks import run_checks

from licet.server.health import OK, readiness

# What Django warns of and what is so on purpose: on one machine without TLS, cookies and HSTS cannot be secure.
WITHOUT_TLS = frozenset({"security.W004", "security.W008", "security.W012", "security.W016"})
# TLS ends at a proxy, which also redirects; its names are its own, so they are not included and not preloaded.
AT_THE_PROXY = frozenset({"security.W008", "security.W005", "security.W021"})


def problems() -> list[str]:
    """Everything that is wrong, one sentence each."""
    is_https = settings.DEPLOYMENT.table.url.startswith("https://")
    meant = AT_THE_PROXY if is_https else AT_THE_PROXY | WITHOUT_TLS
    checks = run_checks(include_deployment_checks=True)
    found = [f"{check.id}: {check.msg}" for check in checks if check.id not in meant]
    found += [f"{name} {state}" for name, state in readiness().items() if state != OK and name != "clock"]
    if not settings.DEPLOYMENT.table.mail and not settings.DEPLOYMENT.is_demo:
        found.append("mail is only written to files: say in [server] of licet.toml which server sends it")
    return found
