"""The one file that touches a device: hands nftables a file, replaces the file of another firewall, reads what is held.

It loads nothing but rules and errors: switching off must work when nothing else does. Everything that is run is a fixed
program with fixed words; what is rendered goes in by standard input or as a file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Any

from licet.enforce import nftables, pf, suricata
from licet.enforce.base import NOTHING
from licet.errors import LicetError
from licet.model.endpoint import Endpoint

PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"
APPLY_TIMEOUT_S, OFF_TIMEOUT_S = 30.0, 5.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024
FILE_MODE = 0o644


class DeviceRefused(LicetError):
    """The firewall did not take what it was given; what it held before still stands."""

    exit_status = 5


@dataclass(frozen=True, slots=True)
class Held:
    """One rule as the device has it. order: its handle; packets, bytes: refused since it was put there; seconds: that
    it has left."""

    endpoint: Endpoint
    order: str
    packets: int
    seconds: int
    bytes: int = 0


def apply_nftables(artefact: str) -> None:
    """Hand a file to nftables: all of it takes effect at once, or nothing does. Raises DeviceRefused."""
    _run(("nft", "-f", "-"), artefact, APPLY_TIMEOUT_S)


def off_nftables() -> bool:
    """Take the table away, whether or not it can be listed. True where there was one. Raises DeviceRefused."""
    try:
        was_there = bool(_tables())
    except DeviceRefused:
        was_there = True
    _run(("nft", "-f", "-"), nftables.off(), OFF_TIMEOUT_S)
    return was_there


def held_nftables() -> tuple[Held, ...]:
    """What the kernel holds in licet's table, with its counts. Raises DeviceRefused."""
    try:
        listed = _json(_run(("nft", "-j", "list", "table", "inet", nftables.TABLE), "", APPLY_TIMEOUT_S))
    except DeviceRefused:
        if _tables():
            raise
        return ()  # there is no such table
    sets = [one["set"] for one in listed if "set" in one and one["set"].get("name", "").startswith("ordered")]
    return tuple(_held(item["elem"]) for one in sets for item in one.get("elem", ()))


def apply_file(output: str, path: str, artefact: str) -> None:
    """Replace the file of a firewall and have it read again. Raises DeviceRefused; the old file stands then."""
    try:
        _replace(path, artefact)
    except OSError as error:
        raise DeviceRefused(f"{path}: cannot be written: {error.strerror or error}") from None
    _run(RELOADS[output] + ((path,) if output == "pf" else ()), "", APPLY_TIMEOUT_S)


def off_file(output: str, path: str) -> None:
    """Empty the file of a firewall and have it read again. Raises DeviceRefused."""
    apply_file(output, path, RENDERS[output](NOTHING, 0))


RENDERS = {"suricata": suricata.render, "pf": pf.render}
RELOADS: dict[str, tuple[str, ...]] = {
    "suricata": ("suricatasc", "-c", "reload-rules"), "pf": ("pfctl", "-a", pf.ANCHOR, "-f"),
}


def _tables() -> list[str]:
    """Names of licet's tables: one or none."""
    listed = _json(_run(("nft", "-j", "list", "tables", "inet"), "", OFF_TIMEOUT_S))
    return [one["table"]["name"] for one in listed if one.get("table", {}).get("name") == nftables.TABLE]


def _held(element: dict[str, Any]) -> Held:
    (address, transport, port), counter = element["val"]["concat"], element.get("counter", {})
    return Held(Endpoint(address, transport, port), element.get("comment", "").partition(" ")[0],
                counter.get("packets", 0), element.get("expires", 0), counter.get("bytes", 0))


def _json(raw: str) -> list[dict[str, Any]]:
    if len(raw) > ANSWER_BYTES_MAX:
        raise DeviceRefused("nft answered with more than can be read")
    try:
        return list(json.loads(raw)["nftables"])
    except (ValueError, KeyError, TypeError):
        raise DeviceRefused("nft did not answer with JSON; licet needs nftables 0.9.8 or newer") from None


def _run(words: tuple[str, ...], stdin: str, timeout_s: float) -> str:
    """Run a program of this machine. Raises DeviceRefused with its last words."""
    program = shutil.which(words[0], path=PATH)
    if program is None:
        raise DeviceRefused(f"{words[0]} is not installed here; install it, or name another output in licet.toml")
    try:
        done = subprocess.run([program, *words[1:]], input=stdin, capture_output=True, text=True, timeout=timeout_s,
                              check=False, env={"PATH": PATH, "LC_ALL": "C"})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceRefused(f"{words[0]}: {error}") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        raise DeviceRefused(f"{' '.join(words)}: {said or f'status {done.returncode}'}")
    return done.stdout


def _replace(path: str, text: str) -> None:
    """The old content or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(prefix=".licet.", dir=os.path.dirname(os.path.abspath(path)))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
