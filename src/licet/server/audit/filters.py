"""What the log is filtered by. It is part of the address, so that a result can be passed on, and reports link to it.

The names are the members of an entry, `type`, `event`, `to`, `reason`; a handle, which for a service stands for all
that belongs to it; and two days, both included.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licet.lifecycle.replay import TABLES
from licet.server.audit import words

REASON_LENGTH_MAX, HANDLE_LENGTH_MAX = 40, 25
HANDLE = re.compile(r"[A-Z]{2,8}-[0-9A-Z]{2,16}")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)

_DAYS = (MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY))


def day_field(label: Any) -> forms.DateField:
    """A day, or nothing; browsers show a calendar for it."""
    return forms.DateField(label=label, required=False, validators=_DAYS, input_formats=["%Y-%m-%d"],
                           widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class EntryForm(forms.Form):
    """Which entries of the log are shown."""

    type = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    event = forms.ChoiceField(label=gettext_lazy("Event"), required=False)
    handle = forms.CharField(label=gettext_lazy("Handle"), required=False, max_length=HANDLE_LENGTH_MAX, strip=True,
                             help_text=gettext_lazy("Of a service, an application or an endpoint, such as SVC-7F3K"))
    since = day_field(gettext_lazy("First day (UTC)"))
    until = day_field(gettext_lazy("Last day (UTC)"))
    to = forms.ChoiceField(label=gettext_lazy("State it led to"), required=False)
    reason = forms.RegexField(r"\A[a-z0-9_]+\Z", label=gettext_lazy("Reason code"), required=False,
                              max_length=REASON_LENGTH_MAX, error_messages={
                                  "invalid": gettext_lazy("Write the code as entries have it: control_not_proven.")})

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        self._choose("type", [(kind, words.kind_title(kind)) for kind in kinds()])
        self._choose("event", [(event, event.replace("_", " ")) for event in events()])
        self._choose("to", [(state, state.replace("_", " ")) for state in states()])

    def _choose(self, name: str, choices: list[tuple[str, words.Text]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All")), *choices]

    def clean_handle(self) -> str:
        """In the letters in which handles are written."""
        handle = str(self.cleaned_data["handle"]).upper()
        if handle and not HANDLE.fullmatch(handle):
            raise ValidationError(_("A handle reads SVC-7F3K: two to eight letters, a hyphen, and four or more letters "
                                    "and digits."))
        return handle


def kinds() -> list[str]:
    """Every type that an entry can have."""
    return list(TABLES)


def events() -> list[str]:
    """Every event that an entry can have, by its name."""
    return sorted({event for table in TABLES.values() for event in (*table.births, *table.events)})


def states() -> list[str]:
    """Every state that an entry can lead to, by its name."""
    return sorted({state for table in TABLES.values() for state in table.states}, key=str.lower)
