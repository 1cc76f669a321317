"""The index of lines agrees with the standard library's reader, whatever the layout."""

from __future__ import annotations

import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from licet.snapshot.toml_lines import toml_lines

AWKWARD = '''
# [[service]] in a comment
title = "a [ in \\" quotes, # no comment" # a comment ] }
"quoted key" = 1.5
a.b . "c.d" = 1979-05-27 07:32:00
text = """
[[service]]
x = 1 \\"""
"""""
raw = \'\'\'
it's [1,\'\'\'
list = [ # a comment, with a comma
  1,
  [2, { x = 3, y = [4] }],

  "]", # ]
]

[[service]]
handle = "A"
  [service.inner]
  k = true
[[service.deep]]
k = 1
[[service.deep]]
k = 2
[ service . "x y" ]
k = 2
[[service]]
[service.inner]
k = false
'''


def _values(value: object, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], object]:
    """Every path of a tree of values."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {}
    for key, item in items:
        found[(*path, key)] = item
        found.update(_values(item, (*path, key)))
    return found


def test_awkward_document_is_indexed_line_by_line() -> None:
    lines = toml_lines(AWKWARD)
    source = AWKWARD.split("\n")
    starts = {
        ("title",): "title", ("quoted key",): '"quoted', ("a", "b", "c.d"): "a.b", ("raw",): "raw", ("list", 0): "  1,",
        ("list", 1, 1, "y", 0): "  [2,", ("list", 2): '  "]"', ("service", 0, "handle"): "handle",
        ("service", 0, "inner", "k"): "  k = true", ("service", 0, "deep", 1, "k"): "k = 2",
        ("service", 0, "x y"): "[ service", ("service", 1, "inner", "k"): "k = false",
    }
    for path, start in starts.items():
        assert source[lines[path] - 1].startswith(start), path


def test_every_value_of_an_awkward_document_has_a_line() -> None:
    assert set(_values(tomllib.loads(AWKWARD))) == set(toml_lines(AWKWARD))


texts = st.text(st.sampled_from("ab \"'\\#[]{}=,.\n"), max_size=8)
scalars = st.one_of(st.integers(-9, 9), st.booleans(), st.floats(0, 9), st.dates(), texts)
values = st.recursive(scalars, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(texts.filter(bool), inner, max_size=3)), max_leaves=12)


@given(st.dictionaries(texts.filter(bool), values, max_size=4))
def test_paths_are_those_of_the_standard_reader(document: dict[str, object]) -> None:
    text = tomlkit.dumps(document)
    assert set(toml_lines(text)) == set(_values(tomllib.loads(text)))


@given(st.lists(st.sampled_from(("# x\n", "\n", 'k{n} = """\n\n"""\n', "k{n} = [\n1,\n]\n", "[[t]]\n", "k{n} = '#'\n")),
                max_size=8))
def test_a_marker_is_found_on_its_own_line(parts: list[str]) -> None:
    text = "".join(part.replace("{n}", str(index)) for index, part in enumerate(parts)) + "marker = 1\n"
    found = [line for path, line in toml_lines(text).items() if path[-1] == "marker"]
    assert found == [text.count("\n")]


@given(st.text(max_size=60) | st.text("[]{}=,.#\"'k \n", max_size=60))
def test_nonsense_comes_to_an_end_and_never_raises(text: str) -> None:
    toml_lines(text)


@pytest.mark.parametrize("text", ["k = [}", "k = {]", "k = [,", "[", "k", "k = ", "[[a.]]", "k = {,", "=", "k = [[[}"])
def test_unfinished_document_comes_to_an_end(text: str) -> None:
    toml_lines(text)
