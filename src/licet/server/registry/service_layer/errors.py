"""What the service layer refuses. The sentences are for people, in the language of the request."""

from __future__ import annotations

from collections.abc import Mapping

from licet.errors import Refused


class Invalid(Refused):
    """Fields of a form or a request that are wrong. problems: a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        field, sentence = next(iter(self.problems.items()))
        super().__init__("invalid", sentence, field)


def refuse_where(problems: Mapping[str, str]) -> None:
    """Raise Invalid where there is any problem."""
    if problems:
        raise Invalid(problems)
