"""Everything that a decision is made from, read and verified, for one moment.

What cannot be read or does not verify becomes a doubt, in words, and a doubt leaves nothing enforced.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.app.config import Config
from licet.app.enforce.exceptions import load_excepted
from licet.app.enforce.hearing import Heard, fetch_orders, hear
from licet.app.enforce.registers import KnownRegisters, load_registers
from licet.app.enforce.sightings import unseen
from licet.app.enforce.signed_policy import SignedPolicy, load_policy
from licet.app.enforce.state import Folder
from licet.app.enforce.windows import matched_endpoints
from licet.enforce.decide import Known
from licet.enforce.further import FURTHER
from licet.enforce.shield import Excepted
from licet.errors import LicetError, VerificationFailed
from licet.judge.policy import PUBLIC
from licet.model.order import OrderFile
from licet.order.problem import Problem


@dataclass(frozen=True, slots=True)
class Gathered:
    """known: for the decision; heard: the log, None where it does not hold; registers; remarks: for the operator."""

    known: Known
    heard: Heard | None
    registers: KnownRegisters
    remarks: tuple[str, ...]


def gather(config: Config, folder: Folder, at_ns: int) -> Gathered:
    """Read all that licet.toml names. What is wrong with it becomes a doubt. Raises BadFile where the enforcer's own
    folder cannot be made."""
    folder.prepare()
    memory, remark = folder.memory()
    doubts: list[Problem] = []
    remarks = [remark] if remark else []
    policy = _policy(config, doubts)
    heard = _heard(config, folder, memory.checkpoint, doubts, remarks)
    orders = _orders(config, folder, heard, doubts, remarks)
    registers = _registers(config, folder, at_ns, doubts)
    excepted, not_seen = _excepted(config, at_ns, doubts), _unseen(config, orders, heard, at_ns, doubts)
    known = Known(
        policy=None if policy is None else policy.network, orders=orders,
        logged=None if heard is None else heard.logged, log_until_ns=0 if heard is None else heard.until_ns,
        registers=registers, registry_until_ns=registers.until_ns,
        memory=memory, excepted=excepted, is_canary=config.enforce.canary,
        pinned="" if policy is None else policy.pinned, unseen=not_seen,
        doubts=tuple(doubts), further=FURTHER,
    )
    return Gathered(known, heard, registers, tuple(remarks))


def _doubt(error: LicetError, code: str) -> Problem:
    return Problem(code, str(error))


def _policy(config: Config, doubts: list[Problem]) -> SignedPolicy | None:
    try:
        policy = load_policy(config.enforce, config.network_name)
    except LicetError as error:
        doubts.append(_doubt(error, "policy_unsigned" if isinstance(error, VerificationFailed) else "policy_unread"))
        return None
    if config.network_kind == PUBLIC and policy.network.kind != PUBLIC:
        doubts.append(Problem("kinds_differ", "licet.toml says that this network is public, and its policy that it is "
                                              "owned: nothing is done until they agree"))
    return policy


def _heard(config: Config, folder: Folder, checkpoint: str, doubts: list[Problem], remarks: list[str]) -> Heard | None:
    try:
        heard = hear(config, folder, checkpoint)
    except LicetError as error:
        doubts.append(_doubt(error, "log_broken" if isinstance(error, VerificationFailed) else "log_unread"))
        return None
    if heard.remark:
        remarks.append(heard.remark)
    return heard


def _orders(config: Config, folder: Folder, heard: Heard | None, doubts: list[Problem],
            remarks: list[str]) -> tuple[OrderFile, ...]:
    if heard is None:
        return ()
    try:
        files, missing = fetch_orders(config.enforce.orders, folder, heard.logged)
    except LicetError as error:
        doubts.append(_doubt(error, "orders_unread"))
        return ()
    remarks += missing
    return files


def _registers(config: Config, folder: Folder, at_ns: int, doubts: list[Problem]) -> KnownRegisters:
    try:
        registers = load_registers(config, folder, at_ns)
    except LicetError as error:
        doubts.append(_doubt(error, "registry_unread"))
        return KnownRegisters((), {}, at_ns)
    undated = [register.place for register in registers.present if not register.until_ns]
    if undated:
        doubts.append(Problem("registry_undated", f"{undated[0]} is no numbered snapshot of a registry service: orders "
                                                  "need one (`licet serve`)"))
    elif any(register.is_ahead for register in registers.present):
        doubts.append(Problem("registry_ahead", "a registry says that it was published later than now"))
    elif not registers.present:
        doubts.append(Problem("no_registry", "licet.toml names no [[registry]] whose role is permits"))
    return registers


def _excepted(config: Config, at_ns: int, doubts: list[Problem]) -> Excepted:
    try:
        return load_excepted(config, matched_endpoints(config.enforce.windows, at_ns))
    except LicetError as error:
        doubts.append(_doubt(error, "exceptions_unread"))
        return Excepted()


def _unseen(config: Config, orders: tuple[OrderFile, ...], heard: Heard | None, at_ns: int,
            doubts: list[Problem]) -> frozenset[str]:
    seen_again = frozenset() if heard is None else heard.seen_again
    try:
        return unseen(orders, seen_again, config.enforce.windows, config.enforce.canary, at_ns)
    except LicetError as error:
        doubts.append(_doubt(error, "windows_unread"))
        return frozenset()
