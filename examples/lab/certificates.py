"""A small certificate authority with openssl, for one run: its keys are in the run's folder and go with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.process import run

PROGRAMS = {"openssl": "openssl"}

_KEY_KINDS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], "rsa": ["-newkey", "rsa:3072"]}


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key, both PEM files."""

    certificate: Path
    key: Path


def make_authority(folder: Path, kind: str = "ec") -> Identity:
    """Make a certificate authority in `folder`. kind: "ec" (P-256) or "rsa" (3072 bits)."""
    own = Identity(folder / "ca.crt", folder / "ca.key")
    _request(own, "Lab CA", kind, ["-addext", "keyUsage=critical,keyCertSign,cRLSign"])
    return own


def make_identity(folder: Path, authority: Identity, name: str, use: str = "serverAuth", kind: str = "ec") -> Identity:
    """Make a certificate for `name`, a host name such as vpn.example.net, valid for two days.

    use: its extended key usage, serverAuth or clientAuth.
    """
    own = Identity(folder / f"{name}.crt", folder / f"{name}.key")
    signer = ["-CA", str(authority.certificate), "-CAkey", str(authority.key)]
    extensions = [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=digitalSignature",
        f"extendedKeyUsage={use}",
        f"subjectAltName=DNS:{name}",
    ]
    _request(own, name, kind, [*signer, *[word for line in extensions for word in ("-addext", line)]])
    return own


def _request(own: Identity, name: str, kind: str, extra: list[str]) -> None:
    # -noenc leaves the key readable by the program; openssl itself creates the file as 0600.
    files = ["-keyout", str(own.key), "-out", str(own.certificate)]
    run(["openssl", "req", "-x509", *_KEY_KINDS[kind], "-noenc", "-days", "2", "-subj", f"/CN={name}", *files, *extra])
