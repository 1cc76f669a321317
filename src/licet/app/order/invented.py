"""Orders of a demonstration: drafted, run dry and signed by invented people, with the same functions as real ones.

`licet serve --demo` is a person's own command, and hands these people to the registry that it fills; the registry gets
signed files, as from anybody, and has no key. What was seen is invented: lines of a scan, and seven days of a watch.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from licet.app import demo as office
from licet.app.confirm.signature import signed as signed_report
from licet.app.order.draft import Wish, choose, draft
from licet.app.order.invented_words import NETWORK, POLICY_URL, SUBJECTS, WORDS, Place, Subject
from licet.app.order.registered import registered_by
from licet.app.order.signing import prepared, sign
from licet.app.order.throwaway import ThrowawayKey, make_key
from licet.app.scan import open_registries
from licet.judge import Registry
from licet.lifecycle.days import DAY_NS, HOUR_NS
from licet.model.canonical import canonical_json, sha256_digest, time_text
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.model.enforcer_report import EnforcerReport
from licet.model.order import APPROVER, AUTHOR, OrderFile, file_bytes, read_order_file
from licet.model.policy import NetworkPolicy
from licet.order.impact import DAYS, Row, impact_report
from licet.order.policy_file import read_policy
from licet.order.seen import read_lines

FIRST, SECOND = "signer-1", "signer-2"
ENFORCERS = ("hamburg-1", "hamburg-2")
PEOPLE = (FIRST, SECOND, "reviewer-1")
WATCHED_HOURS = DAYS * 24


@contextmanager
def invented_people() -> Iterator[InventedPeople]:
    """People with keys that exist as long as this lasts. Raises Unavailable where ssh-keygen is missing."""
    with tempfile.TemporaryDirectory(prefix="licet-demo-keys-") as folder:
        keys = {code: make_key(folder, code) for code in (*PEOPLE, *ENFORCERS)}
        registries = open_registries([str(Path(office.__file__).parent / "registry.toml")])
        yield InventedPeople(keys, registries)


@dataclass(frozen=True)
class InventedPeople:
    """Two who sign, one who reviews, two machines that enforce. keys: by code; registries: of the office."""

    keys: Mapping[str, ThrowawayKey]
    registries: tuple[Registry, ...]

    @property
    def policy(self) -> str:
        """The policy.toml that names them."""
        tables = [(role, code) for role, codes in (("signer", PEOPLE[:2]), ("reviewer", PEOPLE[2:]),
                                                   ("enforcer", ENFORCERS)) for code in codes]
        people = "".join(f'\n[[network.{role}]]\ncode = "{code}"\nkey = "{self.keys[code].line}"\n'
                         for role, code in tables)
        return f"""# Of a demonstration: everybody in it is invented, and their keys are gone.
[[network]]
name = "{NETWORK}"
kind = "owned"
prefixes = ["198.51.100.0/24", "2001:db8:51::/48"]
organisation = "Example Logistics"
tunnel_policy_url = "{POLICY_URL}"
tunnel_policy_digest = "{sha256_digest(json.dumps(WORDS).encode())}"
serves = "staff of Example Logistics"
never_block = ["198.51.100.53", "203.0.113.53"]
{people}"""

    @property
    def network(self) -> NetworkPolicy:
        """The same, read."""
        return read_policy("policy.toml", self.policy.encode())[0]

    @property
    def registry(self) -> str:
        """Digest of the registry by which everything here was judged."""
        return self.registries[0].snapshot.ref.digest

    def drafted(self, name: str, *, at_ns: int, begin_ns: int | None = None, end_ns: int | None = None,
                request: str = "") -> bytes:
        """A draft that the first person signed. name: of SUBJECTS; request: the ask that it answers, or ""."""
        subject = SUBJECTS[name]
        seen = list(read_lines(self.seen(name, at_ns=at_ns - HOUR_NS)))
        chosen = choose(seen, [parse_endpoint(place.endpoint) for place in subject.places], everything=False)
        wish = Wish({**WORDS, **subject.words, "request": request},
                    {place.endpoint: place.said for place in subject.places}, begin_ns, end_ns,
                    self.keys[FIRST].key.key_id)
        file = draft(chosen, wish, self.network, self.registry, at_ns)
        return file_bytes(self._signed(file, AUTHOR, FIRST, at_ns))

    def rehearsed(self, raw: bytes, name: str, *, at_ns: int) -> bytes:
        """The same with its dry run."""
        file = read_order_file(raw)
        registered = registered_by(self.registries, self.network.kind, at_ns)
        names = {parse_endpoint(place.endpoint).address: [place.name] for place in SUBJECTS[name].places if place.name}
        rows = [row for place in SUBJECTS[name].places for row in _rows(place, at_ns)]
        return file_bytes(replace(file, impact=impact_report(file.order, rows, registered, names, at_ns)))

    def approved(self, raw: bytes, *, at_ns: int) -> bytes:
        """The same, signed by the second person."""
        return file_bytes(self._signed(read_order_file(raw), APPROVER, SECOND, at_ns))

    def _signed(self, file: OrderFile, role: str, code: str, at_ns: int) -> OrderFile:
        key = self.keys[code]
        return sign(prepared(file, role, key.key, at_ns), role, key.key, key.path, is_heard=False)

    def seen(self, name: str, *, at_ns: int) -> bytes:
        """What a scan says of the endpoints: a line each, last seen at that time."""
        return b"\n".join(self._line(place, SUBJECTS[name], at_ns) for place in SUBJECTS[name].places)

    def _line(self, place: Place, subject: Subject, at_ns: int) -> bytes:
        end = parse_endpoint(place.endpoint)
        return canonical_json({
            "schema": "licet.tunnel/1", "capture": subject.capture, "transport": end.transport,
            "address": end.address, "port": end.port, "family": place.protocol, "variant": None, "class": "vpn",
            "grade": "certain", "verdict": "unregistered", "reason": "Not on the register.", "registration": None,
            "evidence": [{"rule": rule, "link": link, "packets": [1, 2]} for rule, link in [_RULES[place.protocol]]],
            "initiator": "client", "clients": place.clients, "flows": place.clients * 2,
            "packets": place.clients * 900, "bytes": place.clients * 640_000, "first_seen": time_text(at_ns - HOUR_NS),
            "last_seen": time_text(at_ns), "judged_at": time_text(at_ns),
            "snapshot": {"serial": None, "digest": self.registry}, "policy": sha256_digest(self.policy.encode()),
        })

    def reported(self, code: str, report: EnforcerReport) -> bytes:
        """What an enforcer sends. code: one of ENFORCERS."""
        return signed_report(report, self.keys[code].path)


_RULES = {"wireguard": ("wireguard/handshake@1", "receiver-index"), "openvpn": ("openvpn/hard-reset@1", "session-id")}


def _rows(place: Place, at_ns: int) -> Iterator[Row]:
    """A week of a watch: the tunnel, quieter at night, and what else its address served."""
    end = parse_endpoint(place.endpoint)
    hour_ns = at_ns // HOUR_NS * HOUR_NS
    for hours in range(1, WATCHED_HOURS):
        start_ns = hour_ns - hours * HOUR_NS
        window = ("edge-1", "eth0", start_ns)
        is_day = 7 <= start_ns % DAY_NS // HOUR_NS < 19
        clients = place.clients if is_day else 1
        carried = [(end, place.protocol), *((end, other) for other in place.on_its_port)]
        for endpoint, protocol in (*carried, *((parse_endpoint(one), "other") for one in _services(end, place))):
            flows = clients + hours % 3
            yield Row(window, 3_600_000, endpoint, protocol, "", clients, flows, flows * 220, flows * 150_000)


def _services(end: Endpoint, place: Place) -> Iterator[str]:
    host = f"[{end.address}]" if ":" in end.address else end.address
    for service in place.services:
        yield f"{host}:{service}"
