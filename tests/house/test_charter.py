"""Lines 3 to 10 of CHARTER.md, and that the charter names its tests.

Where a line speaks of parts that do not exist yet (orders, enforcement), its test holds that nothing here can do what
those parts will be allowed to do under conditions.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import pytest

from house.outputs import CAPTURES, OFFICE, OFFICE_REGISTRY, endpoint, run, tunnels
from house.source import ROOT, calls, dotted, modules, texts
from house.test_imports import reachable
from judge.makers import AT_NS, UNTIL_NS, key_record, record, registry, tunnel
from licet.app.catalogue import RECOGNISERS, proof_methods
from licet.app.report.words import NOT_A_FAULT
from licet.app.transparency.count import Period, count
from licet.app.transparency.numbers import BY_NAME, NUMBERS
from licet.app.transparency.write import report_csv, report_json
from licet.cli.main import licet
from licet.cli.scan import FORMATS
from licet.errors import LogBroken, Malformed
from licet.judge import Policy, judge
from licet.model import enforcer_report
from licet.model import order as model_order
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.model.family import PROTOCOL_WORDS
from licet.model.order import OrderFile
from licet.model.policy import NetworkPolicy
from licet.model.registration import COUNTING
from licet.model.verdict import VERDICT_TITLES, VERDICTS, Verdict
from licet.order.limits import draft_problems
from licet.proof.base import Challenge, ProofMethod
from licet.tlog.entry import read_entry
from licet.tlog.writer import Writer
from order.orders import CREATED_NS, GOOD, GOOD_PUBLIC, NOTHING_KNOWN
from order.orders import OWNED as OWNED_NETWORK
from order.orders import PUBLIC as PUBLIC_NETWORK
from support.guards import KEY, AskedGuard, mac1_for
from tlog.logs import KEY as LOG_KEY
from tlog.logs import fill
from tlog.logs import leaves as log_leaves

CHARTER = ROOT / "CHARTER.md"
HOUSE = Path(__file__).parent
OWNED, PUBLIC = Policy(network_kind="owned"), Policy(network_kind="public")

# Transports that are made to carry people past a censor. licet does not look for them, and does not say their names.
CIRCUMVENTION = re.compile(
    r"\b(?:tor|obfs\w*|meek|snowflake|webtunnel|shadowsocks\w*|vless|vmess|trojan\w*|xray|v2ray|psiphon|hysteria\w*|"
    r"naiveproxy|ultrasurf|amnezia\w*|scramblesuit)\b",
    re.IGNORECASE,
)
# Libraries with which a machine would be taught what a tunnel looks like.
LEARNED = frozenset({
    "catboost", "jax", "joblib", "keras", "lightgbm", "numpy", "onnxruntime", "pandas", "scipy", "sklearn",
    "statistics", "tensorflow", "torch", "xgboost",
})
# What it takes to send a packet, and what it takes to run a program.
SENDING = frozenset({
    "aiohttp", "asyncio", "dns", "ftplib", "http", "httpx", "imaplib", "poplib", "requests", "scapy", "selectors",
    "smtplib", "socket", "socketserver", "ssl", "telnetlib", "urllib", "urllib3", "webbrowser", "websockets", "xmlrpc",
})
# The files that may contact somebody, with what each imports for it. `proof/` contacts an endpoint whose registrant
# asked for it and was given a token; `call.py` contacts the registry that its user named; `tlog/fetch.py` reads a log
# where its user says it is, and asks the witnesses of the log that its operator named; `tuf/fetch.py` reads the
# snapshots of a registry where its user says they are. Nobody else, nothing else.
CONTACTS = frozenset({
    ("licet.proof.guard", "socket"), ("licet.proof.http_fetch", "http"), ("licet.proof.http_fetch", "socket"),
    ("licet.proof.names", "dns"), ("licet.proof.call", "http"), ("licet.proof.call", "ssl"),
    ("licet.tlog.fetch", "http"), ("licet.tlog.fetch", "ssl"), ("licet.tuf.fetch", "http"),
    ("licet.tuf.fetch", "ssl"),
})
RUNNING = frozenset({"ctypes", "pexpect", "popen2", "pty", "subprocess"})
# Live traffic comes through a socket that only receives.
LISTENING = ("licet.capture.afpacket", "socket")
# Asks whether the port of the service is free: it binds it, and lets go.
PORT_ASKED = ("licet.server.listening", "socket")
# What a watch needs of the machine, and why: the address of a filter program; giving up rights; processes of its own.
OF_A_WATCH = {
    ("licet.capture.afpacket", "ctypes"), ("licet.app.watch.privileges", "ctypes"),
    ("licet.app.watch.fanout", "multiprocessing"), ("licet.app.watch.run", "multiprocessing"),
    ("licet.app.watch.fanout", "os.kill"), ("licet.app.watch.privileges", "os.setuid"),
}
# The log: one module signs checkpoints, the other verifies.
OF_THE_LOG = frozenset({"licet.tlog.signer", "licet.tlog.note"})
# Snapshots: one module holds keys and signs TUF metadata with them; the others make it, publish it and verify it.
OF_SNAPSHOTS = {
    "licet.tuf.signer": {"cryptography", "securesystemslib", "tuf"},
    "licet.tuf.ceremony": {"securesystemslib", "tuf"}, "licet.tuf.roles": {"securesystemslib", "tuf"},
    "licet.tuf.current": {"tuf"}, "licet.tuf.publisher": {"tuf"},
    "licet.tuf.client": {"tuf"}, "licet.tuf.fetch": {"tuf"},
}
# What each module signs with, where it signs at all.
SIGNERS = {"licet.tlog.signer": ["self._private.sign"], "licet.tuf.signer": ["metadata.sign"]}
SIGNING = frozenset({"cryptography", "ecdsa", "gnupg", "hmac", "nacl", "paramiko", "securesystemslib", "tuf"})
ACTS = frozenset({"apply", "deny", "enforce", "firewall", "order", "orders", "quarantine", "sign", "throttle"})
# Where orders are spoken of, and what verifies people's signatures on them. None can sign or apply one; a person's own
# command drafts, and has ssh-keygen sign with that person's key.
OF_ORDERS = ("licet.model.order", "licet.lifecycle.order", "licet.order", "licet.app.order", "licet.cli.order",
             "licet.server.orders")
ORDER_COMMANDS = {("order", name) for name in ("draft", "check", "sign", "show")} | {("order",)}
SIGNS_BY_A_PERSON = "licet.app.order.signing"
MAKES_KEYS = "licet.app.order.throwaway"  # of invented people, for a demonstration
INVENTED = "licet.app.order.invented"  # its orders; `licet serve --demo`, a person's own command, hands it over
SIGNS_REPORTS = "licet.app.confirm.signature"  # an enforcer's own key, in a namespace in which nothing is ordered
# What acts: the room that computes and applies, its use cases and its face. Everything else of the house may not.
ENFORCER = ("licet.enforce", "licet.app.enforce", "licet.app.enforce_table", "licet.cli.enforce")
ENFORCE_WORDS = ("plan", "apply", "status", "off", "permitted", "run", "report")
ENFORCE_COMMANDS = {("enforce",), *(("enforce", word) for word in ENFORCE_WORDS)}
DEVICE = "licet.enforce.apply"  # the one file that runs a program: the firewall's own
VERIFIES_PEOPLE = "licet.order.sshsig"
FIREWALLS = re.compile(r"\b(?:nft|nftables|iptables|ip6tables|ipset|pfctl|ebtables|firewall-cmd|ufw|tc qdisc)\b")
ROUTING = re.compile(
    r"\b(?:bgp|flowspec|rtbh|black-?hole|null route|netconf|restconf|gnmi|snmp|junos|ios-xe|routeros|frr|exabgp)\b",
    re.IGNORECASE,
)
BLAME = re.compile(
    r"\b(?:illegal|illicit|unlawful|suspicious|suspect|malicious|rogue|offend(?:er|ing)|violat(?:es?|ion|or)|culprit|"
    r"criminal|unauthori[sz]ed|forbidden|banned|threat actor|evad(?:e|er|ing))\b",
    re.IGNORECASE,
)


def acts(module: object) -> bool:
    """True for a module of the enforcer."""
    return any(str(module) == name or str(module).startswith(f"{name}.") for name in ENFORCER)


def imported_tops() -> Iterator[tuple[str, str]]:
    """(module, first part of what it imports) for every import of licet. `urllib.parse` takes a URL to pieces and
    sends nothing; the rest of urllib is counted as it is."""
    for module in modules():
        for one in module.imports:
            if one.name != "urllib.parse":
                yield module.name, one.name.split(".")[0]


def commands(group: click.Group = licet, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words: (("registry", "add"), …)."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


# 3. Documented protocols by their open handshake.


def test_line_3_no_part_is_named_for_a_circumvention_transport() -> None:
    names = [name for one in RECOGNISERS for name in (one.name, *one.families)]
    for name in (*names, *PROTOCOL_WORDS, *(module.name for module in modules())):
        assert not CIRCUMVENTION.search(name.replace("_", " ").replace(".", " ")), name


def test_line_3_no_file_mentions_a_circumvention_transport() -> None:
    for path, text in texts():
        found = CIRCUMVENTION.search(text)
        assert found is None, f"{path} says “{found[0]}”"


def test_line_3_no_verdict_is_learned_or_statistical() -> None:
    for module, top in imported_tops():
        # A join sorts addresses and searches for them: nothing is learned there.
        is_join = (module, top) == ("licet.snapshot.join", "numpy")
        assert is_join or top not in LEARNED, f"{module} imports {top}"
    for path, text in texts():
        if path.startswith(("licet/recognise/", "licet/judge/", "licet/flow/")):
            assert not re.search(r"\b(?:entropy|probability|classifier|score|confidence|threshold)\b", text, re.I), path


def test_line_3_nobody_is_probed() -> None:
    """licet has no way to send a packet, but for the files by which a registrant proves that an endpoint is theirs, and
    those that read a log or snapshots. The socket of live traffic receives: nothing in its file can send or connect."""
    sending = {(module, top) for module, top in imported_tops() if top in SENDING}
    assert sending == CONTACTS | {LISTENING, PORT_ASKED}
    for module in modules():
        if module.name in (LISTENING[0], PORT_ASKED[0]):
            for name, line in calls(module):
                forbidden = r"\.(?:send\w*|write\w*|connect\w*|create_connection|accept|listen)$"
                assert not re.search(forbidden, name), f"line {line}: {name}"


def test_line_3_a_ring_takes_frames_and_sends_none() -> None:
    """The same, observed: without PACKET_TX_RING the memory that is shared with the system is for receiving only."""
    text = (ROOT / "src/licet/capture/afpacket.py").read_text(encoding="utf-8")
    assert "_RX_RING" in text
    assert not re.search(r"TX_RING|SOCK_DGRAM|AF_INET|SOCK_STREAM", text)


@pytest.mark.parametrize("method", [one for one in proof_methods() if one.check], ids=lambda one: one.name)
def test_line_3_a_check_contacts_only_what_its_challenge_names(method: ProofMethod) -> None:
    """Observed: the addresses and names that a check asks its guard for are the challenge's own, and what it sends to a
    machine carries the token, or a key made from it, which the owner must have placed there."""
    challenge = Challenge(method.name, "a" * 32, Endpoint("192.0.2.10", "udp", 51820), "vpn.example.net", KEY)
    asked = AskedGuard()
    assert method.check is not None
    assert not method.check(challenge, asked).ok
    assert asked.places <= {"192.0.2.10", "192.0.2.10:80", "192.0.2.10:51820", "vpn.example.net",
                            "_licet-challenge.vpn.example.net"}
    assert asked.places
    for sent in asked.sent:
        assert b"a" * 32 in sent or sent[-32:-16] == mac1_for(KEY, sent), sent


@pytest.mark.parametrize("method", [one for one in proof_methods() if one.check], ids=lambda one: one.name)
def test_line_3_a_check_without_a_challenge_contacts_nobody(method: ProofMethod) -> None:
    asked = AskedGuard()
    assert method.check is not None
    assert method.check(Challenge(method.name, "a" * 32), asked).problem == "incomplete"
    assert not asked.places


def test_line_3_what_has_no_open_handshake_is_not_named() -> None:
    """Ordinary traffic, and OpenVPN with a static key, which shows nothing: not a word about either."""
    silent = {"dns", "dtls", "https", "https-1194", "iperf3-51820", "ntp", "openvpn-static-key", "quic", "sip-rtp",
              "ssh", "turn"}
    assert silent <= {capture.stem for capture in CAPTURES}
    for capture in CAPTURES:
        assert bool(tunnels(capture)) is (capture.stem not in silent), capture.stem


# 4. Absence is neutral.


def test_line_4_not_registered_is_printed_as_a_fact() -> None:
    assert VERDICT_TITLES["unregistered"] == "not registered"
    options = (str(OFFICE), "--registry", str(OFFICE_REGISTRY))
    for text in (
        run("scan", *options).stdout,
        run("scan", *options, "--format", "html").stdout,
        run("explain", str(OFFICE), "203.0.113.66:443/udp", "--registry", str(OFFICE_REGISTRY)).stdout,
    ):
        assert NOT_A_FAULT in " ".join(text.split()).lower()


def test_line_4_no_word_of_licet_blames_anyone() -> None:
    for path, text in texts():
        found = BLAME.search(text)
        assert found is None, f"{path} says “{found[0]}”"


def test_line_4_absence_fails_no_run_unless_asked() -> None:
    options = (str(OFFICE), "--registry", str(OFFICE_REGISTRY))
    assert run("scan", *options).status == 0
    assert run("scan", *options, "--exit-code").status == 1


def test_line_4_a_verdict_carries_no_ground_to_act_on() -> None:
    """On no kind of network does a verdict hold more than what was found and what it was computed from."""
    assert set(Verdict._fields) == {
        "verdict", "reason", "registration", "informs", "judged_at_ns", "snapshot", "policy"
    }
    on_owned = judge(tunnel(), [registry()], OWNED, AT_NS)
    assert on_owned._replace(policy="") == judge(tunnel(), [registry()], PUBLIC, AT_NS)._replace(policy="")


def test_line_4_absence_is_no_ground_on_a_public_network() -> None:
    """Nor on one that only calls itself owned; and with a decision it is still exactly one endpoint."""
    assert not draft_problems(GOOD, OWNED_NETWORK, NOTHING_KNOWN, CREATED_NS)
    for network in (PUBLIC_NETWORK, replace(OWNED_NETWORK, serves=""), replace(OWNED_NETWORK, prefixes=())):
        found = {one.code for one in draft_problems(GOOD, network, NOTHING_KNOWN, CREATED_NS)}
        assert "ground_not_allowed" in found
    two = replace(GOOD_PUBLIC, order=replace(GOOD_PUBLIC.order, endpoints=GOOD.order.endpoints * 2))
    assert "endpoint_count" in {one.code for one in draft_problems(two, PUBLIC_NETWORK, NOTHING_KNOWN, CREATED_NS)}


# 5. Observe by default.


def test_line_5_nothing_can_draft_sign_or_apply_an_order() -> None:
    """No command, module, class or function for it but what a person runs to draft and to sign; no program is run but
    ssh-keygen by that command and for an enforcer's report, nothing but a checkpoint and the lists of snapshots is
    signed here, no firewall is spoken to."""
    for words, _ in commands():
        # The holder of an offline key signs who may publish snapshots; see below for what else it cannot sign.
        is_known = words in ORDER_COMMANDS | ENFORCE_COMMANDS | {("keys", "sign")}
        assert is_known or not set(words) & (ACTS | {"block", "drop"}), " ".join(words)
    for module in modules():
        if module.name.startswith(OF_ORDERS) or acts(module):
            continue
        assert not set(module.name.split(".")) & ACTS, str(module)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                parts = set(re.findall(r"[A-Z]?[a-z0-9]+", node.name))
                assert not {part.lower() for part in parts} & ACTS, f"{module}: {node.name}"
    for module_name, top in imported_tops():
        # wireguard-01 agrees on a secret with a server (X25519) and seals with it; it signs nothing, see the next test.
        is_handshake = module_name == "licet.proof.noise" and top in ("cryptography", "hmac")
        is_log = module_name in OF_THE_LOG and top == "cryptography"
        is_snapshots = top in OF_SNAPSHOTS.get(module_name, ())
        verifies = module_name == VERIFIES_PEOPLE and top == "cryptography"
        by_a_person = (module_name, top) in ((SIGNS_BY_A_PERSON, "subprocess"), (MAKES_KEYS, "subprocess"))
        to_a_device = (module_name, top) == (DEVICE, "subprocess")
        of_reports = (module_name, top) == (SIGNS_REPORTS, "subprocess")
        allowed = is_handshake or is_log or is_snapshots or verifies or by_a_person or to_a_device or of_reports
        if allowed or (module_name, top) in OF_A_WATCH:
            continue
        assert top not in RUNNING | SIGNING, f"{module_name} imports {top}"
        # `scan -j` reads captures in several processes of its own, and `serve` says how its workers begin; only a watch
        # starts any besides.
        starts = ("licet.app.scan", "licet.server.start")
        assert top != "multiprocessing" or str(module_name) in starts, f"{module_name} imports {top}"
    for module in modules():
        for name, line in calls(module):
            if (module.name, name) in OF_A_WATCH:
                continue
            assert not re.match(r"os\.(?:system|popen|exec|spawn|posix_spawn|fork|kill|setuid)", name), (
                f"{module}, line {line}"
            )


DESK_DRAFTS = "licet.server.orders.drafting"  # from a form that an officer filled in; it hands a file back
DRAFT = "licet.app.order.draft"


def test_line_5_what_drafts_and_signs_is_done_by_a_person_and_by_no_server() -> None:
    """Only the face of `licet order` reaches it, and of what drafts, the desk's form; one program is run, which signs
    with the key of who runs it, and what drafts cannot reach it."""
    assert SIGNS_BY_A_PERSON not in reachable([DRAFT])
    serving = [module.name for module in modules() if module.name.startswith("licet.server")]
    assert not reachable(serving) & {SIGNS_BY_A_PERSON, MAKES_KEYS, INVENTED}
    for module in modules():
        reaches = [one.name for one in module.imports if one.name.startswith("licet.app.order")]
        if module.name == DESK_DRAFTS:
            assert all(name.startswith(DRAFT) for name in reaches), reaches
            continue
        if module.name == "licet.cli.serve":
            assert all(name.startswith(INVENTED) for name in reaches), reaches
            continue
        assert not reaches or module.name.startswith(("licet.app.order", "licet.cli.order")), str(module)
        runs = [name for name, _ in calls(module) if name.startswith("subprocess.")]
        if module.name == SIGNS_BY_A_PERSON:
            assert runs == ["subprocess.run"]
            assert '[program, "-Y", "sign", "-f", key_path, "-n", namespace]' in module.path.read_text(encoding="utf-8")
        if module.name == MAKES_KEYS:
            assert runs == ["subprocess.run"]
            argv = '[program, "-q", "-t", "ed25519", "-N", "", "-C", code, "-f", path]'
            assert argv in module.path.read_text(encoding="utf-8")


def test_line_5_what_signs_an_enforcers_report_can_sign_nothing_else() -> None:
    """It runs one program, in the namespace of reports, over what a report is made of; orders, decisions and policies
    have namespaces of their own."""
    module = next(one for one in modules() if one.name == SIGNS_REPORTS)
    assert [name for name, _ in calls(module) if name.startswith("subprocess.")] == ["subprocess.run"]
    text = module.path.read_text(encoding="utf-8")
    assert '[program, "-q", "-Y", "sign", "-f", key_path, "-n", NAMESPACE], input=message' in text
    assert text.count("message = ") == 1
    assert "    message = signed_bytes(report)\n" in text
    namespaces = {"licet-policy", model_order.NAMESPACE, model_order.DECISION_NAMESPACE, enforcer_report.NAMESPACE}
    assert len(namespaces) == 4


def test_line_5_only_checkpoints_and_lists_of_snapshots_are_signed() -> None:
    """Two modules can sign. One has the key of the log; what it signs is made in it, from the log's own name, a size
    and a root. The other signs TUF metadata: a list of keys, of files or of versions, and no other type exists. Nobody
    can hand them anything else."""
    handshake = {
        "cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.x25519",
        "cryptography.hazmat.primitives.ciphers", "cryptography.hazmat.primitives.ciphers.aead",
        "cryptography.hazmat.primitives.ciphers.algorithms",
    }
    ed25519 = {"cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.ed25519"}
    ecdsa = {
        "cryptography.hazmat.primitives", "cryptography.hazmat.primitives.hashes",
        "cryptography.hazmat.primitives.asymmetric.ec", "cryptography.hazmat.primitives.asymmetric.utils",
    }
    allowed = dict.fromkeys(OF_THE_LOG, ed25519)
    allowed["licet.tuf.signer"] = ed25519 | {"cryptography.hazmat.primitives.ciphers.aead"}  # for keys that are stored
    allowed[VERIFIES_PEOPLE] = handshake | ecdsa | ed25519
    for module in modules():
        used = {one.name for one in module.imports if one.name.startswith("cryptography")}
        assert used <= allowed.get(module.name, handshake), str(module)
        signs = [name for name, _ in calls(module) if name.endswith(".sign")]
        assert signs == SIGNERS.get(module.name, []), str(module)
        if module.name not in SIGNERS:
            # The library's own names: the wizard has a word for a private key that was pasted by mistake.
            text = module.path.read_text(encoding="utf-8")
            assert not re.search(r"\w+(?:19|448)PrivateKey|CryptoSigner|load_\w*private_key", text) or (
                module.name == "licet.proof.noise"), str(module)


def test_line_5_no_firewall_is_spoken_to() -> None:
    """But by the enforcer, and its report says by which; the catalogue lists them. That what sees cannot reach it:
    `test_seeing_never_leads_to_acting`."""
    for path, text in texts():
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if acts(module) or module in ("licet.app.catalogue", "licet.model.enforcer_report"):
            continue
        found = FIREWALLS.search(text)
        assert found is None, f"{path} says “{found[0]}”"


# 6. Exact, short, reversible.


@pytest.mark.parametrize("text", [
    "192.0.2.0/24:51820/udp", "192.0.2.0/24/udp", "192.0.2.10/udp", "192.0.2.10:*/udp", "192.0.2.10:1-9/udp",
    "*:51820/udp", "vpn.example.net:51820/udp", "192.0.2.10:51820", "192.0.2.10:51820/any", "0.0.0.0/0/esp",
])  # fmt: skip
def test_line_6_an_endpoint_is_one_address_one_transport_and_one_port(text: str) -> None:
    """The noun that an order will name cannot be a prefix, a name, a range or a protocol."""
    with pytest.raises(Malformed):
        parse_endpoint(text)


@pytest.mark.parametrize(("file", "network", "days"), [(GOOD, OWNED_NETWORK, 30), (GOOD_PUBLIC, PUBLIC_NETWORK, 14)],
                         ids=["owned", "public"])
def test_line_6_every_order_has_an_end(file: OrderFile, network: NetworkPolicy, days: int) -> None:
    order, day_ns = file.order, 86_400 * 1_000_000_000
    last_ns = order.application_ns + days * day_ns
    for end_ns, fits in ((last_ns, True), (last_ns + 1, False), (order.application_ns, False)):
        changed = replace(file, order=replace(order, end_ns=end_ns))
        assert bool(draft_problems(changed, network, NOTHING_KNOWN, CREATED_NS)) is not fits
    assert not order.is_in_time(order.end_ns)


def test_line_6_every_registration_has_an_end() -> None:
    """The only thing that licet keeps over time ends by itself."""
    assert judge(tunnel(), [registry(record())], OWNED, UNTIL_NS - 1).verdict == "registered"
    assert judge(tunnel(), [registry(record())], OWNED, UNTIL_NS).verdict == "unregistered"
    endless = OFFICE_REGISTRY.read_text().replace("until = 2028-01-01", "", 1)
    with pytest.raises(Exception, match="until"):
        _read_registry(endless)


def _read_registry(text: str) -> object:
    from licet.snapshot.registry_file import read_registry

    return read_registry("registry.toml", text.encode())


# 7. Allow beats block, and doubt lets through.


@pytest.mark.parametrize("status", sorted(COUNTING))
@pytest.mark.parametrize("policy", [Policy(), OWNED, PUBLIC])
def test_line_7_allow_beats_everything(status: str, policy: Policy) -> None:
    """One registration that counts outweighs a hold, a conflict and an end, in whatever order the registries come."""
    against = [
        registry(record(status="serverHold", service="SVC-HELD")),
        registry(record("192.0.2.10:1194/udp openvpn", service="SVC-OTHR")),
        registry(record(status="revoked", service="SVC-GONE")),
    ]
    for allow in (record(status=status), key_record(status=status), record("192.0.2.0/24 wireguard", status=status)):
        for registries in ([registry(allow), *against], [*against, registry(allow)]):
            assert judge(tunnel(matched_key="SVC-7F3K"), registries, policy, AT_NS).verdict == "registered"


@pytest.mark.parametrize("doubtful", [
    tunnel(grade="likely"), tunnel("192.0.2.10/gre", "gre"), tunnel(None, "tailscale", tunnel_class="mesh"),
    tunnel("192.0.2.10:443/tcp", "sstp"), tunnel("192.0.2.10:443/tcp", "anyconnect"), tunnel(None),
], ids=lambda one: f"{one.family}-{one.grade}-{one.tunnel_class}")  # fmt: skip
def test_line_7_doubt_is_never_unregistered(doubtful: object) -> None:
    for registries in ([], [registry()], [registry(record("192.0.2.10 ipsec"))], [registry(role="informs")]):
        for policy in (Policy(), OWNED, PUBLIC):
            assert judge(doubtful, registries, policy, AT_NS).verdict == "undetermined"  # type: ignore[arg-type]


def test_line_7_without_a_registry_nothing_is_unregistered() -> None:
    for capture in (OFFICE, *CAPTURES):
        assert {found["verdict"] for found in tunnels(capture)} <= {"undetermined"}


# 8. On the record.


@pytest.mark.parametrize("found", tunnels(OFFICE, "--registry", str(OFFICE_REGISTRY)), ids=endpoint)
def test_line_8_every_verdict_can_be_computed_again(found: dict[str, object]) -> None:
    """By anyone who has the capture and the registry: a verdict names all that it rests on, and a changed one falls."""
    assert all(one["rule"] and one["packets"] for one in found["evidence"])  # type: ignore[attr-defined]
    assert str(found["policy"]).startswith("sha256:")
    assert str(found["snapshot"]["digest"]).startswith("sha256:")  # type: ignore[index]
    again = ("replay", "-", str(OFFICE), "--registry", str(OFFICE_REGISTRY))
    assert run(*again, stdin=json.dumps(found)).status == 0
    other = next(verdict for verdict in VERDICTS if verdict != found["verdict"])
    assert run(*again, stdin=json.dumps({**found, "verdict": other})).status == 4


def test_line_8_the_same_input_gives_the_same_bytes() -> None:
    for format_name in FORMATS:
        options = ("scan", str(OFFICE), "--registry", str(OFFICE_REGISTRY), "--format", format_name)
        assert run(*options).stdout == run(*options).stdout


def test_line_8_what_a_run_left_out_is_said() -> None:
    """Every run ends with what was read, skipped and evicted, with units."""
    last = run("scan", str(OFFICE)).stderr.splitlines()[-1]
    assert re.fullmatch(
        r"[\d,]+ packets, [\d,]+ flows; (?:nothing skipped|skipped .*); (?:nothing evicted|evicted .*); "
        r"[\d.]+ s, [\d,]+ packets/s", last
    )


def test_line_8_every_published_count_says_its_unit_and_what_was_counted() -> None:
    """Each number of the report, in each of its forms; and the page of the report prints no count from elsewhere but
    what the directory and the snapshot have."""
    empty = count([], Period(date(2026, 1, 1), date(2026, 3, 31)), "example.net/log")
    told = json.loads(report_json(empty))["numbers"]
    assert len(told) == len(NUMBERS) > 40
    for one in told:
        assert one["unit"], one
        assert one["query"], one
        assert len(one["entries"]) == len(BY_NAME[one["name"]].queries)
        assert one["entries"] or one["query"].startswith("measured"), one
        assert one["value"] == 0 or (one["value"] is None and one["cases"] == 0) or not one["entries"], one
    rows = list(csv.DictReader(report_csv(empty).splitlines()))
    assert all(row["unit"] and row["query"] for row in rows)
    page = (ROOT / "src/licet/server/audit/templates/audit/report.html").read_text(encoding="utf-8")
    for printed in ("{{ line.value }}", "{{ line.unit }}", "{{ line.query }}", "{{ link }}"):
        assert printed in page
    drawn = "src/licet/server/audit/report_charts.py"
    assert "value_text(one)" in (ROOT / drawn).read_text(encoding="utf-8")
    assert "objects" not in (ROOT / drawn).read_text(encoding="utf-8"), "pictures are drawn from the report alone"


def test_line_8_nothing_moves_without_an_entry() -> None:
    """Only the journal makes a move of a table, and whoever has it make one writes the entry in the same function.
    Asking a table whether it would, and dropping its answer, moves nothing."""
    moved = 0
    for module in modules():
        if module.room != "server" or module.name.endswith(".journal"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef):
                dropped = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Expr)}
                found = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
                called = {dotted(one.func) for one in found}
                kept = [dotted(one.func) for one in found if id(one) not in dropped]
                assert not [name for name in kept if re.search(r"TABLE\.(?:move|begin)$", name)], node.name
                # The clock's `_move` hands its move on: there, whoever calls it writes.
                hands_on = {"_move"} if module.name.endswith(".due") else set()
                if called & {"journal.move", "journal.begin", "journal.go_on", *hands_on} and node.name not in hands_on:
                    moved += 1
                    assert "journal.write" in called, f"{module}: {node.name}"
    assert moved >= 10


@pytest.mark.parametrize("said", [
    {"details": {"address": "192.0.2.10"}}, {"details": {"address": "2001:db8::10"}},
    {"details": {"who": "Ada Example"}},
    {"client": "192.0.2.10"}, {"subject": "someone@example.net"}, {"reason": "a whole sentence"},
    {"role": "Mrs Example"},
])  # fmt: skip
def test_line_8_an_entry_holds_codes_and_no_person(said: dict[str, object]) -> None:
    leaf = next(log_leaves(1))
    assert read_entry(leaf).subject == "APP-00000000"
    with pytest.raises(Malformed):
        read_entry(json.dumps({**json.loads(leaf), **said}, sort_keys=True, separators=(",", ":")).encode())


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000",
                                  "tile/entries/001.p/44"])
def test_line_8_a_changed_log_is_found(tmp_path: Path, path: str) -> None:
    """Any byte of any file; a few are tried of each."""
    fill(tmp_path, 300)
    verify = ("log", "verify", str(tmp_path), "--key", str(LOG_KEY.verifier))
    assert run(*verify).status == 0
    raw = (tmp_path / path).read_bytes()
    for at in range(3, len(raw), max(1, len(raw) // 7)):
        (tmp_path / path).write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        assert run(*verify).status == 4, at


def test_line_8_a_log_is_never_forked(tmp_path: Path) -> None:
    """A second writer is stopped before it signs, and a log that was forked elsewhere does not continue this one."""
    store = fill(tmp_path / "log", 300)
    first, second = Writer(store, LOG_KEY), Writer(store, LOG_KEY)
    first.append([next(log_leaves(301, 300))])
    first.publish()
    with pytest.raises(LogBroken, match="fork_refused"):
        second.append([b"another"])
    other = fill(tmp_path / "other", 300)
    Writer(other, LOG_KEY).append([b"another"])
    Writer(other, LOG_KEY).publish()
    verify = ("log", "verify", str(other.folder), "--key", str(LOG_KEY.verifier))
    assert "(forked)" in run(*verify, "--since", str(tmp_path / "log/checkpoint")).stderr


# 9. No routing, no gateway adapters.


def test_line_9_no_routing_and_no_carrier_equipment() -> None:
    for path, text in texts():
        found = ROUTING.search(text)
        assert found is None, f"{path} says “{found[0]}”"


# 10. No lists of the unregistered on a public network.


def test_line_10_no_output_lists_the_unregistered_alone() -> None:
    """No format, option or command picks out what is not registered, to hand it on."""
    assert set(FORMATS) == {"table", "jsonl", "csv", "parquet", "html"}
    for words, command in commands():
        names = {*words, *(name for one in command.params if isinstance(one, click.Option) for name in one.opts)}
        for name in names:
            assert not re.search(r"unregistered|verdict|only|filter|export|feed|push|hook|upload", name), (
                f"licet {' '.join(words)}: {name}"
            )


def test_line_10_triage_makes_no_list_on_a_public_network(tmp_path: Path) -> None:
    config = tmp_path / "licet.toml"
    config.write_text('[network]\nkind = "public"\n')
    options = ("--config", str(config), "--registry", str(OFFICE_REGISTRY), "--file", str(tmp_path / "registry.toml"))
    done = run("triage", str(OFFICE), *options, stdin="n\n" * 20)
    assert "203.0.113.66" not in done.stdout


def test_line_10_nothing_leaves_the_machine() -> None:
    """No webhook, no export: what was seen is on standard output, or in files of this machine. What contacts an
    endpoint to prove whose it is cannot be reached from what sees: `test_seeing_never_leads_to_contacting`."""
    for module, top in imported_tops():
        assert top not in SENDING or (module, top) in CONTACTS | {LISTENING, PORT_ASKED}, f"{module} imports {top}"


# The charter and its tests hold each other.


def charter_lines() -> dict[int, str]:
    """The numbered lines of CHARTER.md, each with all its text."""
    parts = re.split(r"^(\d+)\. ", CHARTER.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {int(number): text.split("\n## ")[0] for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def house_tests() -> set[str]:
    """The names of all test functions in tests/house."""
    names: set[str] = set()
    for path in HOUSE.glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"}
    return names


def test_the_charter_has_ten_lines_and_each_names_its_tests() -> None:
    lines, there = charter_lines(), house_tests()
    assert list(lines) == list(range(1, 11))
    for number, text in lines.items():
        _, held, by = text.partition("Held by:")
        assert held, f"line {number} is held by nothing"
        named = set(re.findall(r"`(test_\w+)`", by))
        assert named, f"line {number} names no test"
        assert named <= there, f"line {number} names tests that do not exist: {named - there}"
        own = {name for name in there if name.startswith(f"test_line_{number}_")}
        assert own <= named, f"line {number} does not name {own - named}"
