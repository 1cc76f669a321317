"""Every text of the service is in German too, and every sentence that a check of control can say is known to the
translation files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation.template import templatize

from house.source import ROOT
from licet.server.proof_words import SENTENCES, said

SERVER = ROOT / "src" / "licet" / "server"
PROOF = ROOT / "src" / "licet" / "proof"
PO = sorted(SERVER.glob("**/locale/de/LC_MESSAGES/django.po"))

# A text as the extraction of Django leaves it: gettext('…'), and the first of ngettext('…', '…', n).
QUOTED = re.compile(r"""gettext\(\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL)

# What stands in a method's file with spaces in it and is on no page: what the command line says, commands to copy,
# joints of sentences, and mistakes of whoever programs.
NOT_SHOWN = re.compile(
    r"sudo .*|printf .*|mkdir .*|GET .*|licet proof call .*|.*300 IN TXT.*|\{\}(?:: the registry| : HTTP|: HTTP).*"
    r"|.* is no URL of a registry;.*|.* is no token; .*|.* is no DNS name; .*|.* is no WireGuard public key; .*"
    r"|\{\} is not in PROBLEMS|a token is made from .*|.*pip install 'licet\[proof\]'|\{\} TXT|\{\} port \{\}|host\{\}"
    r"| and | and \{\} more|\{\}\{\}\.|Another value: \{\}\{\}\.|\{\} TXT; \{\}"
    r"|the time for the whole exchange is over|For a check that runs where .*", re.DOTALL)


def messages(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """(the text in English, its translations, its flags) of each entry of a translation file but its header."""
    for block in path.read_text(encoding="utf-8").split("\n\n")[1:]:
        texts: dict[str, str] = {}
        name, flags = "", []
        for line in block.splitlines():
            if line.startswith("#,"):
                flags += line[2:].replace(" ", "").split(",")
            elif line.startswith("msg"):
                name, _, quoted = line.partition(" ")
                texts[name] = ast.literal_eval(quoted)
            elif line.startswith('"'):
                texts[name] += ast.literal_eval(line)
        if "msgid" in texts:
            translations = [text for one, text in texts.items() if one.startswith("msgstr")]
            yield f"{texts.get('msgctxt', '')}{texts['msgid']}", translations, flags


@pytest.mark.parametrize("path", PO, ids=lambda path: str(path.relative_to(SERVER)))
def test_every_text_is_in_german(path: Path) -> None:
    lacking = [text for text, translations, flags in messages(path) if not all(translations) or "fuzzy" in flags]
    assert not lacking


def test_a_text_is_said_in_one_way() -> None:
    """The files are put together into one: of two translations of the same text, one would be shown by chance."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for path in PO:
        for text, translations, _flags in messages(path):
            found.setdefault(text, set()).add(tuple(translations))
    assert not {text: several for text, several in found.items() if len(several) > 1}


def test_every_text_of_the_service_is_in_a_translation_file() -> None:
    known = {" ".join(text.split()) for path in PO for text, _translations, _flags in messages(path)}
    lacking = sorted({f"{path.relative_to(SERVER)}: {text}" for path, text in marked()
                      if " ".join(text.split()) not in known})
    assert not lacking, "run python tools/translations.py"


def marked() -> Iterator[tuple[Path, str]]:
    """Every text that is marked for translation, in programs and in templates."""
    for path in sorted(SERVER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = 1 if node.func.id.startswith("pgettext") else 0
                is_marked = node.func.id in ("_", "gettext", "gettext_lazy", "gettext_noop", "pgettext_lazy")
                text = node.args[first] if is_marked and len(node.args) > first else None
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    context = ast.literal_eval(node.args[0]) if first else ""
                    yield path, f"{context}{text.value}"
    for path in sorted([*SERVER.rglob("*.html"), *SERVER.rglob("*.txt")]):
        source = path.read_text(encoding="utf-8")
        for quoted in QUOTED.findall(templatize(source)):
            yield path, ast.literal_eval(quoted)


# What checks say.


def test_every_sentence_of_a_check_is_known() -> None:
    known = {re.sub(r"%\(\w+\)s", "{}", one) for one in SENTENCES}
    lacking = [f"{path.name}: {text}" for path in sorted(PROOF.glob("*.py")) for text in spoken(path)
               if text not in known and not NOT_SHOWN.fullmatch(text)]
    assert not lacking, "put it into src/licet/server/proof_words.py"


def spoken(path: Path) -> Iterator[str]:
    """The texts of a method's file that people could read, with {} for what is filled in: no docstrings, and not the
    table of problems, whose keys alone leave the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_problems = isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "PROBLEMS"
        if is_problems or isinstance(node, ast.JoinedStr):
            left_out |= {id(one) for one in ast.walk(node) if one is not node}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if " " in text:
            yield text


@pytest.mark.parametrize(("text", "german"), [
    ("The name has no TXT record.", "Der Name hat keinen TXT-Eintrag."),
    ("“10.0.0.1” is not a global address; it was not contacted.",
     "“10.0.0.1” ist keine weltweit erreichbare Adresse; sie wurde nicht angesprochen."),
    ("HTTP status 404.", "HTTP-Status 404."),
])
def test_what_a_check_saw_is_said_in_the_readers_language(text: str, german: str) -> None:
    with translation.override("de"):
        assert said(text) == german
    with translation.override("en"):
        assert said(text) == text


@pytest.mark.parametrize("text", ["", "%(value)s", "Another text: “%(text)s %s %d”.", "%" * 400, "a and " * 80,
                                  "HTTP status " + "x" * 400 + "."])
def test_what_another_machine_sent_is_never_read_as_a_template(text: str) -> None:
    with translation.override("de"):
        found = said(text)
    assert found == text or found.startswith(("HTTP-Status x", "Ein anderer Text: “%(text)s %s %d”"))
