"""What docs/registry.md and docs/formats.md show is what the program reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

from licet.app.config import KINDS, ROLES, load_config
from licet.model.family import PROTOCOL_WORDS
from licet.model.registration import STATUSES
from licet.snapshot.form import read_form
from licet.snapshot.registry_file import FIELDS, read_registry

DOCS = Path(__file__).parents[2] / "docs"
REGISTRY_PAGE = (DOCS / "registry.md").read_text()
FORMATS_PAGE = (DOCS / "formats.md").read_text()


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_every_registry_example_can_be_read() -> None:
    examples = _blocks(REGISTRY_PAGE, "toml")
    assert examples
    for example in examples:
        assert read_registry("docs/registry.md", example.encode()).services


def test_every_field_status_and_protocol_is_on_the_page() -> None:
    for word in (*FIELDS, *STATUSES, *PROTOCOL_WORDS):
        assert f"`{word}`" in REGISTRY_PAGE, word


def test_every_endpoint_of_the_table_can_be_read() -> None:
    rows = re.findall(r"^\| `(\S*\d\S* [a-z].*?)` \|", REGISTRY_PAGE, re.MULTILINE)
    assert len(rows) == 6
    for entry in rows:
        example = ('[[service]]\nhandle = "SVC-7F3K"\nname = "a"\noperator = "b"\nfrom = 2026-01-01\n'
                   f'until = 2027-01-01\nendpoints = ["{entry}"]\n')
        read_registry("docs/registry.md", example.encode())


def test_configuration_example_can_be_read(tmp_path: Path) -> None:
    (example,) = _blocks(FORMATS_PAGE, "toml")
    path = tmp_path / "licet.toml"
    path.write_text(example.replace("BASE64", "A" * 43 + "="))
    assert load_config(path).registries
    for word in (*KINDS, *ROLES):
        assert f"`{word}`" in FORMATS_PAGE


def test_snapshot_example_is_canonical_but_for_its_shortened_key() -> None:
    (example,) = _blocks(FORMATS_PAGE.partition("\n## licet.toml")[0], "json")
    header, records = read_form("docs/formats.md", example.replace("5d0c…", "5d0c" * 16).encode())
    assert (header.serial, len(records)) == (12, 2)
    for line in example.splitlines():
        for member in json.loads(line):
            assert f"`{member}`" in FORMATS_PAGE, member
