"""Filters that say states, codes and times in the desk's words."""

from __future__ import annotations

from datetime import datetime

from django import template

from licet.server.clock import utc_now
from licet.server.desk import words

register = template.Library()

_TABLES = {"application": words.APPLICATION, "registration": words.REGISTRATION, "endpoint": words.ENDPOINT}
_GLYPHS = {"registered": "✓", "attention": "!", "wrong": "≠", "neutral": "○"}


@register.filter
def word(state: str, kind: str) -> str:
    """A state in words. kind: application, registration or endpoint."""
    return str(_TABLES[kind][state][0]) if state in _TABLES[kind] else state


@register.filter
def tone(state: str, kind: str) -> str:
    """The class that a state is drawn with."""
    return _TABLES[kind][state][1] if state in _TABLES[kind] else "neutral"


@register.filter
def glyph(tone_name: str) -> str:
    """The sign before the word."""
    return _GLYPHS.get(tone_name, "○")


@register.filter
def event_word(event: str) -> str:
    """An event of the log in words."""
    return str(words.EVENTS.get(event, event))


@register.filter
def code_word(reason: str) -> str:
    """A reason code in words, with the handle that may follow it."""
    code, _, handle = reason.partition(" ")
    said = str(dict(words.REFUSAL_CODES).get(code, code.replace("_", " ")))
    return f"{said} {handle}".strip()


@register.filter
def role_word(role: str) -> str:
    """A role of the log in words."""
    return str(words.ROLES.get(role, role))


@register.filter
def class_word(endpoint_class: str) -> str:
    """Where a server stands."""
    return str(words.CLASSES.get(endpoint_class, endpoint_class))


@register.filter
def duty_word(duty: str) -> str:
    """Whether the law makes a service intercept."""
    return str(words.DUTIES.get(duty, duty))


@register.filter
def duration(seconds: int | None) -> str:
    """A time that passed."""
    return words.duration(seconds)


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago something was."""
    return "" if moment is None else words.age(moment, utc_now())


@register.filter
def until(moment: datetime | None) -> str:
    """How long it is until something."""
    return "" if moment is None else words.duration((moment - utc_now()).total_seconds())
