"""The table `[enforce]` of licet.toml: where orders come from, whose keys are trusted, and whether anything is done.

    [enforce]
    mode = "observe"                        # the default: compute and show; "enforce" applies
    output = "nftables"                     # or "suricata", "pf", with rules_file
    policy = "policy.toml"                  # its signatures are in policy.toml.sig
    policy_keys = ["ssh-ed25519 AAAA…", "ssh-ed25519 AAAA…"]
    policy_quorum = 2
    network = "Example Logistics, Hamburg"  # which network of the policy; default: the name under [network]
    log = "https://registry.example.net/log"        # or a folder
    log_key = "registry.example.net/log+1a2b3c4d+AW5…"
    orders = "https://registry.example.net/orders"  # or a folder with ORD-….json
    report_to = "https://registry.example.net"      # tell the registry what is enforced; and the key that signs it:
    report_key = "enforcer_key"

Paths are relative to the file. Keys are read when they are used, not here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from licet.snapshot.toml_table import Table

OBSERVE, ENFORCE = "observe", "enforce"
MODES = (OBSERVE, ENFORCE)
OUTPUT_NAMES = ("nftables", "suricata", "pf")
KEYS_MAX = 32
LENGTH_MAX = 1_000
QUORUM_MIN = 2
EVERY_S, EVERY_S_MIN, EVERY_S_MAX = 60, 5, 3_600

_KNOWN = (
    "mode", "output", "rules_file", "state", "policy", "policy_keys", "policy_quorum", "network", "log", "log_key",
    "orders", "exceptions", "windows", "canary", "every_s", "report_to", "report_key",
)


@dataclass(frozen=True, slots=True)
class EnforceTable:
    """What the file says; see the module. state: folder of the memory, "" for the default one; exceptions: file that
    only removes; windows: folder of `licet watch --write`; canary: orders are tried here first; every_s: between two
    computations; report_to, report_key: a registry that is told what is enforced, and the SSH key that signs it."""

    mode: str = OBSERVE
    output: str = "nftables"
    rules_file: str = ""
    state: str = ""
    policy: str = ""
    policy_keys: tuple[str, ...] = ()
    policy_quorum: int = QUORUM_MIN
    network: str = ""
    log: str = ""
    log_key: str = ""
    orders: str = ""
    exceptions: str = ""
    windows: str = ""
    canary: bool = False
    every_s: int = EVERY_S
    report_to: str = ""
    report_key: str = ""


def read_enforce_table(table: Table, config_path: str) -> EnforceTable:
    """Read `[enforce]`, noting every mistake in the table's list of faults."""
    table.refuse_unknown(_KNOWN)
    folder = os.path.dirname(config_path)
    output = table.word("output", OUTPUT_NAMES, "nftables") or "nftables"
    found = EnforceTable(
        mode=table.word("mode", MODES, OBSERVE) or OBSERVE, output=output,
        rules_file=_place(table, "rules_file", folder), state=_place(table, "state", folder),
        policy=_place(table, "policy", folder),
        policy_keys=tuple(table.texts("policy_keys", KEYS_MAX)),
        policy_quorum=_number(table, "policy_quorum", QUORUM_MIN, KEYS_MAX, QUORUM_MIN),
        network=table.text("network"), log=_place(table, "log", folder),
        log_key=table.text("log_key", length_max=LENGTH_MAX), orders=_place(table, "orders", folder),
        exceptions=_place(table, "exceptions", folder), windows=_place(table, "windows", folder),
        canary=_flag(table, "canary"), every_s=_number(table, "every_s", EVERY_S_MIN, EVERY_S_MAX, EVERY_S),
        report_to=table.text("report_to", length_max=LENGTH_MAX), report_key=_place(table, "report_key", folder),
    )
    if found.report_to and "://" not in found.report_to:
        table.fault("report_to is the address of a registry, such as https://registry.example.net", "report_to")
    if bool(found.report_to) != bool(found.report_key):
        lacking = "report_key" if found.report_to else "report_to"
        table.fault(f"report_to and report_key belong together: {lacking} is missing", "report_to")
    if output != "nftables" and not found.rules_file:
        table.fault(f"output is {output}, which reads a file: say which in rules_file", "output")
    return found


def _place(table: Table, key: str, folder: str) -> str:
    """A URL as it is, or a path from the file's folder; "" where it is absent."""
    text = table.text(key, length_max=LENGTH_MAX)
    return text if not text or "://" in text else os.path.join(folder, text)


def _number(table: Table, key: str, least: int, most: int, default: int) -> int:
    value = table.values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        table.fault(f"{key} is not a number from {least} to {most:,}", key)
        return default
    return value


def _flag(table: Table, key: str) -> bool:
    value = table.values.get(key, False)
    if not isinstance(value, bool):
        table.fault(f"{key} is neither true nor false", key)
    return value is True
