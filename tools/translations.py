"""Bring the translation files up to date with the texts of the service, and compile them: .venv/bin/python
tools/translations.py. Needs gettext (apt-get install gettext). What is new stands there with an empty translation: fill
it in, and run this again. `tests/house/test_translations.py` holds that nothing is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SERVER = Path(__file__).resolve().parents[1] / "src" / "licet" / "server"
LANGUAGES = {"de": "German"}
COLUMNS = "118"

# What changes with every run, and what says nothing.
_HEADER_LINES = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Report-Msgid-Bugs-To):.*\n', re.MULTILINE)


def main() -> None:
    """Extract, tidy and compile."""
    for face in ("public", "registrant", "desk", "audit", "orders"):
        (SERVER / face / "locale").mkdir(exist_ok=True)
    for language in LANGUAGES:
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "django", "makemessages", "--locale", language, "--add-location",
             "file", "--no-obsolete", "--verbosity", "0"],
            cwd=SERVER, check=True, env={**os.environ, "DJANGO_SETTINGS_MODULE": "licet.server.settings"})
    for path in sorted(SERVER.glob("**/locale/*/LC_MESSAGES/django.po")):
        subprocess.run(["msgcat", f"--width={COLUMNS}", "--add-location=file", str(path), "--output-file", str(path)],
                       check=True)
        path.write_text(tidy(path.read_text(encoding="utf-8"), path.parts[-3]), encoding="utf-8")
        subprocess.run(["msgfmt", "--check-format", "--output-file", str(path.with_suffix(".mo")), str(path)],
                       check=True)


def tidy(text: str, language: str) -> str:
    """Without the dates of the header, and without guesses: a guessed translation is worse than a missing one."""
    head, *blocks = text.rstrip("\n").split("\n\n")
    head = re.sub(r"^#.*\n", "", _HEADER_LINES.sub("", head), flags=re.MULTILINE)
    head = head.replace("PACKAGE VERSION", "licet").replace('"Language: \\n"', f'"Language: {language}\\n"')
    return "\n\n".join([f"# {LANGUAGES[language]}.\n{head}", *map(_without_guess, blocks)]) + "\n"


def _without_guess(block: str) -> str:
    if not re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE):
        return block
    lines = [line for line in block.splitlines() if not line.startswith("#|")]
    found = re.sub(r", fuzzy\b|^#, fuzzy\n", "", "\n".join(lines) + "\n", flags=re.MULTILINE)
    plain = re.split(r"^(msgstr(?:\[\d\])?) (?:\"[^\n]*\"\n)+", found, flags=re.MULTILINE)
    return "".join(f'{one} ""\n' if at % 2 else one for at, one in enumerate(plain)).rstrip("\n")


if __name__ == "__main__":
    main()
