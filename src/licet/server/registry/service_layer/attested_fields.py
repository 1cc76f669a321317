"""The review date of an attested entry: a day within a year, at whose end the entry begins to expire."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.utils.translation import gettext as _

from licet.lifecycle.registration import REVIEW_DAYS_MAX
from licet.server.registry.service_layer.errors import Invalid


def review_end(review_date: date | None, at: datetime) -> datetime:
    """The end of the day of the review, in UTC. Raises Invalid for a day that is past, or more than a year ahead."""
    today = at.astimezone(UTC).date()
    if review_date is None:
        raise Invalid({"review_date": _("Say when somebody should look at this again.")})
    if not today < review_date <= today + timedelta(days=REVIEW_DAYS_MAX):
        raise Invalid({"review_date": _("Choose a day after today and within a year.")})
    return datetime.combine(review_date, time(), UTC) + timedelta(days=1)
