"""New entries of the log as an Atom feed (RFC 4287), narrowed like the log itself.

An item says what the leaf of its entry says: handles, codes and days, and no name and no address.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from licet.server.audit import words
from licet.server.audit.entries import Row, in_log, narrowed, shown
from licet.server.audit.filters import EntryForm
from licet.server.audit.head import served_head
from licet.server.public.limits import limited

ITEMS = 50


class NewEntries(Feed):  # type: ignore[type-arg]  # it takes parameters in its stubs alone
    """The newest entries, as many as a page has. What is asked for wrongly narrows nothing: a reader of feeds has no
    form to mend."""

    feed_type = Atom1Feed

    def __call__(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Bounded like every look-up, and only read."""
        answer: HttpResponse = require_safe(limited(super().__call__))(request, *args, **kwargs)
        return answer

    def get_object(self, request: HttpRequest, *args: object, **kwargs: object) -> dict[str, Any]:
        """What the entries are narrowed by."""
        form = EntryForm(request.GET)
        form.is_valid()
        return form.cleaned_data

    def title(self, wanted: dict[str, Any]) -> str:
        """Of which log, and what of it."""
        head = served_head()
        name = _("Log of %(origin)s") % {"origin": head.origin} if head else _("Log")
        return ": ".join([name, *(str(value) for value in wanted.values() if value)])

    def subtitle(self) -> str:
        """What stands in it."""
        return str(_("New entries: what happened, to which handle, in which role; never by whom."))

    def link(self) -> str:
        """The page that shows the same."""
        return reverse("audit:log")

    def items(self, wanted: dict[str, Any]) -> tuple[Row, ...]:
        """The newest first."""
        return shown(narrowed(in_log(), wanted).order_by("-receipt__leaf_index")[:ITEMS])

    def item_title(self, item: Row) -> str:
        """`SVC-7F3K: Registered.`"""
        return f"{item.subject}: {item.text}"

    def item_description(self, item: Row) -> str:
        """In which role, and why."""
        reason = f" ({item.reason})" if item.reason else ""
        return str(_("Entry %(index)d, caused by %(role)s%(reason)s") % {
            "index": item.index, "role": item.role, "reason": reason})

    def item_link(self, item: Row) -> str:
        """Where the entry stays for ever."""
        return reverse("audit:entry", args=[item.index])

    def item_pubdate(self, item: Row) -> datetime:
        """When it happened."""
        return item.at

    def item_updateddate(self, item: Row) -> datetime:
        """The same: an entry never changes."""
        return item.at

    def item_categories(self, item: Row) -> tuple[str, ...]:
        """Its kind."""
        return (str(words.kind_title(item.kind)),)
