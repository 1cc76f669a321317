"""Keys of invented people, for a demonstration: made by `ssh-keygen`, used at once, gone with their folder.

No policy but the demonstration's names them, and nothing is signed here: that is `signing`, as for everybody else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from licet.app.order.files import load_public_key
from licet.errors import Unavailable
from licet.order.sshsig import SshKey

MAKING_SECONDS_MAX = 20


@dataclass(frozen=True, slots=True)
class ThrowawayKey:
    """path: of the private key; line: `ssh-ed25519 AAAA…`, as a policy names it."""

    path: str
    line: str
    key: SshKey


def make_key(folder: str, code: str) -> ThrowawayKey:
    """A new key without a passphrase. code: of its holder, and the name of its file. Raises Unavailable."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise Unavailable("ssh-keygen is not installed: install openssh-client")
    path = os.path.join(folder, code)
    try:
        done = subprocess.run([program, "-q", "-t", "ed25519", "-N", "", "-C", code, "-f", path],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=MAKING_SECONDS_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"ssh-keygen did not answer: {error}") from None
    if done.returncode != 0:
        raise Unavailable(f"ssh-keygen made no key (status {done.returncode})")
    with open(f"{path}.pub", encoding="ascii") as lines:
        line = lines.read().strip()
    return ThrowawayKey(path, line, load_public_key(path))
