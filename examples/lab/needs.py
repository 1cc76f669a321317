"""What the laboratory needs, and what of it this machine lacks: told so that a stranger can act on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from lab import certificates, openvpn, strongswan, wireguard
from lab.process import LabError, run

BASE = {
    "ip": "iproute2",
    "ss": "iproute2",
    "sysctl": "procps",
    "ethtool": "ethtool",
    "ping": "iputils-ping",
    "tcpdump": "tcpdump",
}
"""What every capture needs: program to Debian package."""

QUICK = (wireguard.PROGRAMS, openvpn.PROGRAMS, certificates.PROGRAMS)
"""What the quick test runs."""


def missing(*programs: Mapping[str, str]) -> list[str]:
    """One sentence for each thing that is lacking; empty if all is there.

    programs: program to Debian package, as each file of the laboratory has them in PROGRAMS; without any, the ones of
    the quick test.
    """
    wanted = dict(BASE)
    for some in programs or QUICK:
        wanted.update(some)
    lacking = _missing_rights()
    for program, package in sorted(wanted.items()):
        if shutil.which(program) is None:
            # Where no package brings it, a sentence stands in the package's place.
            what_to_do = package if " " in package else f"apt-get install {package}"
            lacking.append(f"{program} is missing: {what_to_do}")
    if strongswan.CHARON in wanted and not strongswan.PLUGIN.exists():
        lacking.append(f"{strongswan.PLUGIN.name} is missing: apt-get install {strongswan.PLUGIN_PACKAGE}")
    return lacking


def _missing_rights() -> list[str]:
    if os.geteuid() != 0:
        return ["not root: network namespaces need it; run again with sudo"]
    lacking = []
    if not Path("/dev/net/tun").exists():
        lacking.append("/dev/net/tun is missing: load the module tun, or give the container that device")
    if shutil.which("ip") is not None and not _can_make_namespaces():
        lacking.append("network namespaces cannot be made here: give the container the capability CAP_SYS_ADMIN")
    return lacking


def _can_make_namespaces() -> bool:
    name = f"licet-needs-{os.getpid()}"
    try:
        run(["ip", "netns", "add", name])
        run(["ip", "netns", "delete", name])
    except LabError:
        return False
    return True
