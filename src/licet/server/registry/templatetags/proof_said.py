"""`{{ proof.seen|said }}`: what a check saw, in the reader's language."""

from __future__ import annotations

from django import template

from licet.server.proof_words import said

register = template.Library()
register.filter("said", said)
