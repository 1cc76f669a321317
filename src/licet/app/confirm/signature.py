"""The signature of a report, made by `ssh-keygen -Y sign` with the enforcer's own key, in the namespace of reports.

In that namespace nothing but a report can be signed, and no order, decision or policy is believed from it; a policy in
which an enforcer has the key of somebody who signs orders is refused (`licet.order.policy_file`).
"""

from __future__ import annotations

import os
import shutil
import subprocess

from licet.errors import BadFile, BadInput, Unavailable
from licet.model.enforcer_report import NAMESPACE, EnforcerReport, report_file, signed_bytes
from licet.order.sshsig import KEY_LINE_LENGTH_MAX, read_key, require_signature
from licet.snapshot.store import read_bytes

SIGN_TIMEOUT_S = 10.0
SAID_LENGTH_MAX = 300
PROGRAMS = "/usr/local/bin:/usr/bin:/bin"


def signed(report: EnforcerReport, key_path: str) -> bytes:
    """The file that is sent. `ssh-keygen` signs; what it made is verified. Raises BadInput, Unavailable,
    VerificationFailed."""
    key = read_key(read_bytes(f"{key_path}.pub", KEY_LINE_LENGTH_MAX).decode("ascii", "replace"))
    if not os.path.exists(key_path):
        raise BadFile(key_path, "there is no such key; make one with `ssh-keygen -t ed25519 -N '' -f …`")
    program = shutil.which("ssh-keygen", path=PROGRAMS)
    if program is None:
        raise Unavailable("ssh-keygen is not installed: install openssh-client")
    message = signed_bytes(report)
    try:
        # In a session of its own: it has no terminal on which it could wait for a passphrase.
        done = subprocess.run([program, "-q", "-Y", "sign", "-f", key_path, "-n", NAMESPACE], input=message,
                              capture_output=True, timeout=SIGN_TIMEOUT_S, check=False, start_new_session=True,
                              env={"PATH": PROGRAMS, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"ssh-keygen did not answer: {error}") from None
    if done.returncode != 0:
        raise BadInput(f"ssh-keygen did not sign with {key_path}: {printable(done.stderr)}; its key has no passphrase "
                       "and is its owner's alone to read")
    armored = done.stdout.decode("ascii", "replace")
    require_signature(armored, key, NAMESPACE, message)
    return report_file(report, key.key_id, armored)


def printable(raw: bytes) -> str:
    """What another program said, as one short line."""
    text = " ".join(raw.decode("utf-8", "replace").split())
    return "".join(one for one in text if one.isprintable())[:SAID_LENGTH_MAX] or "it does not say why"
