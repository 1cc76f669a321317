"""Handles for new things: as short as can be read out, longer by themselves when the short ones are used up."""

from __future__ import annotations

from typing import Any

from django.db import models

from licet.errors import Unavailable
from licet.server import chance

SHORTEST, LONGEST = 4, 12
TRIES_A_LENGTH = 4


def new_handle(model: type[models.Model], prefix: str, field: str = "handle") -> str:
    """A handle that no row of the model has. Raises Unavailable, which takes more rows than there can be."""
    manager: Any = model._default_manager
    for length in range(SHORTEST, LONGEST + 1):
        for _ in range(TRIES_A_LENGTH):
            found = chance.handle(prefix, length)
            if not manager.filter(**{field: found}).exists():
                return found
    raise Unavailable(f"no handle {prefix}-… is left")
