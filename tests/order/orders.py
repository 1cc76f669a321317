"""Orders, policies and people for tests: one order against which nothing stands, to change a thing of."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licet.model.canonical import canonical_json, parse_time, sha256_digest, time_text
from licet.model.endpoint import parse_endpoint
from licet.model.order import Order, OrderedEndpoint, OrderFile, Signature, signed_bytes
from licet.model.policy import NetworkPolicy
from licet.order.endpoints import Standing
from licet.order.policy_file import read_policy
from licet.order.sshsig import read_key

HOUR_NS = 3_600 * 1_000_000_000
DAY_NS = 24 * HOUR_NS
CREATED_NS = parse_time("2026-03-02T09:00:00Z")
SNAPSHOT = "sha256:" + "5" * 64
POLICY_URL = "https://example.net/tunnel-policy"
QUOTE = "Tunnels to servers that are not on the register of this network may be closed."


@dataclass(frozen=True)
class Person:
    """Somebody with a key of their own, made from their code: the same in every run."""

    code: str

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(self.code.encode()).digest())

    @property
    def key(self) -> str:
        """The line of the public key."""
        return f"ssh-ed25519 {base64.b64encode(self._blob).decode()}"

    @property
    def key_id(self) -> str:
        """As orders and policies name it."""
        return read_key(self.key).key_id

    @property
    def _blob(self) -> bytes:
        return _field(b"ssh-ed25519") + _field(self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes, namespace: str = "licet-order") -> str:
        """The same as `ssh-keygen -Y sign`; tests/order/test_sshsig.py holds the two together."""
        head = [namespace.encode(), b"", b"sha512"]
        inner = b"SSHSIG" + b"".join(map(_field, [*head, hashlib.sha512(message).digest()]))
        signature = _field(b"ssh-ed25519") + _field(self._private.sign(inner))
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(map(_field, [self._blob, *head, signature]))
        return f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(blob).decode()}\n-----END SSH SIGNATURE-----\n"


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


AUTHOR, APPROVER, REVIEWER, COURT = Person("signer-1"), Person("signer-2"), Person("reviewer-1"), Person("clerk-1")
STRANGER = Person("stranger")


def policy_toml(kind: str = "owned", name: str = "Example Logistics, Hamburg", extra: str = "") -> str:
    """A policy.toml of one network."""
    return f"""
[[network]]
name = "{name}"
kind = "{kind}"
prefixes = ["192.0.2.0/24", "2001:db8:1::/48"]
organisation = "Example Logistics"
tunnel_policy_url = "{POLICY_URL}"
tunnel_policy_digest = "sha256:{'7' * 64}"
serves = "staff of Example Logistics"
never_block = ["203.0.113.53"]
{extra}
[[network.signer]]
code = "signer-1"
key = "{AUTHOR.key}"
[[network.signer]]
code = "signer-2"
key = "{APPROVER.key}"
[[network.reviewer]]
code = "reviewer-1"
key = "{REVIEWER.key}"
[[network.adjudicator]]
code = "clerk-1"
key = "{COURT.key}"
act = "https://court.example.org/appointments/1"
"""


def network(kind: str = "owned", extra: str = "") -> NetworkPolicy:
    return read_policy("policy.toml", policy_toml(kind, extra=extra).encode())[0]


OWNED, PUBLIC = network(), network("public")


def evidence_line(endpoint: str = "198.51.100.66:51820/udp", **changes: Any) -> bytes:
    """A line of `licet scan --format jsonl`, canonical."""
    end = parse_endpoint(endpoint)
    return canonical_json({
        "schema": "licet.tunnel/1", "capture": "office.pcap", "transport": end.transport, "address": end.address,
        "port": end.port, "family": "wireguard", "variant": None, "class": "vpn", "grade": "certain",
        "verdict": "unregistered", "reason": "Not on the register.", "registration": None,
        "evidence": [{"rule": "wireguard/handshake@1", "link": "receiver-index", "packets": [1, 2]}],
        "initiator": "client", "clients": 12, "flows": 14, "packets": 900, "bytes": 90_000,
        "first_seen": time_text(CREATED_NS - 2 * HOUR_NS), "last_seen": time_text(CREATED_NS - HOUR_NS),
        "judged_at": time_text(CREATED_NS - HOUR_NS), "snapshot": {"serial": 12, "digest": SNAPSHOT},
        "policy": "sha256:" + "6" * 64, **changes,
    })


def ordered(line: bytes, **changes: Any) -> OrderedEndpoint:
    seen = json.loads(line)
    host = f"[{seen['address']}]" if ":" in seen["address"] else seen["address"]
    port = "" if seen["port"] is None else f":{seen['port']}"
    one = OrderedEndpoint(parse_endpoint(f"{host}{port}/{seen['transport']}"), seen["family"], "datacentre",
                          "RDAP, 2026-03-02", (sha256_digest(line),), "abuse@example.org")
    return replace(one, **changes)


def order_of(*lines: bytes, **changes: Any) -> Order:
    return replace(Order(
        puid="ORD-7F3K9Q2M", request="", decision_ground="network_policy",
        legal_ground="Tunnel policy of Example Logistics", legal_text_quoted=QUOTE, text_covers="Tunnels to servers",
        legal_text_url=POLICY_URL, decision_quoted="", decision_url="", adjudicator="", suspensive_denied="",
        decision_facts="Seen in office.pcap.", lawful_uses_considered="Remote work: the staff service is registered.",
        necessity="It is one server, for three weeks.", less_intrusive_tried="Its contact was asked on 2026-02-20.",
        network_scope="Example Logistics, Hamburg", created_ns=CREATED_NS, application_ns=CREATED_NS + DAY_NS,
        end_ns=CREATED_NS + 22 * DAY_NS, automated_detection=True, notice_to="users of the network",
        notice_via="https://example.net/notices", new_facts="", endpoints=tuple(ordered(one) for one in lines),
        snapshot=SNAPSHOT, author=AUTHOR.key_id,
    ), **changes)


def file_of(order: Order, *lines: bytes) -> OrderFile:
    return OrderFile(order, {sha256_digest(one): one for one in lines}, b"", ())


def adjudicated(order: Order, **changes: Any) -> Order:
    """The same order on a decision, with what a public network asks for."""
    return replace(order, **{
        "decision_ground": "adjudicated", "adjudicator": "clerk-1", "legal_ground": "Tunnels Act, § 4",
        "legal_text_url": "https://law.example.org/4",
        "decision_quoted": "The server at 198.51.100.66 is to be closed.",
        "decision_url": "https://court.example.org/1", "application_ns": order.created_ns + 3 * DAY_NS,
        "end_ns": order.created_ns + 17 * DAY_NS, **changes})


def sign(file: OrderFile, role: str, who: Person) -> OrderFile:
    namespace = "licet-decision" if role == "adjudicator" else "licet-order"
    made = Signature(role, who.key_id, who.sign(signed_bytes(file.order, role), namespace))
    return replace(file, signatures=(*file.signatures, made))


def approved(file: OrderFile, approver: Person = APPROVER, impact: str = "sha256:" + "8" * 64) -> OrderFile:
    """Signed by both."""
    signed = sign(file, "author", AUTHOR)
    filled = replace(signed, order=replace(signed.order, approver=approver.key_id, impact=impact))
    return sign(filled, "approver", approver)


LINE = evidence_line()
GOOD = file_of(order_of(LINE), LINE)
GOOD_PUBLIC = file_of(adjudicated(order_of(LINE)), LINE)
NOTHING_KNOWN = Standing(registered=lambda end, protocol: "")
