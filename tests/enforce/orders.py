"""Orders for tests: people with keys, the policy that names them, signed files, and what a log says of them.

Signatures are made here as `ssh-keygen -Y sign` makes them, so that random histories need not start a program for each;
tests/order/test_sshsig.py holds that ssh-keygen makes and accepts the same.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enforce.cases import AT_NS, HOUR_NS
from licet.enforce.decide import Decision, Known, decide
from licet.enforce.logged import Logged, State
from licet.enforce.memory import Memory
from licet.enforce.shield import Excepted
from licet.lifecycle.order import LIVE
from licet.model.canonical import canonical_json, sha256_digest, time_text
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.model.order import (
    ADJUDICATED,
    ADJUDICATOR,
    APPROVER,
    AUTHOR,
    DECISION_NAMESPACE,
    NAMESPACE,
    NETWORK_POLICY,
    Order,
    OrderedEndpoint,
    OrderFile,
    Signature,
    order_digest,
    signed_bytes,
)
from licet.model.policy import LIMITS, OWNED, PUBLIC, NetworkPolicy, Signer
from licet.model.registration import Record
from licet.order.impact import Row, impact_report
from support.ssh_keys import field as ssh_field

DAY_NS = 24 * HOUR_NS
SNAPSHOT = "sha256:" + "5" * 64
POLICY_URL = "https://example.net/tunnel-policy"
QUOTE = "Tunnels to servers that are not on this network's register are not permitted."
PUID = "ORD-7F3K9Q2M"
UNREGISTERED = "203.0.113.66:51820/udp"


@dataclass(frozen=True)
class Person:
    """Somebody with a key. code: what others are shown instead of a name."""

    code: str
    private: Ed25519PrivateKey
    blob: bytes

    @property
    def key_id(self) -> str:
        return sha256_digest(self.blob)

    @property
    def public(self) -> str:
        return f"ssh-ed25519 {base64.b64encode(self.blob).decode()}"

    def signer(self) -> Signer:
        return Signer(self.code, self.public, self.key_id, "https://example.org/appointment")

    def sign(self, message: bytes, namespace: str = NAMESPACE) -> str:
        digest = hashlib.sha512(message).digest()
        head = (namespace.encode(), b"", b"sha512")
        raw = self.private.sign(b"SSHSIG" + b"".join(map(ssh_field, (*head, digest))))
        signature = ssh_field(b"ssh-ed25519") + ssh_field(raw)
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(map(ssh_field, (self.blob, *head, signature)))
        text = base64.b64encode(blob).decode()
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join(("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----")) + "\n"


@cache
def person(code: str) -> Person:
    """The person of that code; always with the same key."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(code.encode()).digest())
    return Person(code, private, ssh_field(b"ssh-ed25519") + ssh_field(private.public_key().public_bytes_raw()))


SIGNER_1, SIGNER_2, REVIEWER_1, CLERK_1, STRANGER = map(
    person, ("signer-1", "signer-2", "reviewer-1", "clerk-1", "stranger"))


def network(kind: str = OWNED, **changes: object) -> NetworkPolicy:
    """The office's policy; everything that lifecycle §6, 26 asks for is in it."""
    policy = NetworkPolicy(
        name="Example Logistics, Hamburg", kind=kind,
        prefixes=(ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8:a::/64")),
        organisation="Example Logistics", tunnel_policy_url=POLICY_URL, tunnel_policy_digest="sha256:" + "7" * 64,
        serves="staff of Example Logistics", signers=(SIGNER_1.signer(), SIGNER_2.signer()),
        reviewers=(REVIEWER_1.signer(),), adjudicators=(CLERK_1.signer(),), limits=LIMITS.get(kind, LIMITS[PUBLIC]),
        never_block=(ipaddress.ip_network("198.51.100.53/32"),), never_block_given=True,
    )
    return replace(policy, **changes)  # type: ignore[arg-type]


def evidence(endpoint: str, protocol: str, at_ns: int, **changes: object) -> bytes:
    """The line of a scan that saw a whole handshake."""
    end = parse_endpoint(endpoint)
    members = {
        "schema": "licet.tunnel/1", "address": end.address, "transport": end.transport, "port": end.port,
        "family": protocol, "class": "vpn", "grade": "certain", "verdict": "unregistered", "registration": None,
        "clients": 12, "last_seen": time_text(at_ns), "snapshot": {"serial": 1, "digest": SNAPSHOT},
    }
    return canonical_json({**members, **changes})  # type: ignore[dict-item]


def order(*endpoints: str, puid: str = PUID, ground: str = NETWORK_POLICY, at_ns: int = AT_NS,
          protocol: str = "wireguard", **changes: object) -> OrderFile:
    """An order of the office that could be in force at `at_ns`, with its evidence; nobody has signed it yet."""
    created_ns = at_ns - 2 * DAY_NS
    lines = {one: evidence(one, protocol, created_ns - HOUR_NS) for one in endpoints or (UNREGISTERED,)}
    adjudicated = ground == ADJUDICATED
    made = Order(
        puid=puid, request="", decision_ground=ground, legal_ground="Tunnel policy of Example Logistics, section 3",
        legal_text_quoted=QUOTE, text_covers="Tunnels to servers", legal_text_url=POLICY_URL,
        decision_quoted="The server is to be closed to the network." if adjudicated else "",
        decision_url="https://example.org/decision-1" if adjudicated else "",
        adjudicator=CLERK_1.code if adjudicated else "", suspensive_denied="",
        decision_facts="Seen on three days in the office's traffic.", lawful_uses_considered="A partner's line: asked.",
        necessity="The register is what the office relies on.", less_intrusive_tried="The operator was asked twice.",
        network_scope="Example Logistics, Hamburg", created_ns=created_ns, application_ns=created_ns + DAY_NS,
        end_ns=created_ns + DAY_NS + 10 * DAY_NS, automated_detection=True, notice_to="staff of Example Logistics",
        notice_via="https://example.net/notices", new_facts="",
        endpoints=tuple(OrderedEndpoint(parse_endpoint(one), protocol, "datacentre", "RDAP, 2026-02-26",
                                        (sha256_digest(line),), "abuse@example.org") for one, line in lines.items()),
        snapshot=SNAPSHOT, author=SIGNER_1.key_id,
    )
    made = replace(made, **changes)  # type: ignore[arg-type]
    return OrderFile(made, {sha256_digest(line): line for line in lines.values()}, b"", ())


def dry_run(file: OrderFile, handle: str = "") -> bytes:
    """The report of a watch that saw nothing but the tunnels for thirty hours. handle: of who is registered there."""
    at_ns = file.order.created_ns
    rows = [Row(("edge", "eth0", at_ns - hour * HOUR_NS), 3_600_000, one.endpoint, one.protocol, "", 3, 4, 50, 6_000)
            for one in file.order.endpoints for hour in range(1, 31)]
    return impact_report(file.order, rows, lambda *_: handle, {}, at_ns)


def signed(file: OrderFile, author: Person = SIGNER_1, approver: Person = SIGNER_2,
           clerk: Person = CLERK_1) -> OrderFile:
    """The same file, signed as people would: the author first, the second person over all of it."""
    file = replace(file, order=replace(file.order, author=author.key_id))
    file = replace(file, impact=file.impact or dry_run(file))
    made = replace(file.order, approver=approver.key_id, impact=sha256_digest(file.impact))
    signatures = [
        Signature(AUTHOR, author.key_id, author.sign(signed_bytes(made, AUTHOR))),
        Signature(APPROVER, approver.key_id, approver.sign(signed_bytes(made, APPROVER))),
    ]
    if made.decision_ground == ADJUDICATED:
        words = signed_bytes(made, ADJUDICATOR)
        signatures.append(Signature(ADJUDICATOR, clerk.key_id, clerk.sign(words, DECISION_NAMESPACE)))
    return replace(file, order=made, signatures=tuple(signatures))


@dataclass
class Books:
    """Registers for tests: records that are found by their address alone, each with when it was last seen."""

    records: list[tuple[Record, int]] = field(default_factory=list)

    def at(self, endpoint: Endpoint) -> Iterable[tuple[Record, int]]:
        address = ipaddress.ip_address(endpoint.address)
        return [(record, seen_ns) for record, seen_ns in self.records
                if record.address is not None and address in ipaddress.ip_network(record.address)]


def record(entry: str, status: str = "ok", **changes: object) -> Record:
    """A record such as `203.0.113.66:51820/udp wireguard`, in its time."""
    place, protocol = entry.split()
    if "/" in place and place.rpartition("/")[2].isalpha():
        end = parse_endpoint(place)
        address, transport, port = end.address, end.transport, end.port
    else:
        address, transport, port = place, None, None  # type: ignore[assignment]
    made = Record(address, transport, port, protocol, None, None, "SVC-7F3K", status, AT_NS - 300 * DAY_NS,
                  AT_NS + 300 * DAY_NS)
    return replace(made, **changes)  # type: ignore[arg-type]


def log_of(*files: OrderFile, state: str = LIVE, at_ns: int = AT_NS, more: Mapping[str, str] | None = None) -> Logged:
    """A log that leaves these orders in a state. more: subject to state, besides."""
    states = {one.order.puid: state for one in files} | dict(more or {})
    made = {subject: State(each, at_ns - HOUR_NS, index) for index, (subject, each) in enumerate(states.items())}
    return Logged(made, at_ns - HOUR_NS, len(made))


def noticed(*files: OrderFile, at_ns: int = AT_NS - 2 * DAY_NS, kind: str = OWNED) -> Memory:
    """A memory that has seen notice of these."""
    keys = [one.order.case if kind == OWNED else order_digest(one.order) for one in files]
    return Memory(last_ns=AT_NS - HOUR_NS, first_seen=dict.fromkeys(keys, at_ns))


def known(*files: OrderFile, kind: str = OWNED, **changes: object) -> Known:
    """All that it takes for these orders to be enforced at AT_NS."""
    made = Known(
        policy=network(kind), orders=files, logged=log_of(*files), log_until_ns=AT_NS + 23 * HOUR_NS, registers=Books(),
        registry_until_ns=AT_NS + 20 * HOUR_NS, memory=noticed(*files, kind=kind, at_ns=AT_NS - 20 * DAY_NS),
        excepted=Excepted(), pinned="sha256:" + "1" * 64,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def enforced(what: Known, at_ns: int = AT_NS) -> set[str]:
    """The endpoints of the enforced set, as text."""
    return {str(rule.endpoint) for rule in decide(what, at_ns).rules.in_force(at_ns)}


def codes(decision: Decision) -> set[str]:
    """Every reason for which something, or everything, is left out."""
    return {one.problem.code for one in decision.left_out} | {one.code for one in decision.doubts}
