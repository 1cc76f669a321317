"""How the source is written, as far as a test can say: docstrings, sizes, no leftovers, no printing."""

from __future__ import annotations

import ast
import re

import pytest

from house.source import Module, calls, modules

LINES_MAX = 400



@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_says_what_it_is_for(module: Module) -> None:
    docstring = ast.get_docstring(module.tree)
    assert docstring, f"{module} has no docstring"
    first = re.split(r"\n\s*\n", docstring)[0].rstrip()
    assert first[-1] in ".?:!)", f"{module}: begin with a sentence"


@pytest.mark.parametrize("module", modules(), ids=str)
def test_public_functions_and_classes_have_docstrings(module: Module) -> None:
    bare = []
    for node in module.tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            bare.append(f"{node.name} (line {node.lineno})")
    assert not bare


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_fits_its_size(module: Module) -> None:
    lines = len(module.path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES_MAX, f"{module} has {lines} lines: it wants to be two"


@pytest.mark.parametrize("module", modules(), ids=str)
def test_nothing_is_left_for_later_in_a_comment(module: Module) -> None:
    found = re.search(r"\b(?:TODO|FIXME|XXX|HACK)\b", module.path.read_text(encoding="utf-8"))
    assert found is None, f"{module}: a note for later is an issue with a number"


@pytest.mark.parametrize("module", modules(), ids=str)
def test_nothing_prints_but_the_faces(module: Module) -> None:
    if module.room != "cli":
        assert not [line for name, line in calls(module) if name == "print"]


@pytest.mark.parametrize("module", modules(), ids=str)
def test_no_exception_is_swallowed_whole(module: Module) -> None:
    """`except:` and `except Exception: pass` hide what nobody thought of."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{module}, line {node.lineno}: a bare except"
            is_broad = ast.unparse(node.type) in ("Exception", "BaseException")
            is_empty = all(isinstance(one, ast.Pass) for one in node.body)
            assert not (is_broad and is_empty), f"{module}, line {node.lineno}"
