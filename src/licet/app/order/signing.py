"""Signing an order with the real `ssh-keygen -Y sign`: the key stays where it is; the signature is verified at once.

Signing is the act of a person, who saw what is signed. licet holds no key for it and asks for no passphrase; ssh-keygen
does, or the security key waits to be touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace

from licet.errors import BadFile, BadInput, Refused, Unavailable
from licet.model.canonical import sha256_digest
from licet.model.order import (
    ADJUDICATOR,
    APPROVER,
    AUTHOR,
    DECISION_NAMESPACE,
    NAMESPACE,
    OrderFile,
    Signature,
    signed_bytes,
)
from licet.model.policy import NetworkPolicy
from licet.order.impact import impact_problems
from licet.order.sshsig import SshKey, require_signature

SIGNING_SECONDS_MAX = 300  # somebody types a passphrase, or looks for their security key


def role_of(file: OrderFile, key: SshKey, network: NetworkPolicy) -> str:
    """The role in which this key signs next. Raises Refused where it cannot sign."""
    for role, people in (("adjudicator", network.adjudicators), ("reviewer", network.reviewers)):
        if key.key_id in [one.key_id for one in people]:
            return role
    if key.key_id not in [one.key_id for one in network.signers]:
        raise Refused("signer_unknown", f"{key.fingerprint} may not sign orders of {network.name}: policy.toml names "
                                        "who may")
    if key.key_id == file.order.author:
        if file.signature_of(AUTHOR) is not None:
            raise Refused("same_person", "you signed it already, as its author: somebody else has to approve it")
        return AUTHOR
    if file.signature_of(AUTHOR) is None:
        raise Refused("not_signed", "its author has not signed it yet; the second person signs after the first")
    return APPROVER


def prepared(file: OrderFile, role: str, key: SshKey, at_ns: int) -> OrderFile:
    """The file as the role signs it: the approver signs the dry run too. Raises Refused where that is not in order."""
    if file.signature_of(role) is not None:
        raise Refused("signed", f"somebody signed as the {role} already")
    if role != APPROVER:
        return file
    problems = impact_problems(file, at_ns)
    if problems:
        raise Refused(problems[0].code, str(problems[0]))
    return replace(file, order=replace(file.order, approver=key.key_id, impact=sha256_digest(file.impact)))


def sign(file: OrderFile, role: str, key: SshKey, key_path: str, *, is_heard: bool = True) -> OrderFile:
    """Have ssh-keygen sign, and verify what came of it. is_heard: what it says goes to the terminal. Raises
    Unavailable, BadInput and VerificationFailed."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise Unavailable("ssh-keygen is not installed: install openssh-client")
    if not os.path.exists(key_path):
        raise BadFile(key_path, "there is no such key; name the private key, or the .pub of one that an agent holds")
    message = signed_bytes(file.order, role)
    namespace = DECISION_NAMESPACE if role == ADJUDICATOR else NAMESPACE
    try:
        done = subprocess.run([program, "-Y", "sign", "-f", key_path, "-n", namespace], input=message,
                              stdout=subprocess.PIPE, stderr=None if is_heard else subprocess.DEVNULL,
                              timeout=SIGNING_SECONDS_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"ssh-keygen did not answer: {error}") from None
    if done.returncode != 0:
        raise BadInput(f"ssh-keygen did not sign (status {done.returncode}); nothing was written")
    armored = done.stdout.decode(errors="replace")
    require_signature(armored, key, namespace, message)
    return replace(file, signatures=(*file.signatures, Signature(role, key.key_id, armored)))
