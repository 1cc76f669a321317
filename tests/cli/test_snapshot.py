"""`licet snapshot` and `licet config check` from the outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli.main import licet
from licet.errors import BadFile, BadInput, VerificationFailed
from licet.snapshot import load

REGISTRY = """\
[[service]]
handle = "SVC-7F3K"
name = "Staff access"
operator = "Example Logistics"
from = 2026-01-01
until = 2027-01-01
endpoints = ["192.0.2.10:51820/udp wireguard", "192.0.2.0/28 ipsec"]
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(licet, words)


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "registry.toml"
    path.write_text(REGISTRY)
    return path


def build(*words: str) -> Result:
    return run("snapshot", "build", "registry.toml", "-o", "feed", *words)


def test_first_build_has_serial_one_and_its_digest_holds() -> None:
    built = build()
    assert built.exit_code == 0
    snapshot = load("feed")
    assert snapshot.serial == 1
    assert snapshot.digest in built.stdout
    assert run("snapshot", "verify", "feed", "--digest", snapshot.digest).exit_code == 0


def test_unchanged_registry_leaves_the_file_untouched(registry: Path) -> None:
    build()
    before = Path("feed").stat()
    registry.write_text("# only a comment\n" + REGISTRY)
    assert "feed unchanged: serial 1" in build().stdout
    assert build("--serial", "1").exit_code == 0
    after = Path("feed").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_changed_registry_gets_the_next_serial(registry: Path) -> None:
    build("--serial", "7")
    registry.write_text(REGISTRY.replace("192.0.2.0/28", "192.0.2.0/29"))
    assert "feed built: serial 8" in build().stdout


def test_name_of_the_registry_is_part_of_its_content(registry: Path) -> None:
    build()
    registry.write_text('registry = "Example Logistics"\n' + REGISTRY)
    assert "serial 2" in build().stdout


@pytest.mark.parametrize("serial", ["6", "7"])
def test_serial_never_changes_its_content(registry: Path, serial: str) -> None:
    build("--serial", "7")
    registry.write_text(REGISTRY.replace("192.0.2.0/28", "192.0.2.0/29"))
    before = Path("feed").read_bytes()
    result = build("--serial", serial)
    assert isinstance(result.exception, BadInput)
    assert "use 8" in str(result.exception)
    assert Path("feed").read_bytes() == before


def test_registry_built_twice_gives_the_same_bytes() -> None:
    build()
    again = run("snapshot", "build", "registry.toml", "-o", "-")
    assert again.stdout_bytes == Path("feed").read_bytes()


def test_time_of_publication_is_said_only_if_asked() -> None:
    build("--published", "2026-03-01")
    assert "published: 2026-03-01T00:00:00Z" in run("snapshot", "show", "feed").stdout


def test_other_file_is_not_overwritten(registry: Path) -> None:
    result = run("snapshot", "build", "registry.toml", "-o", "registry.toml")
    assert isinstance(result.exception, BadFile)
    assert registry.read_text() == REGISTRY


def test_snapshot_is_not_built_from_a_snapshot() -> None:
    build()
    assert isinstance(run("snapshot", "build", "feed", "-o", "other").exception, BadFile)


def test_show_prints_every_record() -> None:
    build()
    shown = run("snapshot", "show", "feed").stdout
    assert "192.0.2.10:51820/udp wireguard" in shown
    assert "192.0.2.0/28 ipsec" in shown
    assert "serial:    1" in shown
    assert "serial:    none" in run("snapshot", "show", "registry.toml").stdout


def test_wrong_digest_does_not_verify() -> None:
    build()
    result = run("snapshot", "verify", "feed", "--digest", "sha256:" + "0" * 64)
    assert isinstance(result.exception, VerificationFailed)
    assert result.exception.exit_status == 4


@pytest.mark.parametrize(("old", "new"), [(b'"}\n', b'"}'), (b'"}\n', b'"}\n\n'), (b"ok", b"OK")])
def test_changed_file_does_not_verify(old: bytes, new: bytes) -> None:
    build()
    Path("feed").write_bytes(Path("feed").read_bytes().replace(old, new))
    assert isinstance(run("snapshot", "verify", "feed").exception, VerificationFailed)


def test_missing_file_and_wrong_digest_text_are_bad_input() -> None:
    for words in (("absent",), ("registry.toml", "--digest", "sha256:12")):
        error = run("snapshot", "verify", *words).exception
        assert isinstance(error, BadInput)


def test_config_check_says_what_a_file_means_or_all_that_is_wrong() -> None:
    Path("licet.toml").write_text('[network]\nkind = "owned"\n[[registry]]\npath = "registry.toml"\n')
    right = run("config", "check", "licet.toml")
    assert (right.exit_code, right.stderr) == (0, "")
    assert "registry:   registry.toml permits (2 records)" in right.stdout
    Path("licet.toml").write_text('[network]\nkind = "mine"\nprefixes = ["0.0.0.0/0"]\n')
    wrong = CliRunner().invoke(licet, ("config", "check", "licet.toml"), standalone_mode=False)
    assert (wrong.return_value, wrong.stdout) == (3, "")
    assert wrong.stderr.count("licet: licet.toml, line ") == 2
