"""Bringing a folder up to date, with the real client and a real web server: whole, by deltas, cut off and resumed."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shutil
import ssl
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from licet.app.snapshot_status import read_status
from licet.app.snapshot_sync import DELTAS, UNCHANGED, WHOLE, Synced, sync
from licet.errors import BadInput, SnapshotRefused, Unavailable
from licet.snapshot import load
from licet.tuf.layout import file_of, whole_path
from support.endings import ended_at
from support.published import Registry, WebServer, now, records, registry, send, serving

MOMENTS_MAX = 200


def bring(server: WebServer, folder: Path, root: str | None = None) -> Synced:
    return sync(server.url, str(folder), root, now())


def test_the_whole_comes_first_and_then_what_changed(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set", 400)
    with serving(made.folder) as server:
        first = bring(server, tmp_path / "copy", root)
        assert (first.how, first.status.serial, first.records) == (WHOLE, 1, 400)
        assert (tmp_path / "copy/registry.snapshot").read_bytes() == made.forms[1]
        assert bring(server, tmp_path / "copy").how == UNCHANGED
        for serial in (2, 3, 4):
            made.number(serial, records(400 + serial))
        then = bring(server, tmp_path / "copy")
        assert (then.how, then.deltas, then.status.serial) == (DELTAS, 3, 4)
        assert (tmp_path / "copy/registry.snapshot").read_bytes() == made.forms[4]
        assert then.bytes_moved < len(made.forms[4]) // 4
    found = load(tmp_path / "copy")
    assert (found.serial, len(found.records)) == (4, 404)


def test_who_comes_later_takes_the_whole_and_the_deltas_since(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set", 400)
    made.number(2, records(401))
    with serving(made.folder) as server:
        done = bring(server, tmp_path / "copy", root)
    assert (done.how, done.deltas, done.status.serial) == (WHOLE, 1, 2)
    assert (tmp_path / "copy/registry.snapshot").read_bytes() == made.forms[2]


def test_who_was_away_too_long_takes_the_whole_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licet.tuf.publisher.DELTAS_MAX", 3)
    monkeypatch.setattr("licet.tuf.publisher.DELTAS_SINCE_WHOLE", 2)
    made, root = registry(tmp_path / "set", 400)
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", root)
        for serial in range(2, 7):
            made.number(serial, records(400 + serial))
        done = bring(server, tmp_path / "copy")
    assert done.how == WHOLE
    assert (tmp_path / "copy/registry.snapshot").read_bytes() == made.forms[6]


def test_a_copy_that_was_changed_by_hand_is_made_whole(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set")
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", root)
        for damaged in (b"", b"nothing", made.forms[1].replace(b"SVC-00001", b"SVC-99999"), made.forms[1][:500]):
            (tmp_path / "copy/registry.snapshot").write_bytes(damaged)
            assert bring(server, tmp_path / "copy").how == WHOLE
            assert (tmp_path / "copy/registry.snapshot").read_bytes() == made.forms[1]


def test_a_large_one_keeps_an_index_that_is_believed(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set", 6_000)
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", root)
        made.number(2, records(6_001))
        assert bring(server, tmp_path / "copy").how == DELTAS
    names = [path.name for path in (tmp_path / "copy").glob("registry.snapshot.*.index")]
    assert names == [f"registry.snapshot.sha256-{hashlib.sha256(made.forms[2]).hexdigest()}.index"]
    assert load(tmp_path / "copy").at_address("198.51.100.7")[0].service == "SVC-00006"


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_was_cut_off_goes_on(tmp_path: Path, ranges: bool) -> None:
    """Where the server knows how, from where it ended; else from the beginning. Until then the folder has nothing."""
    made, root = registry(tmp_path / "set", 4_000)
    half = len(made.forms[1]) // 2

    def cut(handler: SimpleHTTPRequestHandler) -> bool:
        if not handler.path.endswith(".snapshot"):
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(made.forms[1])))
        handler.end_headers()
        handler.wfile.write(made.forms[1][:half])
        handler.close_connection = True
        return True

    with serving(made.folder, ranges) as server:
        server.answer = cut
        with pytest.raises(Unavailable, match="before the end"):
            bring(server, tmp_path / "copy", root)
        assert not (tmp_path / "copy/registry.snapshot").exists()
        server.answer = None
        done = bring(server, tmp_path / "copy", root)
        assert (tmp_path / "copy/registry.snapshot").read_bytes() == made.forms[1]
        assert (done.bytes_moved < len(made.forms[1])) is ranges
        assert not list((tmp_path / "copy/.sync/part").iterdir())


def test_what_was_begun_of_another_file_is_not_gone_on_with(tmp_path: Path) -> None:
    """A part that is not the beginning of the file is found by its digest, and thrown away."""
    made, root = registry(tmp_path / "set")
    part = tmp_path / "copy/.sync/part" / hashlib.sha256(made.forms[1]).hexdigest()
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 100)
    with serving(made.folder) as server:
        with pytest.raises(SnapshotRefused, match="mixed"):
            bring(server, tmp_path / "copy", root)
        assert bring(server, tmp_path / "copy", root).how == WHOLE


def test_a_delta_that_leads_elsewhere_keeps_nobody_from_what_is_signed(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set", 400)
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", root)
        new = records(401)
        made.forms[1] = made.forms[1].replace(b"SVC-0003", b"SVC-9993")  # the publisher is mistaken about number 1
        new[30:130] = records(130, 1_800_000_000)[30:130]  # long enough that a whole is made, too
        made.number(2, new)
        assert bring(server, tmp_path / "copy").how == WHOLE
    assert (tmp_path / "copy/registry.snapshot").read_bytes() == made.forms[2]


def test_the_root_has_to_be_given_once(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set")
    with serving(made.folder) as server:
        with pytest.raises(BadInput, match="trusts no registry yet"):
            bring(server, tmp_path / "copy")
        with pytest.raises(SnapshotRefused, match="wrong_root"):
            bring(server, tmp_path / "copy", "sha256:" + "0" * 64)
        file = tmp_path / "root.json"
        file.write_bytes((made.folder / "metadata/1.root.json").read_bytes())
        assert bring(server, tmp_path / "copy", str(file)).how == WHOLE
        assert bring(server, tmp_path / "copy").how == UNCHANGED
        assert bring(server, tmp_path / "copy", root).how == UNCHANGED
        with pytest.raises(BadInput, match="is none of them"):
            bring(server, tmp_path / "copy", "sha256:" + "0" * 64)


def test_another_mirror_of_the_same_registry_will_do(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set", 400)
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", root)
    made.number(2, records(401))
    with serving(made.folder) as mirror:
        assert bring(mirror, tmp_path / "copy").how == DELTAS


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with serving(tmp_path / "empty") as server:
        with pytest.raises(Unavailable, match="404"):
            bring(server, tmp_path / "copy", "sha256:" + "0" * 64)
        url = server.url
    with pytest.raises(Unavailable):
        sync(url, str(tmp_path / "copy"), "sha256:" + "0" * 64, now())
    for text in ("registry.example.net", "ftp://registry.example.net/", "http://registry.example.net:99999/"):
        with pytest.raises(BadInput, match="is no URL"):
            sync(text, str(tmp_path / "copy"), None, now())


def test_a_redirect_to_another_place_is_not_followed(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set")
    with serving(made.folder) as other, serving(tmp_path) as server:
        def redirect(handler: SimpleHTTPRequestHandler) -> bool:
            send(handler, 302, b"", {"Location": f"{other.url}{handler.path}"})
            return True

        server.answer = redirect
        with pytest.raises(Unavailable, match="another place"):
            bring(server, tmp_path / "copy", root)
        assert not other.asked

        def within(handler: SimpleHTTPRequestHandler) -> bool:
            if handler.path.startswith("/set/"):
                return False
            send(handler, 302, b"", {"Location": f"/set{handler.path}"})
            return True

        server.answer = within
        assert bring(server, tmp_path / "copy", root).how == WHOLE


def test_what_is_known_of_a_copy_stands_beside_it(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set")
    at = now()
    with serving(made.folder) as server:
        sync(server.url, str(tmp_path / "copy"), root, at)
    status = read_status(str(tmp_path / "copy"))
    assert status is not None
    assert status == read_status(str(tmp_path / "copy/registry.snapshot"))
    second_ns = 10**9
    assert status.synced_ns == int(at.timestamp()) * second_ns
    # The timestamp is the first to end.
    assert abs(status.valid_until_ns - status.synced_ns - 24 * 3_600 * second_ns) < 60 * second_ns
    assert not status.is_stale(status.valid_until_ns - 1)
    assert status.is_stale(status.valid_until_ns)
    assert json.loads((tmp_path / "copy/sync.json").read_bytes())["schema"] == "licet.sync/1"


def test_the_policy_comes_from_the_policy_keys(tmp_path: Path) -> None:
    made = Registry(tmp_path / "set")
    made.begin(policy=b'kind = "owned"\n')
    made.number(1, records(3))
    with serving(made.folder) as server:
        done = bring(server, tmp_path / "copy", str(made.folder / "metadata/1.root.json"))
    assert done.has_policy
    assert (tmp_path / "copy/policy.toml").read_bytes() == b'kind = "owned"\n'


def test_two_syncs_of_a_folder_take_turns(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set")
    with serving(made.folder) as server:
        def again(handler: SimpleHTTPRequestHandler) -> bool:
            server.answer = None
            with pytest.raises(Unavailable, match="another sync"):
                bring(server, tmp_path / "copy", root)
            return False

        server.answer = again
        assert bring(server, tmp_path / "copy", root).how == WHOLE


def test_nothing_is_left_lying_around(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set")
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", root)
        bring(server, tmp_path / "copy")
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {".sync", "registry.snapshot", "sync.json"}
    path = file_of(whole_path(1), hashlib.sha256(made.forms[1]).hexdigest())
    assert server.asked.count(f"/{path}") == 1


def test_a_set_that_is_signed_again_moves_almost_nothing(tmp_path: Path) -> None:
    made = Registry(tmp_path / "set")
    root = tmp_path / "root.json"
    root.write_bytes(made.begin(at=now() - timedelta(hours=3)))
    made.number(1, records(400), at=now() - timedelta(hours=3))
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", str(root))
        assert made.publish().was_written
        done = bring(server, tmp_path / "copy")
    assert done.how == UNCHANGED
    assert done.bytes_moved < 2_000


def test_ended_at_any_instant_the_copy_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    """And the next sync brings the new one, whatever was left lying around."""
    made, root = registry(tmp_path / "set", 40)
    with serving(made.folder) as server:
        bring(server, tmp_path / "copy", root)
        made.number(2, records(41))
        for moment in range(MOMENTS_MAX):
            mine = tmp_path / "mine"
            shutil.copytree(tmp_path / "copy", mine, symlinks=True)
            is_done = ended_at(moment, lambda: bring(server, mine))  # noqa: B023 — it is called at once
            there = (mine / "registry.snapshot").read_bytes()
            assert there in (made.forms[1], made.forms[2])
            assert load(mine).serial in (1, 2)
            status = read_status(str(mine))
            assert status is not None
            assert status.serial in (1, 2)
            if moment % 5 == 0 or is_done:
                bring(server, mine)
                assert (mine / "registry.snapshot").read_bytes() == made.forms[2]
            if is_done:
                break
            shutil.rmtree(mine)
    assert 10 < moment < MOMENTS_MAX - 1


def test_over_tls_the_certificate_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, root = registry(tmp_path / "set")
    certificate, key_file = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key_file)
    with serving(made.folder, tls=context) as server:
        with pytest.raises(Unavailable, match="certificate"):
            bring(server, tmp_path / "copy", root)
        assert not server.asked
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert bring(server, tmp_path / "copy", root).how == WHOLE


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
            .serial_number(1).not_valid_before(now() - timedelta(days=1)).not_valid_after(now() + timedelta(days=9))
            .add_extension(address, False).add_extension(x509.BasicConstraints(True, None), True)
            .sign(private, hashes.SHA256()))
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8,
                                                           serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"
