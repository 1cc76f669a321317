"""Who signed an order: two people of the policy with different keys, and for a decision somebody independent."""

from __future__ import annotations

from licet.errors import LicetError
from licet.model.order import (
    ADJUDICATED,
    ADJUDICATOR,
    APPROVER,
    AUTHOR,
    DECISION_NAMESPACE,
    NAMESPACE,
    REVIEWER,
    Order,
    OrderFile,
    signed_bytes,
)
from licet.model.policy import NetworkPolicy, Signer
from licet.order.problem import Problem, problem
from licet.order.sshsig import read_key, require_signature


def people_problems(order: Order, network: NetworkPolicy) -> list[Problem]:
    """Who is named: the author, the approver once there is one, and that they are two."""
    found = []
    author, approver = _signer(network, order.author), _signer(network, order.approver)
    if author is None:
        found.append(problem("author_unknown", "author"))
    if order.approver and approver is None:
        found.append(problem("approver_unknown", "approver"))
    is_one = author is not None and approver is not None and author.code == approver.code
    if order.approver and (is_one or order.approver == order.author):
        found.append(problem("same_person", "approver"))
    return found


def signature_problems(file: OrderFile, network: NetworkPolicy, roles: tuple[str, ...]) -> list[Problem]:
    """Whether these roles signed, with their own keys, what stands in the file."""
    wanted = [*roles]
    if file.order.decision_ground == ADJUDICATED:
        wanted.append(ADJUDICATOR)
    if file.signature_of(REVIEWER) is not None:
        wanted.append(REVIEWER)
    return [one for role in wanted for one in _signature_problems(file, network, role)]


def _signature_problems(file: OrderFile, network: NetworkPolicy, role: str) -> list[Problem]:
    signature, where = file.signature_of(role), f"signature of the {role}"
    if signature is None:
        return [problem("not_signed", where)]
    signer = _who_may_sign(file.order, network, role, signature.key_id)
    if signer is None:
        return [problem("signer_unknown", where)]
    namespace = DECISION_NAMESPACE if role == ADJUDICATOR else NAMESPACE
    try:
        require_signature(signature.armored, read_key(signer.key), namespace, signed_bytes(file.order, role))
    except LicetError as error:
        return [problem("signature_invalid", where, why=error)]
    return []


def _who_may_sign(order: Order, network: NetworkPolicy, role: str, key_id: str) -> Signer | None:
    people = {AUTHOR: network.signers, APPROVER: network.signers, REVIEWER: network.reviewers,
              ADJUDICATOR: network.adjudicators}[role]
    named = {AUTHOR: order.author, APPROVER: order.approver}.get(role, key_id)
    if named != key_id:
        return None
    if role == ADJUDICATOR:
        people = tuple(one for one in people if one.code == order.adjudicator)
    return next((one for one in people if one.key_id == key_id), None)


def _signer(network: NetworkPolicy, key_id: str) -> Signer | None:
    return next((one for one in network.signers if one.key_id == key_id), None)
