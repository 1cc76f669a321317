"""Checking what people fill in: every text has a bound, and says in a sentence what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _

from licet.errors import Malformed
from licet.snapshot.entry import parse_name
from licet.snapshot.toml_table import text_problem

_COUNTRY = re.compile(r"[A-Z]{2}")
_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")  # ISO 17442
_IS_HTTPS = URLValidator(schemes=["https"])


class Fields:
    """The fields of one request. `problems` collects a sentence for each wrong one; values come back stripped."""

    def __init__(self, values: Mapping[str, Any], known: frozenset[str]) -> None:
        """values: as they came; known: the fields there are, any other is a problem."""
        self.values = values
        self.problems: dict[str, str] = {
            name: _("There is no such field.") for name in values if name not in known
        }

    def text(self, name: str, length_max: int, *, required: bool = False, lines: bool = False) -> str:
        """A text without invisible characters."""
        value = self.values.get(name, "")
        if not isinstance(value, str):
            self.problems[name] = _("This is not text.")
            return ""
        value = value.strip()
        if lines:
            value = value.replace("\r\n", "\n")  # as browsers end the lines of a form (HTML, “textarea”)
        if not value:
            if required:
                self.problems[name] = _("Fill this in.")
            return ""
        if len(value) > length_max:
            self.problems[name] = _("At most %(most)d characters; this has %(count)d.") % {
                "most": length_max, "count": len(value)}
            return ""
        if text_problem(value, length_max, lines_allowed=lines) is not None:
            self.problems[name] = _("This holds invisible characters, such as control codes. Write plain text.")
            return ""
        return value

    def word(self, name: str, words: tuple[str, ...], default: str = "") -> str:
        """One of a few words."""
        value = self.values.get(name, default) or default
        if value not in words:
            self.problems[name] = _("Choose one of: %(words)s.") % {"words": ", ".join(words)}
            return default
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or False."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            self.problems[name] = _("This is neither yes nor no.")
            return default
        return value

    def day(self, name: str) -> date | None:
        """A date, or None where there is none."""
        value = self.values.get(name)
        if value is not None and type(value) is not date:
            self.problems[name] = _("This is not a date.")
            return None
        return value

    def number(self, name: str, lowest: int, highest: int) -> int | None:
        """A whole number, or None where there is none."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            self.problems[name] = _("Write a number from %(low)d to %(high)d.") % {"low": lowest, "high": highest}
            return None
        return value

    def web_page(self, name: str, length_max: int) -> str:
        """An https address."""
        value = self.text(name, length_max)
        if value and not _passes(_IS_HTTPS, value):
            self.problems[name] = _("Write an address that begins with https://.")
            return ""
        return value

    def contact(self, name: str, length_max: int, *, required: bool = False) -> str:
        """A mail address or an https address."""
        value = self.text(name, length_max, required=required)
        if value and not _passes(validate_email, value) and not _passes(_IS_HTTPS, value):
            self.problems[name] = _("Write a mail address, or a page that begins with https://.")
            return ""
        return value

    def country(self, name: str) -> str:
        """An ISO 3166-1 alpha-2 code."""
        value = self.text(name, 2).upper()
        if value and not _COUNTRY.fullmatch(value):
            self.problems[name] = _("Write the two letters of the country, such as DE.")
            return ""
        return value

    def lei(self, name: str) -> str:
        """A legal entity identifier (ISO 17442)."""
        value = self.text(name, 20).upper()
        if value and not _LEI.fullmatch(value):
            self.problems[name] = _("A legal entity identifier has 20 letters and digits.")
            return ""
        return value

    def dns_name(self, name: str) -> str:
        """A DNS name in lower case."""
        value = self.text(name, 253)
        try:
            return parse_name(value) if value else ""
        except Malformed:
            self.problems[name] = _("This is not a DNS name; write one such as vpn.example.net.")
            return ""


def is_mail_address(contact: str) -> bool:
    """True for a contact that mail can be sent to."""
    return bool(contact) and _passes(validate_email, contact)


def _passes(validator: Any, value: str) -> bool:
    try:
        validator(value)
    except ValidationError:
        return False
    return True
