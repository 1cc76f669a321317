"""The source as data: every module under src/licet, what it imports, and where."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
NO_CODE = frozenset({
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
})
TEXT_SUFFIXES = frozenset({".py", ".pyx", ".pxd", ".h", ".html", ".css", ".md", ".toml", ".txt"})


@dataclass(frozen=True)
class Import:
    """One imported module. name: absolute; line: counted from one; at_top: runs when the module is imported;
    for_types: stands under `if TYPE_CHECKING`."""

    name: str
    line: int
    at_top: bool
    for_types: bool


@dataclass(frozen=True)
class Module:
    """A Python file. name: `licet.flow.table`; a package has the name of its folder."""

    name: str
    path: Path
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def room(self) -> str:
        """The folder directly below licet/, or the module's own name there; "" for licet/__init__.py."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    def __str__(self) -> str:
        return self.name


@cache
def modules() -> tuple[Module, ...]:
    """Every module of licet, by name."""
    paths = sorted((SRC / "licet").rglob("*.py"))
    names = {_name(path): path for path in paths}
    found = []
    for name, path in sorted(names.items()):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        found.append(Module(name, path, tree, tuple(_imports(tree, name, path, frozenset(names)))))
    return tuple(found)


def texts() -> Iterator[tuple[str, str]]:
    """(path below src, text) of every file in src that holds text."""
    for path in sorted((SRC / "licet").rglob("*")):
        if path.is_file() and path.suffix in TEXT_SUFFIXES:
            yield str(path.relative_to(SRC)), path.read_text(encoding="utf-8")


def calls(module: Module) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of every call whose function is a plain or dotted name: `open`, `date.today`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name:
                yield name, node.lineno


def code_lines(module: Module) -> int:
    """How many lines hold code: without blank ones, comments and docstrings."""
    text = module.path.read_text(encoding="utf-8")
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(module.tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            lines.difference_update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return len(lines)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an expression made of names, else ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def _name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.Module, name: str, path: Path, known: frozenset[str]) -> Iterator[Import]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node, at_top, for_types in _walk(tree, True, False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, at_top, for_types)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            # `from licet.recognise import ah` names the module licet.recognise.ah, and not only the package.
            for target in {f"{base}.{a.name}" if f"{base}.{a.name}" in known else base for a in node.names}:
                yield Import(target, node.lineno, at_top, for_types)


def _walk(node: ast.AST, at_top: bool, for_types: bool) -> Iterator[tuple[ast.AST, bool, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, at_top, for_types
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_for_types = isinstance(child, ast.If) and dotted(child.test).endswith("TYPE_CHECKING")
        yield from _walk(child, at_top and not is_function, for_types or is_for_types)
