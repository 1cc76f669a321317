"""Filters of the pages of orders."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def grouped(value: int) -> str:
    """A number with a mark at each thousand, as the language has it."""
    return str(number_format(value, force_grouping=True))
