"""Editing registry.toml: a person's file stays a person's file, and never breaks."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from judge.makers import tunnel
from licet.app.registry_edit import NewService, add_command, add_service, add_services, make_handle, remove_service
from licet.cli.registry import registry as registry_command
from licet.errors import BadFile, BadInput, Malformed
from licet.judge import Policy, Registry, judge
from licet.model.tunnel import Tunnel
from licet.snapshot import load
from licet.snapshot.registry_file import HANDLE

HAND_WRITTEN = """\
# Services of this office.   Ask Ada before changing anything.

registry = "Example Logistics"   # our name

# Staff, since 2024.
[[service]]
handle = "SVC-0001"
name   = 'Staff remote access'   # aligned by hand
operator = "Example Logistics"
from = 2026-01-01
until = 2027-01-01
endpoints = [
    "192.0.2.10:51820/udp wireguard",  # the old box
]

# A remark that belongs to nobody.

# The partner's line.
# Two lines of it.
[[service]]
handle = "SVC-0002"
name = "Partner link"
operator = "Example Partner"
from = 2026-01-01
until = 2027-01-01
endpoints = ["198.51.100.1 ipsec"]
"""

NEW = NewService(title="Third", operator="Example Vendor", endpoints=("203.0.113.9:1194/udp openvpn",),
                 valid_from="2026-01-01", valid_until="2027-01-01")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "registry.toml"
    file.write_text(HAND_WRITTEN)
    return file


def test_adding_keeps_every_byte_that_was_there(path: Path) -> None:
    add_service(str(path), NEW)
    assert path.read_text().startswith(HAND_WRITTEN)
    assert len(load(path).services) == 3


def test_adding_and_removing_gives_the_file_back(path: Path) -> None:
    remove_service(str(path), add_service(str(path), NEW))
    assert path.read_text() == HAND_WRITTEN


def test_removing_takes_the_comment_above_and_leaves_the_others(path: Path) -> None:
    remove_service(str(path), "SVC-0002")
    kept = path.read_text()
    assert kept == HAND_WRITTEN[: HAND_WRITTEN.index("\n# The partner's line.")]
    remove_service(str(path), "SVC-0001")
    assert path.read_text() == (
        "# Services of this office.   Ask Ada before changing anything.\n\n"
        'registry = "Example Logistics"   # our name\n'
    )


def test_removing_the_first_keeps_the_second_and_its_comment(path: Path) -> None:
    remove_service(str(path), "SVC-0001")
    assert path.read_text().endswith(HAND_WRITTEN[HAND_WRITTEN.index("# The partner's line."):])
    assert list(load(path).services) == ["SVC-0002"]


def test_comment_at_the_top_of_a_file_belongs_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "registry.toml"
    file.write_text("# Our services.\n" + HAND_WRITTEN[HAND_WRITTEN.index("[[service]]"):])
    remove_service(str(file), "SVC-0001")
    assert file.read_text().startswith("# Our services.\n")


def test_missing_file_is_made(tmp_path: Path) -> None:
    file = tmp_path / "registry.toml"
    handle = add_service(str(file), NEW)
    assert load(file).title_of(handle) == "Third"
    assert file.read_text().startswith("#")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"endpoints": ("203.0.113.9:1194/udp opnvpn",)}, Malformed),
        ({"endpoints": ("192.0.2.10:51820/udp wireguard",)}, BadInput),
        ({"endpoints": ()}, BadInput),
        ({"keys": ("wireguard:x",)}, Malformed),
        ({"title": "\x1b[31mred"}, BadInput),
        ({"title": ""}, BadInput),
        ({"operator": "x" * 500}, BadInput),
        ({"handle": "SVC-0001"}, BadInput),
        ({"handle": "me"}, BadInput),
        ({"valid_until": "2025-01-01"}, BadInput),
        ({"valid_until": "soon"}, BadInput),
    ],
)
def test_edit_that_would_be_wrong_changes_nothing(path: Path, change: dict[str, object], error: type) -> None:
    values = {field: getattr(NEW, field) for field in NEW.__slots__} | change
    with pytest.raises(error):
        add_service(str(path), NewService(**values))
    assert path.read_text() == HAND_WRITTEN
    assert os.listdir(path.parent) == ["registry.toml"]


def test_one_wrong_service_of_several_changes_nothing(path: Path) -> None:
    with pytest.raises(BadInput):
        add_services(str(path), (NEW, NEW))
    assert path.read_text() == HAND_WRITTEN


def test_file_that_is_wrong_already_is_not_touched(path: Path) -> None:
    broken = HAND_WRITTEN.replace("SVC-0002", "x")
    path.write_text(broken)
    for edit in (lambda: add_service(str(path), NEW), lambda: remove_service(str(path), "SVC-0001")):
        with pytest.raises(BadFile, match="line 21"):
            edit()
    assert path.read_text() == broken


def test_unknown_handle_is_a_sentence(path: Path) -> None:
    with pytest.raises(BadInput, match="has no service SVC-NONE"):
        remove_service(str(path), "SVC-NONE")


def test_inline_list_of_services_is_left_to_a_person(tmp_path: Path) -> None:
    file = tmp_path / "registry.toml"
    text = ('service = [{handle = "SVC-7F3K", name = "a", operator = "b", from = 2026-01-01, until = 2027-01-01,'
            ' endpoints = ["192.0.2.1 ipsec"]}, {handle = "SVC-8F3K", name = "a", operator = "b", from = 2026-01-01,'
            ' until = 2027-01-01, endpoints = ["192.0.2.2 ipsec"]}]\n')
    file.write_text(text)
    with pytest.raises(BadInput):
        add_service(str(file), NEW)
    with pytest.raises(BadInput):
        remove_service(str(file), "SVC-7F3K")
    assert file.read_text() == text


def test_link_and_permissions_of_a_file_are_kept(path: Path) -> None:
    path.chmod(0o640)
    link = path.with_name("link.toml")
    link.symlink_to(path)
    add_service(str(link), NEW)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert len(load(path).services) == 3


def test_line_ends_of_a_file_are_kept(path: Path) -> None:
    path.write_bytes(HAND_WRITTEN.replace("\n", "\r\n").encode())
    handle = add_service(str(path), NEW)
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
    remove_service(str(path), handle)
    assert path.read_bytes() == HAND_WRITTEN.replace("\n", "\r\n").encode()


def test_handle_comes_from_the_service_alone(tmp_path: Path) -> None:
    made = [add_service(str(tmp_path / name), NEW) for name in ("a.toml", "b.toml")]
    assert made[0] == made[1]
    assert HANDLE.fullmatch(made[0])


def test_taken_handle_is_passed_over() -> None:
    first = make_handle(NEW, ())
    second = make_handle(NEW, (first,))
    assert make_handle(NEW, (first, second)) not in (first, second)


SEEN = [
    ("192.0.2.10:51820/udp", "wireguard"), ("[2001:db8::10]:51820/udp", "wireguard"), ("192.0.2.10:443/tcp", "openvpn"),
    ("192.0.2.1:500/udp", "ipsec-ike"), ("192.0.2.1:4500/udp", "ipsec-ike"), ("192.0.2.1/esp", "ipsec-esp"),
    ("[2001:db8::1]/ah", "ipsec-ah"), ("192.0.2.1:1723/tcp", "pptp"), ("192.0.2.1/gre", "pptp"),
    ("192.0.2.1/gre", "gre"), ("192.0.2.1:655/udp", "tinc"), ("192.0.2.1:4242/tcp", "nebula"),
]


@pytest.mark.parametrize(("server", "family"), SEEN)
@pytest.mark.parametrize("file", ["registry.toml", "it's a file; rm -rf.toml"])
def test_command_of_a_tunnel_registers_it(server: str, family: str, file: str, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(add_command(tunnel(server, family), file))
    assert words[:2] == ["licet", "registry"]
    result = CliRunner().invoke(registry_command, words[2:])
    assert result.exit_code == 0, result.output
    seen = tunnel(server, family)
    assert judge(seen, [Registry(load(file))], Policy(), seen.last_seen_ns).verdict == "registered"


def test_mesh_has_no_command() -> None:
    with pytest.raises(ValueError, match="without a server end"):
        add_command(tunnel(None, "tailscale", tunnel_class="mesh"), "registry.toml")


def test_lapsed_service_does_not_stand_in_the_way(path: Path) -> None:
    path.write_text(HAND_WRITTEN.replace('handle = "SVC-0001"', 'handle = "SVC-0001"\nstatus = "lapsed"'))
    seen: Tunnel = tunnel()
    assert judge(seen, [Registry(load(path))], Policy(), seen.last_seen_ns).verdict == "unregistered"
    CliRunner().invoke(registry_command, shlex.split(add_command(seen, str(path)))[2:])
    assert judge(seen, [Registry(load(path))], Policy(), seen.last_seen_ns).verdict == "registered"


printable = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable() and text.strip())


@given(printable, printable, printable)
def test_any_printable_text_is_kept_as_it_was_given(tmp_path_factory: pytest.TempPathFactory, title: str, operator: str,
                                                    note: str) -> None:
    file = tmp_path_factory.mktemp("edit") / "registry.toml"
    values = {field: getattr(NEW, field) for field in NEW.__slots__}
    handle = add_service(str(file), NewService(**values | {"title": title, "operator": operator, "note": note}))
    service = load(file).services[handle]
    assert (service.title, service.operator, service.note) == (title.strip(), operator.strip(), note.strip())


def test_service_is_written_as_a_person_would_write_it(tmp_path: Path) -> None:
    file = tmp_path / "registry.toml"
    file.write_text("")
    values = {field: getattr(NEW, field) for field in NEW.__slots__}
    add_service(str(file), NewService(**values | {
        "endpoints": ("192.0.2.1 ipsec", "192.0.2.2 ipsec"), "handle": "SVC-7F3K", "title": 'The "north" link',
        "keys": ("wireguard:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",)}))
    assert file.read_text() == (
        '[[service]]\nhandle = "SVC-7F3K"\nname = "The \\"north\\" link"\noperator = "Example Vendor"\n'
        'from = 2026-01-01\nuntil = 2027-01-01\nendpoints = [\n    "192.0.2.1 ipsec",\n    "192.0.2.2 ipsec",\n]\n'
        'keys = ["wireguard:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="]\n'
    )
