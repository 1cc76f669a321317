"""The pages say what is true: commands and tests exist, links lead somewhere, statuses are those of the code."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from house.source import ROOT
from licet.cli import main
from licet.errors import LicetError
from licet.model.endpoint import Endpoint
from licet.proof.base import Challenge, answer_to
from support.vectors import findings, fits, load_vectors, records

COMMAND_LANGUAGES = {"", "sh", "bash", "shell", "console", "text"}

# Words that belong to one machine or one registry of packages, never to a page that others read.
MACHINE_WORDS = re.compile(
    r"(?<![\w.])/(?:root|home|work|Users|mnt)/\w|\b(?:pypi|testpypi|anaconda|npmjs|crates)\.(?:org|io|com)\b|"
    r"\bindex-url\b|\blocalhost:\d|artifactory|\bnexus\b",
    re.IGNORECASE,
)


@cache
def pages() -> tuple[Path, ...]:
    """Every Markdown file that is part of the project: known to git, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive, or a machine without git
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*.md")]
        listed = "\n".join(str(name) for name in names if not any(part.startswith(".") for part in name.parts))
    paths = [ROOT / name for name in listed.splitlines()]
    return tuple(sorted(path for path in paths if path.is_file()))


PAGES = pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))


def blocks(text: str) -> list[tuple[str, str]]:
    """(language, content) of each fenced block."""
    return re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def command_lines(page: Path) -> list[str]:
    """Every `licet …` in the fenced blocks of a page and in its text in backticks, joined over continued lines."""
    text = page.read_text(encoding="utf-8")
    found = []
    for language, content in blocks(text):
        if language in COMMAND_LANGUAGES:
            for line in content.replace("\\\n", " ").splitlines():
                line = line.strip().removeprefix("$ ")
                match = re.search(r"(?:^|[|(]\s*|/bin/|sudo )(licet(?: .*)?)$", line)
                if match:
                    found.append(match[1])
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found += re.findall(r"`(licet [a-z][^`]*)`", prose)
    return found


def words_of(line: str) -> list[str]:
    """The arguments of a command line up to a comment, a pipe or a redirection."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|><;&")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|><;&"):
            break
        words.append(word)
    return words


def check_command(line: str) -> None:
    """Assert that the subcommands and the options of a line exist."""
    words = words_of(line.replace("…", " "))[1:]
    command: click.Command = main.licet
    place = "licet"
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        # `registry add|list|remove` names three; each must be there.
        assert name in command.commands, f"“{line}”: {place} has no command {name}"
        command, place = command.commands[name], f"{place} {name}"
    known = {"--help", "-h", "--version", *(name for one in command.params for name in one.opts)}
    for word in words:
        option = word.partition("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", option):
            assert option in known, f"“{line}”: {place} has no option {option}"


@PAGES
def test_every_command_on_a_page_exists(page: Path) -> None:
    for line in command_lines(page):
        for one in _alternatives(line):
            check_command(one)


def _alternatives(line: str) -> list[str]:
    """`licet registry add|list|remove` as three lines."""
    match = re.match(r"((?:licet)(?: [a-z-]+)*) ([a-z-]+(?:\|[a-z-]+)+)(.*)$", line)
    return [line] if match is None else [f"{match[1]} {name}{match[3]}" for name in match[2].split("|")]


def test_the_pages_do_have_commands() -> None:
    assert sum(len(command_lines(page)) for page in pages()) > 10


@PAGES
def test_every_link_leads_somewhere(page: Path) -> None:
    """Relative links: the file is there, and so is the heading. Links to the web are left alone."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "``", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path_text, _, anchor = target.partition("#")
        path = (page.parent / path_text).resolve() if path_text else page
        assert path.exists(), f"{target} is not there"
        assert path.is_relative_to(ROOT), f"{target} leads out of the project"
        if anchor:
            assert anchor in anchors(path), f"{target}: no such heading"


def anchors(page: Path) -> set[str]:
    """The names by which headings can be linked to: lower case, no punctuation, hyphens for blanks."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} +(.+?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@PAGES
def test_no_page_names_one_machine(page: Path) -> None:
    found = MACHINE_WORDS.search(page.read_text(encoding="utf-8"))
    assert found is None, f"“{found[0]}”"


@PAGES
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    """`tests/judge/test_judge.py::test_x`, or `test_x` alone, which is then in tests/house."""
    text = page.read_text(encoding="utf-8")
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        assert (ROOT / path).is_file(), path
        assert name in functions(ROOT / path), f"{path} has no {name}"
    house = {name for path in (ROOT / "tests/house").glob("test_*.py") for name in functions(path)}
    for name in re.findall(r"`(test_[a-z0-9_]+)`", text):
        assert name in house, f"tests/house has no {name}"


@cache
def functions(path: Path) -> frozenset[str]:
    """The names of all functions of a Python file, methods too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@PAGES
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """Paths in backticks that begin in a folder of the project."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for name in re.findall(r"`((?:src|tests|docs|examples|changes)/[\w./-]+?)`", text):
        assert (ROOT / name).exists(), name


def test_the_worked_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONTRIBUTING.md shows a whole recogniser and its vectors; here they are run as they stand there."""
    shown = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    code = next(content for language, content in shown if language == "python" and "RECOGNISER = " in content)
    vectors = next(content for language, content in shown if language == "toml" and "[[vector]]" in content)
    (tmp_path / "example.toml").write_text(vectors, encoding="utf-8")
    monkeypatch.setattr("support.vectors.VECTORS", tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    for vector in load_vectors("example"):
        found = findings(names["RECOGNISER"], records(vector))
        assert bool(found) is (vector.expect is not None), str(vector)
        assert vector.expect is None or fits(found[0], vector.expect), str(vector)


class _OneText:
    """A guard that knows one TXT record, and is asked for nothing else."""

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value

    def require_allowed(self, address: str) -> None:
        pass

    def texts(self, name: str) -> tuple[bytes, ...]:
        return (self.value.encode(),) if name == self.name else ()


def test_the_worked_proof_method_works() -> None:
    """CONTRIBUTING.md shows a whole method of proof; here it runs as it stands there."""
    shown = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    code = next(content for language, content in shown if language == "python" and "METHOD = ProofMethod" in content)
    names: dict[str, Any] = {}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    method = names["METHOD"]
    reverse6 = f"0.1{'.0' * 22}.8.b.d.0.1.0.0.2.ip6.arpa"
    for address, name in (("192.0.2.10", "10.2.0.192.in-addr.arpa"), ("2001:db8::10", reverse6)):
        challenge = Challenge(method.name, "a" * 32, Endpoint(address, "udp", 51820))
        assert method.check(challenge, _OneText(f"_licet-challenge.{name}", answer_to("a" * 32))).ok
        assert not method.check(challenge, _OneText(f"_licet-challenge.{name}", answer_to("b" * 32))).ok
        assert f"_licet-challenge.{name}." in method.instructions(challenge)[0].lines[0]


def test_every_fragment_is_in_the_changelog() -> None:
    """Until a release, what a fragment says stands under "Unreleased", word for word."""
    changelog = " ".join((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split())
    for fragment in (ROOT / "changes").glob("*.md"):
        if fragment.name != "README.md":
            assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md", fragment.name)
            assert " ".join(fragment.read_text(encoding="utf-8").split()) in changelog, fragment.name


def statuses_of_the_code() -> set[int]:
    """Exit statuses: those of the errors, those of the one door, and 1, which `scan --exit-code` returns."""
    statuses = {0, 1, LicetError.exit_status}
    statuses |= {error.exit_status for error in _below(LicetError)}
    tree = ast.parse(Path(str(main.__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, int):
            statuses.add(node.value.value)
    return statuses


def _below(error: type[LicetError]) -> set[type[LicetError]]:
    return {one for child in error.__subclasses__() for one in (child, *_below(child))}


def test_the_statuses_in_the_readme_are_those_of_the_code() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README yet")
    said = {int(number) for number in re.findall(r"^\| (\d{1,3}) \|", readme.read_text(encoding="utf-8"), re.MULTILINE)}
    assert said == statuses_of_the_code()


def test_the_statuses_in_the_docstring_are_those_of_the_code() -> None:
    sentence = re.search(r"Exit status: (.*?)\. ", (main.__doc__ or "").replace("\n", " "))
    assert sentence is not None
    assert {int(number) for number in re.findall(r"\b\d{1,3}\b", sentence[1])} == statuses_of_the_code()
