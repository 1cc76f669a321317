"""An office with all that an enforcer needs, on disk: a log and snapshots, orders, a signed policy, licet.toml.

Whoever has this folder is the server: nothing in it but the policy's and the orders' signatures is out of its hands.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from enforce.cases import AT_NS, HOUR_NS
from enforce.orders import CLERK_1, DAY_NS, REVIEWER_1, SIGNER_1, SIGNER_2, Person, order, person, signed
from licet.cli.main import licet
from licet.errors import LicetError
from licet.lifecycle.order import TABLE
from licet.model.canonical import canonical_json, sha256_digest, time_text
from licet.model.order import OrderFile, file_bytes
from licet.model.registration import Record
from licet.snapshot.form import Header, write_form
from licet.tlog.entry import leaf_of
from licet.tlog.signer import LogKey
from licet.tlog.store import FolderStore
from licet.tlog.writer import Writer
from tlog.logs import KEY

TESTS = Path(__file__).parents[1]
ROOT_1, ROOT_2, ROOT_3 = map(person, ("root-1", "root-2", "root-3"))

# How an order comes to be live: (event, state after, who).
STEPS = (
    ("draft", "draft", "author"), ("validate_ok", "checked", "author"), ("dry_run", "simulated", "author"),
    ("sign", "approved", "signer"), ("notice_served", "noticed", "machine"), ("activate", "canary", "signer"),
    ("activate", "live", "signer"),
)


@dataclass
class Done:
    """A command that ended."""

    status: int
    out: str
    err: str


@dataclass
class Office:
    """folder: where all of it is; words: before a command, so that it runs in a namespace."""

    folder: Path
    words: Sequence[str] = ()
    key: LogKey = KEY
    at_ns: int = AT_NS
    serial: int = 0
    last: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "orders").mkdir(parents=True)
        self.write_policy()
        self.write_config()
        self.publish_registry()
        self.write_log()

    # What people of the office do.

    def policy_text(self, **changes: str) -> str:
        members = {
            "name": "Example Logistics, Hamburg", "kind": "owned", "organisation": "Example Logistics",
            "tunnel_policy_url": "https://example.net/tunnel-policy", "tunnel_policy_digest": "sha256:" + "7" * 64,
            "serves": "staff of Example Logistics", **changes,
        }
        lines = ["[[network]]", *(f'{name} = "{value}"' for name, value in members.items())]
        lines += ['prefixes = ["192.0.2.0/24", "2001:db8:a::/64"]', 'never_block = ["198.51.100.53/32"]']
        people = (("signer", SIGNER_1), ("signer", SIGNER_2), ("reviewer", REVIEWER_1), ("adjudicator", CLERK_1))
        for role, one in people:
            act = 'act = "https://example.org/appointment"' if role == "adjudicator" else ""
            lines += [f"[[network.{role}]]", f'code = "{one.code}"', f'key = "{one.public}"', act]
        return "\n".join(lines) + "\n"

    def write_policy(self, text: str | None = None, by: Sequence[Person] = (ROOT_1, ROOT_2)) -> None:
        raw = (text or self.policy_text()).encode()
        (self.folder / "policy.toml").write_bytes(raw)
        signatures = "".join(one.sign(raw, "licet-policy") for one in by)
        (self.folder / "policy.toml.sig").write_text(signatures)

    def write_config(self, mode: str = "observe", kind: str = "owned", more: str = "", log: str = "log") -> Path:
        path = self.folder / "licet.toml"
        keys = ", ".join(f'"{one.public}"' for one in (ROOT_1, ROOT_2, ROOT_3))
        path.write_text(f"""
[network]
name = "Example Logistics, Hamburg"
kind = "{kind}"
prefixes = ["192.0.2.0/24", "2001:db8:a::/64"]
[[registry]]
path = "registry.snapshot"
[enforce]
mode = "{mode}"
state = "state"
policy = "policy.toml"
policy_keys = [{keys}]
log = "{log}"
log_key = "{self.key.verifier}"
orders = "orders"
{more}
""")
        return path

    # What the server does, or whoever took it over.

    def write_log(self, *entries: dict[str, object]) -> None:
        """Append entries and publish; the time of each is the office's, and one of the registry's own comes last."""
        store = FolderStore(self.folder / "log")
        leaves = [self._leaf(members) for members in (*entries, self.heartbeat())]
        with store.hold():
            writer = Writer(store, self.key)
            writer.append(leaves)
            writer.publish()

    def heartbeat(self) -> dict[str, object]:
        """Something of the registry's own, that shows that the log is kept."""
        subject = f"APP-{len(self.last):08d}"
        return {"type": "application", "subject": subject, "event": "open", "from": "", "to": "draft",
                "role": "registrant", "details": {"service": "SVC-7F3K"}}

    def _leaf(self, members: dict[str, object]) -> bytes:
        subject = str(members["subject"])
        raw = canonical_json({  # type: ignore[dict-item]
            "v": 1, "time": time_text(self.at_ns), "reason": "", "actorKeyId": "", "details": {}, "redactions": [],
            "prevSubjectLeaf": self.last.get(subject, ""), **members,
        })
        self.last[subject] = sha256_digest(raw)
        self.states[subject] = str(members["to"])
        return leaf_of(raw)[0]

    def steps(self, puid: str, until: str = "live") -> list[dict[str, object]]:
        """The entries that lead an order from where it stands to a state."""
        entries, state = [], self.states.get(puid, "")
        begun = state == ""
        for event, after, role in STEPS:
            if begun:
                entries.append({"type": "order", "subject": puid, "event": event, "from": state, "to": after,
                                "role": role, "details": self.observed(after)})
                state = after
                if state == until:
                    break
            begun = begun or after == state
        return entries

    def observed(self, after: str) -> dict[str, int]:
        """What the entry says with which an order comes into force: that it was seen an hour before."""
        return {"observed": (self.at_ns - HOUR_NS) // 10**9} if after == "canary" else {}

    def move(self, puid: str, event: str, role: str, reason: str = "") -> None:
        """One more move of an order."""
        state = self.states[puid]
        after = TABLE.rows[state][event][0].to
        self.write_log({"type": "order", "subject": puid, "event": event, "from": state, "to": after, "role": role,
                        "reason": reason})

    def publish_registry(self, *records: Record) -> None:
        """Publish the next snapshot."""
        self.serial += 1
        header = Header(self.serial, "registry.example.net", self.at_ns // 10**9 * 10**9)
        (self.folder / "registry.snapshot").write_bytes(write_form(header, records))

    def send(self, *files: OrderFile) -> None:
        """Put files where the enforcer fetches them."""
        for file in files:
            (self.folder / "orders" / f"{file.order.puid}.json").write_bytes(file_bytes(file))

    def pass_time(self, hours: float, *records: Record) -> None:
        """Time goes by; the registry publishes, and the log goes on."""
        self.at_ns += round(hours * HOUR_NS)
        self.publish_registry(*records)
        self.write_log()

    # What the enforcer does.

    def licet(self, *words: str, at_ns: int | None = None) -> Done:
        """Run a command at the office's time: in a namespace where one is named, else in this process."""
        moment = self.at_ns if at_ns is None else at_ns
        if not self.words:
            return self._here(moment, words)
        done = subprocess.run(
            [*self.words, sys.executable, "-m", "support.enforce_at", str(moment), "enforce", *words],
            capture_output=True, text=True, check=False, cwd=TESTS, timeout=120,
            env={**os.environ, "LICET_ENFORCE_STATE": str(self.folder / "machine")},
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def _here(self, moment_ns: int, words: Sequence[str]) -> Done:
        runner = CliRunner(env={"LICET_ENFORCE_STATE": str(self.folder / "machine")})
        with patch("licet.app.enforce.service.now_ns", lambda: moment_ns), patch(
            "licet.app.enforce.switch.now_ns", lambda: moment_ns):
            done = runner.invoke(licet, ["enforce", *words], standalone_mode=False)
        if isinstance(done.exception, LicetError):
            return Done(done.exception.exit_status, done.stdout, f"licet: {done.exception}")
        if done.exception is not None:
            raise done.exception
        return Done(done.return_value or 0, done.stdout, done.stderr)

    def plan(self, *options: str, at_ns: int | None = None) -> Done:
        return self.licet("plan", "--config", str(self.folder / "licet.toml"), *options, at_ns=at_ns)

    def apply(self, at_ns: int | None = None) -> Done:
        return self.licet("apply", "--config", str(self.folder / "licet.toml"), at_ns=at_ns)


def office_with_an_order(folder: Path, *endpoints: str, words: Sequence[str] = (),
                         protocol: str = "wireguard") -> Office:
    """An office whose order is live and whose enforcer has seen notice of it for a day."""
    office = Office(folder, words)
    file = signed(order(*endpoints, protocol=protocol))
    office.at_ns = AT_NS - 26 * HOUR_NS
    office.send(file)
    office.write_log(*office.steps(file.order.puid, "noticed"))
    office.publish_registry()
    first = office.plan()
    assert first.status == 0, first.err
    office.apply()
    office.at_ns = AT_NS
    office.publish_registry()
    office.write_log(*office.steps(file.order.puid))
    return office


__all__ = ["DAY_NS", "Office", "office_with_an_order"]
