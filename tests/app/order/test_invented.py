"""Orders of a demonstration: signed with keys that are made for it, and by the same limits as any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from house.source import modules
from licet.app.order.invented import invented_people
from licet.app.order.invented_words import SUBJECTS
from licet.errors import Refused, Unavailable
from licet.lifecycle.days import HOUR_NS
from licet.model.order import read_order_file
from licet.order.endpoints import Standing
from licet.order.limits import signed_problems
from licet.order.network import effective_kind
from order.orders import CREATED_NS

NOTHING_KNOWN = Standing(registered=lambda end, protocol: "")


def test_their_keys_are_made_and_thrown_away() -> None:
    """They are not handed in: a folder of their own holds them as long as the demonstration is filled."""
    with invented_people() as people:
        paths = [Path(one.path) for one in people.keys.values()]
        assert len({path.read_bytes() for path in paths}) == len(paths) == 5
        assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert not any(path.parent.exists() for path in paths)


def test_only_the_command_that_fills_a_demonstration_takes_them() -> None:
    name = "licet.app.order.invented"
    takers = [one.name for one in modules() if any(each.name in (name, f"{name}.invented_people")
                                                   for each in one.imports)]
    assert takers == ["licet.cli.serve"]


def test_nothing_stands_against_what_they_sign_but_what_is_meant_to() -> None:
    with invented_people() as people:
        assert effective_kind(people.network) == ("owned", ())
        for name in SUBJECTS:
            at_ns = CREATED_NS + HOUR_NS
            drafted = people.drafted(name, at_ns=CREATED_NS)
            assert drafted != people.drafted(name, at_ns=CREATED_NS + 1_000), "its time is in it"
            rehearsed = people.rehearsed(drafted, name, at_ns=at_ns)
            if name == "print-shop":
                with pytest.raises(Refused) as refused:
                    people.approved(rehearsed, at_ns=at_ns)
                assert refused.value.code == "tenancy_shared"
                continue
            file = read_order_file(people.approved(rehearsed, at_ns=at_ns))
            assert signed_problems(file, people.network, NOTHING_KNOWN, at_ns) == []
            changed = replace(file, order=replace(file.order, necessity="Because."))
            found = {one.code for one in signed_problems(changed, people.network, NOTHING_KNOWN, at_ns)}
            assert found == {"signature_invalid"}


def test_without_ssh_keygen_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="install openssh-client"), invented_people():
        pass
