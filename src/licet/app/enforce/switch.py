"""The off switch. It needs no configuration, no registry, no network, and nothing that could be broken.

It loads the device alone, and goes on whatever fails: the firewall first, the mark that keeps it off second.
"""

from __future__ import annotations

import json
import os

from licet.enforce import apply as device
from licet.errors import LicetError

APPLIED_BYTES_MAX = 1024 * 1024


def default_folder() -> str:
    """The folder of an enforcer that nobody configured otherwise. A mark there switches off all of the machine."""
    return os.environ.get("LICET_ENFORCE_STATE") or "/var/lib/licet-enforce"


def switch_off(folders: list[str]) -> tuple[list[str], bool]:
    """Take away what was applied and mark the folders as off. Returns what is to be said, and whether all firewalls
    that are known of are empty now."""
    said, is_off = [], True
    for name, path in [("nftables", ""), *_files(folders)]:
        try:
            if name == "nftables":
                was_there = device.off_nftables()
                said.append("nftables: what was there is taken away" if was_there else "nftables: nothing was there")
            else:
                device.off_file(name, path)
                said.append(f"{name}: {path} is empty now")
        except LicetError as error:
            # Without nft nothing of licet's can be in nftables; any other refusal may leave rules in force.
            is_missing = name == "nftables" and "is not installed" in str(error)
            is_off = is_off and is_missing
            said.append(f"{name}: {error}")
    said.append(_mark(folders))
    return said, is_off


def _files(folders: list[str]) -> list[tuple[str, str]]:
    """Firewalls that read a file, as they were noted when it was written."""
    found = []
    for folder in folders:
        try:
            with open(os.path.join(folder, "applied.json"), "rb") as file:
                applied = json.loads(file.read(APPLIED_BYTES_MAX))
            if applied["output"] in device.RELOADS:
                found.append((str(applied["output"]), str(applied["rules_file"])))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def _mark(folders: list[str]) -> str:
    """Put the mark where a service looks for it; the last folder is one where each looks."""
    marked = [folder for folder in folders if _put(folder)]
    if not marked:
        return "the mark that keeps it off could not be written: stop the service too (systemctl stop licet-enforce)"
    return f"it stays off until `licet enforce apply` ({os.path.join(marked[0], 'off')})"


def _put(folder: str) -> bool:
    try:
        os.makedirs(folder, mode=0o750, exist_ok=True)
        with open(os.path.join(folder, "off"), "ab"):
            return True
    except OSError:
        return False
