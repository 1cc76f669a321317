"""SSH keys and signatures for tests, made by the real `ssh-keygen`; a security key is played by a key in memory."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SSH_KEYGEN = shutil.which("ssh-keygen")
needs_ssh_keygen = pytest.mark.skipif(SSH_KEYGEN is None, reason="ssh-keygen (openssh-client) is not installed")


@dataclass(frozen=True)
class KeyPair:
    """private: the file of a private key; public: the line of its .pub file, without a comment."""

    private: Path
    public: str

    def sign(self, message: bytes, namespace: str = "licet-order") -> str:
        """The armored signature that ssh-keygen makes."""
        done = subprocess.run([str(SSH_KEYGEN), "-q", "-Y", "sign", "-f", str(self.private), "-n", namespace],
                              input=message, capture_output=True, check=True)
        return done.stdout.decode()


def make_key(folder: Path, name: str, kind: str = "ed25519", bits: str = "") -> KeyPair:
    """A new key pair without a passphrase."""
    private = folder / name
    size = ["-b", bits] if bits else []
    subprocess.run([str(SSH_KEYGEN), "-q", "-t", kind, *size, "-N", "", "-C", "", "-f", str(private)], check=True)
    return KeyPair(private, private.with_suffix(".pub").read_text().strip())


def ssh_keygen_holds(folder: Path, public: str, signature: str, message: bytes, namespace: str) -> bool:
    """What `ssh-keygen -Y verify` says."""
    (folder / "allowed").write_text(f"somebody {public}\n")
    (folder / "signature").write_text(signature)
    done = subprocess.run(
        [str(SSH_KEYGEN), "-q", "-Y", "verify", "-f", str(folder / "allowed"), "-I", "somebody", "-n", namespace, "-s",
         str(folder / "signature")], input=message, capture_output=True, check=False)
    return done.returncode == 0


def field(data: bytes) -> bytes:
    """A string of SSH's wire format."""
    return len(data).to_bytes(4, "big") + data


class SecurityKey:
    """Signs as a hardware-backed key does (PROTOCOL.u2f). kind: `ed25519` or `ecdsa`."""

    application = b"ssh:"

    def __init__(self, kind: str) -> None:
        self.ed25519 = Ed25519PrivateKey.generate() if kind == "ed25519" else None
        self.ecdsa = ec.generate_private_key(ec.SECP256R1())
        name = b"sk-ssh-ed25519@openssh.com" if self.ed25519 else b"sk-ecdsa-sha2-nistp256@openssh.com"
        if self.ed25519:
            raw = self.ed25519.public_key().public_bytes_raw()
            self.blob = field(name) + field(raw) + field(self.application)
        else:
            point = self.ecdsa.public_key().public_bytes(serialization.Encoding.X962,
                                                         serialization.PublicFormat.UncompressedPoint)
            self.blob = field(name) + field(b"nistp256") + field(point) + field(self.application)
        self.name, self.public = name, f"{name.decode()} {base64.b64encode(self.blob).decode()}"

    def sign(self, message: bytes, namespace: str, flags: int = 1) -> str:
        """An armored signature; flags: 1 where somebody touched the device."""
        inner = b"SSHSIG" + b"".join(field(one) for one in (namespace.encode(), b"", b"sha512",
                                                            hashlib.sha512(message).digest()))
        tail = bytes([flags]) + (7).to_bytes(4, "big")
        signed = hashlib.sha256(self.application).digest() + tail + hashlib.sha256(inner).digest()
        if self.ed25519:
            raw = self.ed25519.sign(signed)
        else:
            raw = b"".join(field(_mpint(one))
                           for one in decode_dss_signature(self.ecdsa.sign(signed, ec.ECDSA(hashes.SHA256()))))
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(field(one) for one in (
            self.blob, namespace.encode(), b"", b"sha512", field(self.name) + field(raw) + tail))
        text = base64.b64encode(blob).decode()
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join(("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----")) + "\n"


def _mpint(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
