"""What an enforcer tells its registry after it computed: from what, what it enforces, what it left out, what met rules.

    {"schema": "licet.enforcer-report/1", "network": "Example Logistics, Hamburg",
     "computed": "2026-03-02T12:00:00.000000Z", "every_s": 60, "mode": "enforce", "output": "nftables", …}

It is signed with `ssh-keygen -Y sign -n licet-enforcer`, by the key that the network's policy names for this enforcer.
No address is in it, not even a server's: an endpoint is named by its handle in the log, `OEP-…`. So there is no place
in which a client could stand. Nothing depends on it: it says what was done, and changes nothing of that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from licet.errors import Malformed
from licet.model.canonical import SAFE_INTEGER_MAX, Json, canonical_json, parse_time, sha256_digest, time_text
from licet.model.policy import NAME_LENGTH_MAX

SCHEMA, FILE_SCHEMA = "licet.enforcer-report/1", "licet.enforcer-report-file/1"
TAKEN = "licet.enforcer-report-taken/1"  # of the answer to one that was taken
NAMESPACE = "licet-enforcer"

FILE_BYTES_MAX = 512 * 1024
RULES_MAX, LEFT_OUT_MAX, HITS_MAX = 500, 1_000, 2_000
OFFS_MAX = 64
REGISTRIES_MAX, DOUBTS_MAX = 64, 32
SIGNATURE_LENGTH_MAX = 8_000
EVERY_S_MAX = 3_600

MODES = ("observe", "enforce")
OUTPUTS = ("nftables", "suricata", "pf")
KEEPS_COUNT = OUTPUTS[0]  # the one that counts what a rule met, and forgets a rule at its end by itself
KINDS = ("owned", "public")

_ORDER = re.compile(r"ORD-[0-9A-Z]{4,16}")
_END = re.compile(r"OEP-[0-9A-Z]{6,18}")
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_MEMBERS = {
    "schema", "network", "computed", "every_s", "mode", "output", "kind", "switched_off", "canary", "policy",
    "log_size", "log_until", "registries", "registry_until", "set", "in_force", "rules", "doubts", "left_out",
    "left_out_more", "hits_since", "hits",
}
_IF_ANY = {"offs"}  # written where there is something to say


@dataclass(frozen=True, slots=True, order=True)
class ReportedRule:
    """end: the handle of an endpoint of an order; until_ns: when the order ends."""

    end: str
    until_ns: int


@dataclass(frozen=True, slots=True)
class ReportedLeftOut:
    """What is not enforced, and the code of why. end: "" where it is the whole order."""

    order: str
    end: str
    code: str


@dataclass(frozen=True, slots=True)
class ReportedHits:
    """What a rule refused since counting began: packets, and their bytes."""

    end: str
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class EnforcerReport:
    """One computation of one enforcer.

    computed_ns: when; every_s: between two computations; kind: what the network counts as; policy: digest of its
    policy.toml, "" where none could be read; log_size: entries of the log that it computed from, log_until_ns and
    registry_until_ns: until when that is good, 0 where there is none; registries: (serial or None, digest);
    is_in_force: the firewall was given the rules; rules: sorted; left_out_more: how many more there were;
    hits_since_ns: since when hits are counted; offs: when somebody switched it off by hand, sorted, each once, and
    told again and again.
    """

    network: str
    computed_ns: int
    every_s: int
    mode: str
    output: str
    kind: str
    is_off: bool
    is_canary: bool
    policy: str
    log_size: int
    log_until_ns: int
    registries: tuple[tuple[int | None, str], ...]
    registry_until_ns: int
    is_in_force: bool
    rules: tuple[ReportedRule, ...]
    doubts: tuple[str, ...]
    left_out: tuple[ReportedLeftOut, ...]
    left_out_more: int
    hits_since_ns: int
    hits: tuple[ReportedHits, ...]
    offs: tuple[int, ...] = ()

    @property
    def set_digest(self) -> str:
        """Of the rules: whoever computes the same set from the same log and orders gets the same."""
        return sha256_digest(canonical_json([[rule.end, time_text(rule.until_ns)] for rule in self.rules]))

    @property
    def in_force(self) -> tuple[ReportedRule, ...]:
        """The rules that the firewall has."""
        return self.rules if self.is_in_force else ()


def report_json(report: EnforcerReport) -> dict[str, Json]:
    """The members of `licet.enforcer-report/1`."""
    said: dict[str, Json] = {
        "schema": SCHEMA, "network": report.network, "computed": time_text(report.computed_ns),
        "every_s": report.every_s, "mode": report.mode, "output": report.output, "kind": report.kind,
        "switched_off": report.is_off, "canary": report.is_canary, "policy": report.policy or None,
        "log_size": report.log_size, "log_until": _time_or_null(report.log_until_ns),
        "registries": [{"serial": serial, "digest": digest} for serial, digest in report.registries],
        "registry_until": _time_or_null(report.registry_until_ns), "set": report.set_digest,
        "in_force": report.is_in_force,
        "rules": [{"end": rule.end, "until": time_text(rule.until_ns)} for rule in report.rules],
        "doubts": [*report.doubts],
        "left_out": [{"order": one.order, "end": one.end or None, "code": one.code} for one in report.left_out],
        "left_out_more": report.left_out_more, "hits_since": time_text(report.hits_since_ns),
        "hits": [{"end": one.end, "packets": one.packets, "bytes": one.bytes} for one in report.hits],
    }
    if report.offs:
        said["offs"] = [time_text(time_ns) for time_ns in report.offs]
    return said


def _time_or_null(time_ns: int) -> str | None:
    return time_text(time_ns) if time_ns else None


def signed_bytes(report: EnforcerReport) -> bytes:
    """What the enforcer's key signs: the canonical JSON of its members."""
    return canonical_json(report_json(report))


def report_file(report: EnforcerReport, key_id: str, armored: str) -> bytes:
    """What is sent. key_id: of the key that signed; armored: its signature."""
    return canonical_json({"schema": FILE_SCHEMA, "report": report_json(report), "key": key_id,
                           "signature": armored}) + b"\n"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report as it came; nothing in it is verified. signed: the bytes that are signed; key_id: of whose key."""

    report: EnforcerReport
    signed: bytes
    key_id: str
    armored: str


def read_report_file(raw: bytes) -> ReportFile:
    """Read what was sent. Raises Malformed."""
    if len(raw) > FILE_BYTES_MAX:
        raise Malformed(f"the report of an enforcer has at most {FILE_BYTES_MAX:,} bytes")
    members = _object(_decoded(raw), {"schema", "report", "key", "signature"}, "a report")
    if members["schema"] != FILE_SCHEMA:
        raise Malformed(f"this is no {FILE_SCHEMA}")
    report = read_report(members["report"])
    return ReportFile(report, signed_bytes(report), _fitting(members["key"], _DIGEST, "key"),
                      _text(members["signature"], "signature", SIGNATURE_LENGTH_MAX))


def read_report(value: Any) -> EnforcerReport:
    """Read the members of a report: a closed list, each of its type and within its bounds. Raises Malformed."""
    one = _object(value, _MEMBERS, "a report", _IF_ANY)
    if one["schema"] != SCHEMA:
        raise Malformed(f"this is no {SCHEMA}")
    found = EnforcerReport(
        network=_text(one["network"], "network", NAME_LENGTH_MAX), computed_ns=_time(one["computed"], "computed"),
        every_s=_number(one["every_s"], "every_s", EVERY_S_MAX), mode=_word(one["mode"], MODES, "mode"),
        output=_word(one["output"], OUTPUTS, "output"), kind=_word(one["kind"], KINDS, "kind"),
        is_off=_flag(one["switched_off"], "switched_off"), is_canary=_flag(one["canary"], "canary"),
        policy="" if one["policy"] is None else _fitting(one["policy"], _DIGEST, "policy"),
        log_size=_number(one["log_size"], "log_size"), log_until_ns=_time_if_any(one["log_until"], "log_until"),
        registries=tuple(_registry(each) for each in _list(one["registries"], REGISTRIES_MAX, "registries")),
        registry_until_ns=_time_if_any(one["registry_until"], "registry_until"),
        is_in_force=_flag(one["in_force"], "in_force"),
        rules=tuple(_rule(each) for each in _list(one["rules"], RULES_MAX, "rules")),
        doubts=tuple(_fitting(each, _CODE, "doubt") for each in _list(one["doubts"], DOUBTS_MAX, "doubts")),
        left_out=tuple(_left_out(each) for each in _list(one["left_out"], LEFT_OUT_MAX, "left_out")),
        left_out_more=_number(one["left_out_more"], "left_out_more"),
        hits_since_ns=_time(one["hits_since"], "hits_since"),
        hits=tuple(_hits(each) for each in _list(one["hits"], HITS_MAX, "hits")),
        offs=tuple(_time(each, "offs") for each in _list(one.get("offs", []), OFFS_MAX, "offs")),
    )
    _refuse_contradictions(found, one["set"])
    return found


def _refuse_contradictions(found: EnforcerReport, digest: object) -> None:
    if list(found.rules) != sorted(found.rules) or len({rule.end for rule in found.rules}) != len(found.rules):
        raise Malformed("its rules are not sorted, or two are for one endpoint")
    if len({one.end for one in found.hits}) != len(found.hits):
        raise Malformed("it counts the hits of one endpoint twice")
    if list(found.offs) != sorted(set(found.offs)) or found.offs[-1:] > (found.computed_ns,):
        raise Malformed("the times at which it was switched off are not sorted, or one is later than the report")
    if digest != found.set_digest:
        raise Malformed("its digest is not that of its rules")
    if found.is_in_force and (found.mode != "enforce" or found.is_off):
        raise Malformed("it says that rules are in force, and that none is handed over")


def _registry(value: Any) -> tuple[int | None, str]:
    one = _object(value, {"serial", "digest"}, "a registry")
    serial = None if one["serial"] is None else _number(one["serial"], "serial")
    return serial, _fitting(one["digest"], _DIGEST, "digest")


def _rule(value: Any) -> ReportedRule:
    one = _object(value, {"end", "until"}, "a rule")
    return ReportedRule(_fitting(one["end"], _END, "end"), _time(one["until"], "until"))


def _left_out(value: Any) -> ReportedLeftOut:
    one = _object(value, {"order", "end", "code"}, "what is left out")
    end = "" if one["end"] is None else _fitting(one["end"], _END, "end")
    return ReportedLeftOut(_fitting(one["order"], _ORDER, "order"), end, _fitting(one["code"], _CODE, "code"))


def _hits(value: Any) -> ReportedHits:
    one = _object(value, {"end", "packets", "bytes"}, "a count of hits")
    return ReportedHits(_fitting(one["end"], _END, "end"), _number(one["packets"], "packets"),
                        _number(one["bytes"], "bytes"))


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise Malformed("this is not JSON") from None


def _object(value: Any, names: set[str], what: str, if_any: Set[str] = frozenset()) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() - if_any != names:
        odd = (", ".join(sorted(map(str, (value.keys() - if_any) ^ names))[:3]) if isinstance(value, dict)
               else "it is no object")
        raise Malformed(f"{what} has not the members that it should: {odd}"[:300])
    return value


def _list(value: Any, most: int, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise Malformed(f"its {what} are no list of at most {most:,}")
    return value


def _text(value: Any, name: str, length_max: int) -> str:
    if not isinstance(value, str) or len(value) > length_max or not value.replace("\n", "").isprintable():
        raise Malformed(f"its {name} is no text of at most {length_max:,} characters that can be shown")
    return value


def _fitting(value: Any, shape: re.Pattern[str], name: str) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise Malformed(f"its {name} is not of the form {shape.pattern}")
    return value


def _word(value: Any, words: tuple[str, ...], name: str) -> str:
    if not isinstance(value, str) or value not in words:
        raise Malformed(f"its {name} is none of {', '.join(words)}")
    return value


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise Malformed(f"its {name} is neither true nor false")
    return value


def _number(value: Any, name: str, most: int = SAFE_INTEGER_MAX) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Malformed(f"its {name} is no whole number from 0 to {most:,}")
    return value


def _time(value: Any, name: str) -> int:
    try:
        time_ns = parse_time(value) if isinstance(value, str) and len(value) <= 40 else -1
    except (ValueError, OverflowError):
        time_ns = -1
    if time_ns < 0 or time_text(time_ns) != value:
        raise Malformed(f"its {name} is not a time such as 2026-03-01T12:00:00.000000Z")
    return time_ns


def _time_if_any(value: Any, name: str) -> int:
    return 0 if value is None else _time(value, name)
