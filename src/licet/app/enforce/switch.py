"""The off switch. It needs no configuration, no registry, no network, and nothing that could be broken.

It loads the device alone, and goes on whatever fails: the firewall first, the mark that keeps it off second, and last
the note of when, which the registry is told later (`licet.app.enforce.offs`). A note is a time and nothing else.
"""

from __future__ import annotations

import json
import os
import time

from licet.enforce import apply as device
from licet.errors import LicetError
from licet.model.canonical import time_text

APPLIED_BYTES_MAX = 1024 * 1024
MARK, NOTES = "off", "offs.txt"
MICROSECOND_NS = 1_000


def now_ns() -> int:
    """The clock of this machine."""
    return time.time_ns()


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
    said += _mark(folders, now_ns() // MICROSECOND_NS * MICROSECOND_NS)
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


def _mark(folders: list[str], at_ns: int) -> list[str]:
    """Put the mark where a service looks for it; the last folder is one where each looks. And note when."""
    put = {folder: _put(folder) for folder in folders}
    marked = [folder for folder in folders if put[folder] is not None]
    if not marked:
        return ["the mark that keeps it off could not be written: stop the service too (systemctl stop licet-enforce)",
                "nor could be noted when it was switched off: the registry will not be told; tell it yourself"]
    said = [f"it stays off until `licet enforce apply` ({os.path.join(marked[0], MARK)})"]
    if not any(put[folder] for folder in marked):
        return said  # it was off before, and that was noted then
    noted = [note(folder, at_ns, os.path.join(folder, MARK)) for folder in marked if put[folder]]
    said.append("when is noted, and the registry is told with the next report" if any(noted) else
                "when could not be noted: the registry is told by the time of that file, while it is there")
    return said


def _put(folder: str) -> bool | None:
    """Put the mark into a folder; True where it is new, None where that failed."""
    path = os.path.join(folder, MARK)
    try:
        os.makedirs(folder, mode=0o750, exist_ok=True)
        is_new = not os.path.exists(path)
        with open(path, "ab"):
            return is_new
    except OSError:
        return None


def note(folder: str, at_ns: int, mark: str = "") -> bool:
    """Add to a folder's notes when it was switched off, so that it is there after the mark is gone and after a power
    cut. mark: the file that gets that time too. Returns whether it was noted."""
    try:
        if mark:
            os.utime(mark, ns=(at_ns, at_ns))
        with open(os.path.join(folder, NOTES), "ab") as file:
            file.write(f"{time_text(at_ns)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
            return True
    except OSError:
        return False
