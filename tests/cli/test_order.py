"""`licet order`, from a capture to two signatures by the real ssh-keygen on two machines' files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from house.outputs import OFFICE, OFFICE_REGISTRY, Run, run
from licet.app.report.parquet import OBSERVATION_COLUMNS, write_rows
from licet.app.snapshot_status import STATUS_NAME, Status, status_bytes
from licet.model.canonical import canonical_json, parse_time, time_text
from licet.model.order import read_order_file
from licet.order.limits import signed_problems
from licet.order.policy_file import read_policy
from licet.snapshot.store import SYNCED_NAME
from order.orders import COURT, HOUR_NS, NOTHING_KNOWN, REVIEWER
from support.ssh_keys import KeyPair, make_key, needs_ssh_keygen, ssh_keygen_holds

pytestmark = needs_ssh_keygen

NOW = "2026-11-24T09:00:00Z"
END = "203.0.113.66:443/udp"
WORDS = {
    "legal_ground": "Tunnel policy of Example Logistics", "legal_text_url": "https://example.net/tunnel-policy",
    "legal_text_quoted": "Tunnels to servers that are not on the register may be closed.",
    "text_covers": "Tunnels to servers", "decision_facts": "Seen in the capture of 23 November.",
    "lawful_uses_considered": "Remote work; the staff service is registered.",
    "necessity": "One server, for the shortest time.", "less_intrusive_tried": "Its contact was asked on 20 November.",
    "notice_to": "users of the network", "notice_via": "https://example.net/notices", "class": "datacentre",
    "class_source": "RDAP, 2026-11-23", "contact": "abuse@example.org",
}


class Desk:
    """A folder with a scan, a policy and two people's keys."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.order = folder, folder / "order.json"
        self.one, self.two = make_key(folder, "one"), make_key(folder, "two", "ecdsa", "256")
        self.policy = folder / "policy.toml"
        self.policy.write_text(policy_of(self.one, self.two))
        self.scan = folder / "scan.jsonl"
        self.scan.write_text(run("scan", str(OFFICE), "--registry", str(OFFICE_REGISTRY), "--format", "jsonl").stdout)

    def draft(self, *options: str, leave_out: tuple[str, ...] = (), **words: str) -> Run:
        said = {name: text for name, text in {**WORDS, **words}.items() if name not in leave_out}
        settings = [word for name, text in said.items() for word in ("--set", f"{name}={text}")]
        return run("order", "draft", str(self.scan), "--policy", str(self.policy), "--registry", str(OFFICE_REGISTRY),
                   "--author", str(self.one.private), "--at", NOW, "-o", str(self.order), *settings, *options)

    def sign(self, key: KeyPair, *options: str) -> Run:
        return run("order", "sign", str(self.order), "--policy", str(self.policy), "--key", str(key.private), "--at",
                   NOW, *options)

    def check(self, *rows: Path, options: tuple[str, ...] = ()) -> Run:
        return run("order", "check", str(self.order), *map(str, rows), "--policy", str(self.policy), "--registry",
                   str(OFFICE_REGISTRY), "--at", NOW, *options)


def policy_of(one: KeyPair, two: KeyPair) -> str:
    return f"""
[[network]]
name = "Example Logistics"
kind = "owned"
prefixes = ["192.0.2.0/24"]
organisation = "Example Logistics"
tunnel_policy_url = "https://example.net/tunnel-policy"
tunnel_policy_digest = "sha256:{'7' * 64}"
serves = "staff"
[[network.signer]]
code = "signer-1"
key = "{one.public}"
[[network.signer]]
code = "signer-2"
key = "{two.public}"
[[network.reviewer]]
code = "reviewer-1"
key = "{REVIEWER.key}"
[[network.adjudicator]]
code = "clerk-1"
key = "{COURT.key}"
act = "https://court.example.org/1"
"""


def rows(extra: tuple[dict[str, object], ...] = ()) -> Iterator[dict[str, object]]:
    """A day and a half of windows of a watch: the tunnel, and a web server on the same address."""
    at_ns = parse_time(NOW)
    for hour in range(1, 37):
        common = {"schema": "licet.observation/1", "sensor": "edge", "interface": "eth0",
                  "windowStart": time_text(at_ns - hour * HOUR_NS), "windowMilliseconds": 3_600_000, "clients": 3,
                  "flows": 4, "packets": 50, "bytes": 6_000}
        yield {**common, "kind": "tunnel", "endpoint": {"address": "203.0.113.66", "transport": "udp", "port": 443},
               "tunnelProtocol": "openvpn", "verdict": "unregistered", "registration": None}
        yield {**common, "kind": "other", "endpoint": {"address": "203.0.113.66", "transport": "tcp", "port": 443},
               "tunnelProtocol": "other"}
        for one in extra:
            yield {**common, **one}


def write_lines(path: Path, extra: tuple[dict[str, object], ...] = ()) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(extra)))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def desk(made: Desk) -> Desk:
    made.order.unlink(missing_ok=True)
    return made


def test_an_order_is_drafted_run_dry_and_signed_by_two_people(desk: Desk) -> None:
    assert "is drafted in" in desk.draft("--endpoint", END).stdout
    done = desk.sign(desk.one, "--yes")
    assert done.status == 0, done.stderr
    for shown in ("You sign as the author", '"schema":"licet.order/1"', "may be closed", END):
        assert shown in done.stderr
    done = desk.check(write_lines(desk.folder / "windows.jsonl"))
    assert (done.status, "●○" in done.stdout, "443/tcp" in done.stdout) == (0, True, True), done.stderr
    # The file goes to another machine; there, somebody else signs.
    elsewhere = desk.folder / "elsewhere.json"
    shutil.copy(desk.order, elsewhere)
    done = run("order", "sign", str(elsewhere), "--policy", str(desk.policy), "--key", str(desk.two.private), "--at",
               NOW, "--yes")
    assert "signed by its approver" in done.stdout, done.stderr
    file = read_order_file(elsewhere.read_bytes())
    network = read_policy("policy.toml", desk.policy.read_bytes())[0]
    assert signed_problems(file, network, NOTHING_KNOWN, parse_time(NOW)) == []
    # Anybody can verify it with ssh-keygen alone, as docs/orders.md shows.
    by_two, whole = file.signature_of("approver"), canonical_json(json.loads(elsewhere.read_bytes())["order"])
    assert by_two is not None
    assert ssh_keygen_holds(desk.folder, desk.two.public, by_two.armored, whole, "licet-order")
    shown = run("order", "show", str(elsewhere), "--at", NOW).stdout
    assert "● simulated ─ [● approved] ─ ○ noticed ─ ○ canary ─ ○ live" in shown
    assert "no effect before 2026-11-25T09:00:00Z (in 1 d 0 h)" in shown
    ticket = run("order", "show", str(elsewhere), "--at", NOW, "--format", "ticket").stdout
    assert "Go back: `licet enforce off`" in ticket
    assert "1 other service(s) on the same addresses go on; 0 registered" in ticket


def test_all_that_are_certain_and_not_registered_come_into_one_draft(desk: Desk) -> None:
    assert desk.draft("--all").status == 0
    file = read_order_file(desk.order.read_bytes())
    assert [str(one.endpoint) for one in file.order.endpoints] == [END, "203.0.113.90:443/tcp"]
    assert len(file.evidence) == 2
    again = desk.order.read_bytes()
    desk.draft("--all")
    assert desk.order.read_bytes() == again


@pytest.mark.parametrize(("options", "words", "leave_out", "says"), [
    (("--endpoint", "198.51.100.10:51820/udp"), {}, (), "registered_endpoint"),
    (("--endpoint", "198.51.100.44:51820/udp"), {}, (), "not_certain"),
    (("--endpoint", "203.0.113.80:51820/udp"), {}, (), "conflict_without_notice"),
    (("--endpoint", "192.0.2.99:51820/udp"), {}, (), "was not seen: an order cites evidence"),
    ((), {}, (), "was not seen"),
    (("--endpoint", END), {}, ("necessity",), "necessity: say why this is needed"),
    (("--endpoint", END), {}, ("class",), "Look it up"),
    (("--endpoint", END), {"class": "residential"}, (), "class_not_orderable"),
    (("--endpoint", END), {"legal_text_url": "https://example.org/other"}, (), "other_policy"),
    (("--endpoint", END, "--end", "2027-06-01"), {}, (), "life_too_long"),
    (("--endpoint", END, "--set", "colour=red"), {}, (), "is not known"),
])
def test_what_the_limits_refuse_is_refused_and_nothing_is_written(
    desk: Desk, options: tuple[str, ...], words: dict[str, str], leave_out: tuple[str, ...], says: str,
) -> None:
    done = desk.draft(*options, leave_out=leave_out, **words)
    assert done.status == 3
    assert says in done.stderr
    assert not desk.order.exists()


def test_an_order_of_an_open_case_may_begin_at_once_and_on_a_public_network_never(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = desk.draft("--endpoint", END, "--begin", "2026-11-24T08:59:00Z")  # a minute before it was written
    assert done.status == 0
    assert "only while its case is open" in done.stderr
    order = read_order_file(desk.order.read_bytes()).order
    assert order.application_ns == order.created_ns
    assert desk.sign(desk.one, "--yes").status == 0
    assert "its case is open" not in desk.draft("--endpoint", END).stderr
    public = tmp_path / "policy.toml"
    public.write_text(desk.policy.read_text().replace('kind = "owned"', 'kind = "public"\nnever_block = []'))
    monkeypatch.setattr(desk, "policy", public)
    refused = desk.draft("--endpoint", END, "--begin", NOW)
    assert (refused.status, "notice_too_short" in refused.stderr) == (3, True)


def test_words_come_from_a_file_too(desk: Desk) -> None:
    ends = ("class", "class_source", "contact")
    lines = [f"{name} = {json.dumps(text)}" for name, text in WORDS.items() if name not in ends]
    lines += [f'[endpoint."{END}"]', *(f"{name} = {json.dumps(WORDS[name])}" for name in ends)]
    texts = desk.folder / "texts.toml"
    texts.write_text("\n".join(lines))
    assert desk.draft("--endpoint", END, "--texts", str(texts), leave_out=tuple(WORDS)).status == 0
    texts.write_text("necessity = 3")
    assert "is a text, in quotes" in desk.draft("--endpoint", END, "--texts", str(texts)).stderr


def test_one_person_cannot_be_both_and_the_second_signs_after_the_first(desk: Desk) -> None:
    desk.draft("--endpoint", END)
    assert "the second person signs after the first" in desk.sign(desk.two, "--yes").stderr
    assert desk.sign(desk.one, "--yes").status == 0
    assert "somebody else has to approve it" in desk.sign(desk.one, "--yes").stderr
    stranger = make_key(desk.folder, f"stranger-{len(list(desk.folder.iterdir()))}")
    assert "may not sign orders of Example Logistics" in desk.sign(stranger, "--yes").stderr
    assert "dry_run_missing" in desk.sign(desk.two, "--yes").stderr


def test_nothing_is_signed_unless_somebody_says_so(desk: Desk) -> None:
    desk.draft("--endpoint", END)
    before = desk.order.read_bytes()
    done = run("order", "sign", str(desk.order), "--policy", str(desk.policy), "--key", str(desk.one.private), "--at",
               NOW, stdin="n\n")
    assert (done.status, "Nothing was signed" in done.stderr) == (3, True)
    assert desk.order.read_bytes() == before


def test_what_was_changed_between_the_two_is_not_signed(desk: Desk) -> None:
    desk.draft("--endpoint", END)
    desk.sign(desk.one, "--yes")
    members = json.loads(desk.order.read_bytes())
    members["order"]["necessity"] = "Something that the author never wrote."
    desk.order.write_text(json.dumps(members))
    desk.check(write_lines(desk.folder / "windows.jsonl"))
    done = desk.sign(desk.two, "--yes")
    assert (done.status, "did not sign this text" in done.stderr) == (4, True)


@pytest.mark.parametrize(("extra", "says"), [
    ({"kind": "other", "endpoint": {"address": "203.0.113.66", "transport": "udp", "port": 443},
      "tunnelProtocol": "other"}, "tenancy_shared"),
    ({"kind": "tunnel", "endpoint": {"address": "203.0.113.66", "transport": "udp", "port": 443},
      "tunnelProtocol": "openvpn", "verdict": "registered", "registration": "SVC-7F3K"}, "registered_overlap"),
])
def test_a_dry_run_that_meets_others_ends_the_order(desk: Desk, extra: dict[str, object], says: str) -> None:
    desk.draft("--endpoint", END)
    desk.sign(desk.one, "--yes")
    done = desk.check(write_lines(desk.folder / "windows.jsonl", (extra,)))
    assert (done.status, says in done.stderr) == (3, True)
    assert says in desk.sign(desk.two, "--yes").stderr


def test_a_name_that_is_never_blocked_and_too_few_rows_are_said(desk: Desk) -> None:
    desk.draft("--endpoint", END)
    empty = desk.folder / "empty"
    empty.mkdir(exist_ok=True)
    done = desk.check(empty, options=("--name", "203.0.113.66=epdg.example.net"))
    assert done.status == 3
    for code in ("tenancy_unknown", "never_block_name"):
        assert code in done.stderr


def test_parquet_of_a_watch_and_its_json_give_the_same_report(desk: Desk) -> None:
    desk.draft("--endpoint", END)
    folder = desk.folder / "windows"
    folder.mkdir(exist_ok=True)
    write_rows(str(folder / "eth0.parquet"), rows(), OBSERVATION_COLUMNS)  # type: ignore[arg-type]
    as_json = ("--format", "json")
    reports = [desk.check(one, options=as_json).stdout for one in (folder, write_lines(desk.folder / "windows.jsonl"))]
    assert reports[0] == reports[1]
    assert json.loads(reports[0])["endpoints"][0]["matched"][0]["windows"] == 36


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b'{"schema": "licet.order-file/1"}', b"[" * 10_000])
def test_a_file_that_is_no_order_is_said_in_a_sentence(desk: Desk, raw: bytes) -> None:
    desk.order.write_bytes(raw)
    for done in (run("order", "show", str(desk.order)), desk.sign(desk.one, "--yes")):
        assert done.status == 3
        assert done.stderr.startswith("licet: ")
        assert "Traceback" not in done.stderr


def test_rows_that_are_none_are_said_in_a_sentence(desk: Desk) -> None:
    desk.draft("--endpoint", END)
    broken = desk.folder / "broken.jsonl"
    broken.write_text('{"schema": "licet.observation/1"}\n')
    assert "line 1" in desk.check(broken).stderr
    (desk.folder / "broken.parquet").write_bytes(b"PAR1")
    assert "cannot be read" in desk.check(desk.folder / "broken.parquet").stderr
    assert "is no folder" in desk.check(desk.folder / "nothing").stderr


def test_a_registry_that_is_stale_is_said_before_anything_is_drafted_or_run_dry(desk: Desk, tmp_path: Path) -> None:
    """Whoever was registered since is not in it."""
    copy = tmp_path / "registry"
    copy.mkdir()
    shutil.copy(OFFICE_REGISTRY, copy / SYNCED_NAME)
    status = Status("https://registry.example.net/tuf", 1, "sha256:0", 0, 10**9, 1, (), None)
    (copy / STATUS_NAME).write_bytes(status_bytes(status))
    for done in (desk.draft("--endpoint", END, "--registry", str(copy)),
                 desk.check(desk.scan, options=("--registry", str(copy)))):
        assert "this registry is stale since 1970-01-01T00:00:01Z" in done.stderr
