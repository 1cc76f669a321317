"""Sending the mail that is due: renewals, decisions, questions, checks of a contact. At least once, never twice on
purpose; what the mail server refuses is tried again at the next run. One process of a registry sends at a time."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation

from licet.server.registry.models import Notice, Registry
from licet.server.turn import MAIL, turn

A_RUN_MAX = 500
FAILURES_MAX = 20  # at one try a minute this is long enough to mend a mail server, and no mail is tried for ever


def send_notices(*, at: datetime) -> tuple[int, int]:
    """Send what is due, the oldest first. Returns how many were sent, and how many failed; none while another process
    sends."""
    with turn(MAIL) as is_ours:
        return _send_waiting(at) if is_ours else (0, 0)


def _send_waiting(at: datetime) -> tuple[int, int]:
    sent = failed = 0
    waiting = Notice.objects.filter(sent_at=None, failures__lt=FAILURES_MAX).select_related("service", "organisation")
    for notice in waiting.order_by("created", "pk")[:A_RUN_MAX]:
        try:
            _send(notice)
        except OSError:  # of which what SMTP refuses is one kind
            notice.failures += 1
            failed += 1
        else:
            # An address and a link were for the mail alone.
            notice.sent_at, notice.details = at, {}
            sent += 1
        notice.save(update_fields=("failures", "sent_at", "details"))
    return sent, failed


def _send(notice: Notice) -> None:
    context = {"notice": notice, "service": notice.service, "registry": Registry.objects.get(pk=1),
               "url": settings.DEPLOYMENT.table.url.rstrip("/"), **notice.details}
    # In the language of the registry, whatever page this thread last answered.
    with translation.override(settings.LANGUAGE_CODE):
        lines = render_to_string(f"mail/{notice.kind}.txt", context).strip().split("\n")
    subject, text = lines[0].strip(), "\n".join(lines[1:]).strip() + "\n"
    for receiver in _receivers(notice):
        send_mail(subject, text, None, [receiver])


def _receivers(notice: Notice) -> list[str]:
    """One address a mail, so that nobody learns another's: the contact that is checked, the members whose address is
    confirmed, or all officers for what has no organisation."""
    if "to" in notice.details:
        return [str(notice.details["to"])]
    if notice.organisation_id is None:
        addresses = EmailAddress.objects.filter(user__officer__retired_at=None, user__officer__isnull=False)
    else:
        addresses = EmailAddress.objects.filter(user__memberships__organisation_id=notice.organisation_id)
    return sorted(addresses.filter(verified=True, primary=True).values_list("email", flat=True))
