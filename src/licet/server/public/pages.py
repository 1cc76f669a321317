"""Pages about the registry itself: what it keeps, how it can be used by everybody, and two files for programs."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from licet.server.clock import utc_now
from licet.server.public.limits import LOOKUPS_A_MINUTE

VALID_DAYS = 180  # of security.txt: RFC 9116 §2.5.5 asks for less than a year


@cache
def purposes() -> dict[str, Any]:
    """Every field that is kept, with its purpose: `model` and `library`, as tests/house/fields.toml has them."""
    return tomllib.loads(files("licet.server.public").joinpath("purposes.toml").read_text("utf-8"))


# What is kept of somebody who registers, and of the service; what else there is says nothing of either.
ABOUT_PEOPLE = ("Account", "EmailAddress", "EmailConfirmation", "Authenticator", "Session", "Membership",
                "MemberInvitation", "Officer", "Invitation", "Message", "Notice")
ABOUT_SERVICES = ("Organisation", "DomainProof", "Service", "Endpoint", "Proof", "Application", "Registration",
                  "Proposal")
OF_ORDERS = ("Request", "Ask", "OrderRow", "OrderedEnd", "EnforcerRow", "EnforcerHits", "EnforcerOff",
             "Appeal", "AppealProof")
ON_RECORD = ("Outbox", "Receipt", "Snapshot", "Registry")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept about visitors, which is nothing, and about registrants, and why."""
    known = {**purposes()["model"], **purposes()["library"]}
    groups = [(_("Of people who sign in"), ABOUT_PEOPLE), (_("Of services and who answers for them"), ABOUT_SERVICES),
              (_("Of requests, orders and appeals"), OF_ORDERS),
              (_("Of the registry itself"), ON_RECORD)]
    return render(request, "public/privacy.html", {
        "groups": [(title, [(name, known[name].items()) for name in names]) for title, names in groups],
        "a_minute": LOOKUPS_A_MINUTE, "session_hours": settings.SESSION_COOKIE_AGE // 3_600,
    })


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """How the pages can be used, what is known not to work, and whom to tell."""
    return render(request, "public/accessibility.html", {"contact": settings.DEPLOYMENT.table.security_contact})


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines should leave alone: look-ups, and what is behind a sign-in."""
    others = ["", *(f"/{code}" for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE)]
    lines = ["User-agent: *", *(f"Disallow: {prefix}{path}" for prefix in others for path in (
        "/lookup/", "/lookup.json", "/snapshots/changes/", "/log/?", "/my/", "/desk/", "/account/",
        "/officer/", "/contact/", "/join/"))]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a weakness (RFC 9116), where the operator says whom."""
    contact = settings.DEPLOYMENT.table.security_contact
    if not contact:
        raise Http404
    url = settings.DEPLOYMENT.table.url.rstrip("/")
    # The day, not the moment, so that the file is the same all day.
    expires = datetime.combine(utc_now().date() + timedelta(days=VALID_DAYS), datetime.min.time(), UTC)
    lines = [
        f"Contact: {contact if contact.startswith('https://') else f'mailto:{contact}'}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(code for code, _name in settings.LANGUAGES)}",
    ]
    if url.startswith("https://"):
        lines.append(f"Canonical: {url}/.well-known/security.txt")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
