"""SSH signatures against the program that makes them."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from licet.errors import LicetError, Malformed, VerificationFailed
from licet.order.sshsig import read_key, require_signature
from support.ssh_keys import SSH_KEYGEN, SecurityKey, make_key, needs_ssh_keygen, ssh_keygen_holds

MESSAGE, NAMESPACE = b'{"schema":"licet.order/1"}', "licet-order"
KINDS = (("ed25519", ""), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"))

pytestmark = needs_ssh_keygen


@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_what_ssh_keygen_signs_holds_and_nothing_else_does(tmp_path: Path, kind: str, bits: str) -> None:
    pair, other = make_key(tmp_path, "one", kind, bits), make_key(tmp_path, "two", kind, bits)
    signature = pair.sign(MESSAGE)
    require_signature(signature, read_key(pair.public), NAMESPACE, MESSAGE)
    with pytest.raises(VerificationFailed, match="did not sign this text"):
        require_signature(signature, read_key(pair.public), NAMESPACE, MESSAGE + b" ")
    with pytest.raises(VerificationFailed, match="another key"):
        require_signature(signature, read_key(other.public), NAMESPACE, MESSAGE)
    with pytest.raises(VerificationFailed, match="sign with -n licet-decision"):
        require_signature(signature, read_key(pair.public), "licet-decision", MESSAGE)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_security_key_signs_only_when_it_is_touched(tmp_path: Path, kind: str) -> None:
    """ssh-keygen verifies what nobody touched; a person who signs an order has to be there."""
    key = SecurityKey(kind)
    touched, untouched = key.sign(MESSAGE, NAMESPACE), key.sign(MESSAGE, NAMESPACE, flags=0)
    assert ssh_keygen_holds(tmp_path, key.public, touched, MESSAGE, NAMESPACE)
    assert ssh_keygen_holds(tmp_path, key.public, untouched, MESSAGE, NAMESPACE)
    require_signature(touched, read_key(key.public), NAMESPACE, MESSAGE)
    with pytest.raises(VerificationFailed, match="touching"):
        require_signature(untouched, read_key(key.public), NAMESPACE, MESSAGE)


@pytest.mark.parametrize(("kind", "bits"), KINDS[:2])
def test_both_agree_on_every_changed_byte(tmp_path: Path, kind: str, bits: str) -> None:
    """Whatever byte of a signature is changed, ours refuses it; ssh-keygen is asked about some."""
    pair = make_key(tmp_path, "one", kind, bits)
    signature = pair.sign(MESSAGE)
    raw = base64.b64decode("".join(signature.splitlines()[1:-1]))
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 0x20]) + raw[at + 1 :]
        armored = armor(changed)
        with pytest.raises((Malformed, VerificationFailed)):
            require_signature(armored, read_key(pair.public), NAMESPACE, MESSAGE)
        if at % 29 == 0:
            assert not ssh_keygen_holds(tmp_path, pair.public, armored, MESSAGE, NAMESPACE)
    for end in range(0, len(raw), 7):
        with pytest.raises((Malformed, VerificationFailed)):
            require_signature(armor(raw[:end]), read_key(pair.public), NAMESPACE, MESSAGE)
    with pytest.raises(Malformed, match="after its end"):
        require_signature(armor(raw + b"\0"), read_key(pair.public), NAMESPACE, MESSAGE)


def armor(raw: bytes) -> str:
    return f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(raw).decode()}\n-----END SSH SIGNATURE-----\n"


def test_a_key_is_named_as_ssh_keygen_names_it(tmp_path: Path) -> None:
    pair = make_key(tmp_path, "one")
    said = subprocess.run([str(SSH_KEYGEN), "-l", "-f", str(pair.private)], capture_output=True, text=True, check=True)
    key = read_key(pair.public + " somebody@example.net")
    assert key.fingerprint in said.stdout
    assert key.key_id == "sha256:" + base64.b64decode(key.fingerprint.removeprefix("SHA256:") + "=").hex()


@pytest.mark.parametrize("line", [
    "", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2E=", "ssh-ed25519 !!!!", "x" * 3_000,
    "ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "ecdsa-sha2-nistp256 " + base64.b64encode(
        b"\0\0\0\x13ecdsa-sha2-nistp256\0\0\0\x08nistp256\0\0\0\x41\x04" + bytes(64)).decode(),
    "ecdsa-sha2-nistp256 " + base64.b64encode(
        b"\0\0\0\x13ecdsa-sha2-nistp256\0\0\0\x08nistp384\0\0\0\x41\x04" + bytes(64)).decode(),
    "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x21" + bytes(33)).decode(),
    "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(33)).decode(),
    "ssh-ed25519 " + base64.b64encode(b"\xff\xff\xff\xff").decode(),
])  # fmt: skip
def test_a_line_that_is_no_key_of_ours_is_refused(line: str) -> None:
    with pytest.raises(Malformed):
        read_key(line)


@pytest.mark.parametrize("armored", [
    "", "x", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----", "\n" * 9_000, armor(b""), armor(b"SSHSIG"),
    armor(b"SSHSIG\0\0\0\x02"), armor(b"SSHSIG\0\0\0\x01\xff\xff\xff\xff"),
])
def test_what_is_no_signature_is_refused_in_a_sentence(tmp_path: Path, armored: str) -> None:
    with pytest.raises(LicetError):
        require_signature(armored, read_key(make_key(tmp_path, "one").public), NAMESPACE, MESSAGE)


def test_an_rsa_key_is_told_what_to_do(tmp_path: Path) -> None:
    pair = make_key(tmp_path, "one", "rsa", "2048")
    with pytest.raises(Malformed, match="ssh-keygen -t ed25519"):
        read_key(pair.public)
