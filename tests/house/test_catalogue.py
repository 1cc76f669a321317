"""The catalogue names every part in plain sight, and every part comes with its test, its vectors and its words."""

from __future__ import annotations

import ast
import re
from dataclasses import fields

import pytest

from house.source import ROOT, dotted, modules
from licet.app.catalogue import RECOGNISERS, outputs, proof_methods
from licet.app.report.rules import LINKS, RULES
from licet.model.family import FAMILIES, PROTOCOL_WORDS
from licet.proof.base import PROBLEMS, Outcome, ProofMethod
from licet.recognise.base import Recogniser
from support.vectors import load_vectors

# Files of recognise/ that are no recognisers: what they share, and what joins what they found.
HELPERS = {"__init__", "base", "links", "lookalikes"}
FILES = sorted(path.stem for path in (ROOT / "src/licet/recognise").glob("*.py") if path.stem not in HELPERS)
BY_NAME = {recogniser.name: recogniser for recogniser in RECOGNISERS}

# Files of proof/ that are no methods: the nouns, the guard with what it needs, the handshake and the call.
PROOF_HELPERS = {"__init__", "address_rules", "base", "call", "deadline", "guard", "http_fetch", "names", "noise"}
PROOF_FILES = sorted(path.stem for path in (ROOT / "src/licet/proof").glob("*.py") if path.stem not in PROOF_HELPERS)
PROOF_PAGE = ROOT / "docs/proofs.md"

RULE = re.compile(r"[a-z0-9-]+/[a-z0-9-]+@\d+")
PAGE = ROOT / "docs/recognition.md"


def emitted_rules() -> set[str]:
    """Every rule id that recognise/ can emit. An id that is built from parts is matched with the table of words."""
    found: set[str] = set()
    for module in modules():
        if module.room != "recognise":
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and RULE.fullmatch(node.value):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z0-9-]+" for p in node.values]
                pattern = re.compile("".join(parts))
                if "/" in pattern.pattern and "@" in pattern.pattern:
                    fits = {rule for rule in RULES if pattern.fullmatch(rule)}
                    assert fits, f"{module}, line {node.lineno}: no rule in app/report/rules.py fits {pattern.pattern}"
                    found |= fits
    return found


def test_every_recogniser_is_in_the_catalogue_once() -> None:
    assert sorted(recogniser.name for recogniser in RECOGNISERS) == FILES
    assert len(BY_NAME) == len(RECOGNISERS)


@pytest.mark.parametrize("name", FILES)
def test_a_recogniser_has_its_test_and_inherits_the_suite(name: str) -> None:
    path = ROOT / f"tests/recognise/test_{name}.py"
    assert path.is_file()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    suites = [node for node in tree.body if isinstance(node, ast.ClassDef)
              and any(dotted(base) == "RecogniserSuite" for base in node.bases)]
    assert suites, f"{path} does not inherit RecogniserSuite"


@pytest.mark.parametrize("name", FILES)
def test_a_recogniser_has_vectors_with_near_misses(name: str) -> None:
    vectors = load_vectors(name)
    assert any(vector.expect is not None for vector in vectors), "no vector that is recognised"
    assert any(vector.expect is None for vector in vectors), "no near miss: what looks like it and is not"


@pytest.mark.parametrize("recogniser", RECOGNISERS, ids=lambda one: one.name)
def test_a_recogniser_has_its_families(recogniser: Recogniser) -> None:
    assert recogniser.families
    for name in recogniser.families:
        assert name in FAMILIES, f"{name} has no row in model/family.py"
        assert FAMILIES[name].unknowable, f"{name}: say what the wire cannot tell"


def test_every_family_is_found_by_a_recogniser_and_can_be_registered() -> None:
    assert set(FAMILIES) == {name for recogniser in RECOGNISERS for name in recogniser.families}
    for family in FAMILIES.values():
        assert family.name in PROTOCOL_WORDS
        assert set(family.registered_as) <= set(PROTOCOL_WORDS)


def test_every_rule_has_words() -> None:
    assert emitted_rules() <= set(RULES)


def test_no_words_are_left_over() -> None:
    assert {rule.removesuffix(" one-sided") for rule in RULES} == emitted_rules()


def test_every_link_has_words() -> None:
    """Links are plain strings beside the rules; those of the vectors and of `links.py` are all that are emitted."""
    expected = {str((vector.expect or {}).get("link", "")) for name in FILES for vector in load_vectors(name)}
    assert expected - {""} <= set(LINKS)


def test_the_page_on_recognition_has_every_rule_and_no_other() -> None:
    """docs/recognition.md has one table row for each rule id: `| `wireguard/handshake@1` | … |`."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `({RULE.pattern})` \|", text, flags=re.MULTILINE)
    assert len(rows) == len(set(rows)), "a rule has two rows"
    assert set(rows) == emitted_rules()
    assert set(RULE.findall(text)) <= emitted_rules()


def test_the_page_on_recognition_names_every_family_and_link() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in (*FAMILIES, *LINKS):
        assert f"`{name}`" in text, name


def test_every_proof_method_is_in_the_catalogue_once() -> None:
    assert sorted(method.name.replace("-", "_") for method in proof_methods()) == PROOF_FILES


@pytest.mark.parametrize("name", PROOF_FILES)
def test_a_proof_method_has_its_test_and_inherits_the_suite(name: str) -> None:
    tree = ast.parse((ROOT / f"tests/proof/test_{name}.py").read_text(encoding="utf-8"))
    assert any(isinstance(node, ast.ClassDef) and any(dotted(base) == "ProofMethodSuite" for base in node.bases)
               for node in tree.body)


@pytest.mark.parametrize("method", proof_methods(), ids=lambda one: one.name)
def test_a_proof_method_is_on_its_page(method: ProofMethod) -> None:
    assert f"## {method.name}\n" in PROOF_PAGE.read_text(encoding="utf-8")


def test_the_page_on_proofs_has_every_problem_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", PROOF_PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    listed = [row for row in rows if row[0] not in {field.name for field in fields(Outcome)}]
    assert dict(listed) == PROBLEMS
    assert len(listed) == len(PROBLEMS)


def test_every_problem_is_found_by_some_check() -> None:
    """A code that no file of proof/ can give is a promise to the reader that nobody keeps."""
    said = "".join(module.path.read_text(encoding="utf-8") for module in modules()
                   if module.room == "proof" and module.name != "licet.proof.base")
    assert not [code for code in PROBLEMS if f'"{code}"' not in said]


def outputs_made() -> dict[str, str]:
    """Each name of an output that a file of enforce/ makes, and the file."""
    found = {}
    for module in modules():
        for node in ast.walk(module.tree):
            if module.room == "enforce" and isinstance(node, ast.Call) and dotted(node.func) == "Output":
                assert isinstance(node.args[0], ast.Constant)
                found[node.args[0].value] = module.name
    return found


def test_every_output_is_one_file_and_in_the_catalogue_once() -> None:
    assert outputs_made() == {output.name: f"licet.enforce.{output.name}" for output in outputs()}


@pytest.mark.parametrize("output", outputs(), ids=lambda output: output.name)
def test_an_output_has_its_test_and_inherits_the_suite(output) -> None:
    text = (ROOT / f"tests/enforce/test_{output.name}.py").read_text(encoding="utf-8")
    assert re.search(r"^class \w+\(OutputSuite\):\n    output = \w+\.OUTPUT", text, re.MULTILINE)
    assert list((ROOT / f"tests/enforce/golden/{output.name}").glob("*.txt"))


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.room in ("recognise", "app", "capture", "enforce", "proof")], ids=str
)
def test_importing_a_module_registers_nothing(module) -> None:
    """At the top of a module stand definitions: no bare call, no change of another module's table, no decorator that
    keeps a list."""
    for node in module.tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert is_docstring or not isinstance(node, ast.Expr), f"{module}, line {node.lineno}: a call for its effect"
        assert not isinstance(node, ast.AugAssign | ast.Delete | ast.For | ast.While | ast.With), (
            f"{module}, line {node.lineno}"
        )
        if isinstance(node, ast.Assign):
            for target in node.targets:
                assert not isinstance(target, ast.Subscript | ast.Attribute), f"{module}, line {node.lineno}"
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
                known = ("dataclass", "contextmanager", "total_ordering", "cache", "lru_cache", "functools.cache")
                assert name in known, f"{module}, line {node.lineno}: @{name}"


def test_the_catalogue_is_read_by_name_alone() -> None:
    """No part is found by walking a folder, by entry points or by a name that was put together."""
    for module in modules():
        for one in module.imports:
            assert one.name.split(".")[0] not in ("importlib", "pkgutil", "pkg_resources") or one.name in (
                "importlib.resources",
            ), f"{module} imports {one.name}"
