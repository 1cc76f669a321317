"""The key ceremony as people hold it, command by command; and each group of keys replaced, with clients that follow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from house.outputs import run
from licet.app.snapshot_sync import Synced, sync
from licet.app.tuf_keys import make_starter, open_key
from licet.errors import Refused
from licet.model.canonical import sha256_digest
from licet.snapshot.form import Header, write_form
from licet.tuf.index import Numbered
from licet.tuf.publisher import Offer, Step, publish
from licet.tuf.store import PublishedFolder
from order.orders import policy_toml
from support.published import NAME, now, records, serving

PASSPHRASE = "four words nobody joins"
HOLDERS = ("alice", "bea", "carl", "dora", "emil", "fay", "gus")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess at a passphrase costs a fifth of a second on purpose; here nobody guesses."""
    monkeypatch.setattr("licet.tuf.signer._SCRYPT_N", 2)


class Table:
    """A table around which people meet. Each has a key; the server has its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.set = folder / "licet-data/tuf"
        (folder / "pass").write_text(PASSPHRASE + "\n")
        self.online = folder / "licet-data/online_keys"
        self.online.mkdir(parents=True, mode=0o700)
        self.numbers = 0
        for name in HOLDERS:
            self.new(name)
        self.new("online", online=True)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def new(self, name: str, online: bool = False) -> None:
        """Make a key; hand on its public half."""
        where = str(self.online / f"{name}.key") if online else self.path(f"{name}.key")
        words = ["--online"] if online else ["--passphrase-file", self.path("pass")]
        done = run("keys", "new", "-o", where, *words)
        assert done.status == 0, done.stderr
        (self.folder / f"{name}.pub").write_text(done.stdout)

    def groups(self, **groups: str) -> list[str]:
        """Options that name people: root="alice bea"."""
        return [word for group, names in groups.items() for name in names.split()
                for word in (f"--{group}-key", self.path(f"{name}.pub"))]

    def draft(self, kind: str, name: str, *words: str) -> None:
        done = run("keys", kind, "-o", self.path(name), *words)
        assert done.status == 0, done.stderr

    def sign(self, name: str, holders: str, *words: str) -> str:
        """Everybody signs in turn; what the last one was told."""
        text = ""
        for holder in holders.split():
            done = run("keys", "sign", self.path(name), "--key", self.path(f"{holder}.key"), "--yes",
                       "--passphrase-file", self.path("pass"), *words)
            assert done.status == 0, done.stderr
            text = done.stdout + done.stderr
        return text

    def install(self, *names: str, status: int = 0) -> str:
        done = run("keys", "install", *(self.path(name) for name in names), "--to", str(self.set))
        assert done.status == status, done.stderr
        return done.stdout + done.stderr

    def begin(self) -> None:
        """The first ceremony: two of three for the root, two of three for the policy."""
        self.draft("root", "root.json", *self.groups(root="alice bea carl", policy="dora emil fay", online="online"))
        self.draft("policy", "targets.json", *self.groups(online="online"))
        self.sign("root.json", "alice bea")
        self.sign("targets.json", "dora emil", "--root", self.path("root.json"))
        self.install("root.json", "targets.json")

    def publish(self) -> None:
        """The next number, by the keys that are on the server."""
        self.numbers += 1
        raw = write_form(Header(self.numbers, NAME, None), records(10 + self.numbers))
        keys = [open_key(str(path), lambda: "") for path in sorted(self.online.glob("*.key"))]
        step = Step(Numbered(self.numbers, sha256_digest(raw)), None)
        store = PublishedFolder(self.set)
        with store.hold():
            publish(store, keys, Offer(NAME, [step], lambda: raw), now() + timedelta(seconds=self.numbers))

    def follow(self, client: str = "copy", root: str | None = None) -> Synced:
        with serving(self.set) as server:
            return sync(server.url, self.path(client), root, now())


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


@pytest.fixture
def running(table: Table) -> Table:
    """A registry whose first ceremony is over, and a client that knows it."""
    table.begin()
    table.publish()
    table.follow(root=table.path("root.json"))
    return table


def test_the_first_ceremony(table: Table) -> None:
    table.draft("root", "root.json", *table.groups(root="alice bea carl", policy="dora emil fay", online="online"))
    table.draft("policy", "targets.json", *table.groups(online="online"))
    assert "signed by 1 of 2 of the root keys of version 1: 1 more needed" in table.sign("root.json", "alice")
    assert "1 more must sign it" in table.install("root.json", "targets.json", status=3)
    assert not (table.set / ".publisher/pending").exists()
    told = table.sign("root.json", "bea")
    assert "signed by 2 of 2 of the root keys of version 1: enough" in told
    assert "enough" in table.sign("targets.json", "dora fay", "--root", table.path("root.json"))
    assert table.install("root.json", "targets.json").count("is signed by enough") == 2
    table.publish()
    shown = run("keys", "show", table.path("root.json")).stdout
    found = re.search(r"^fingerprint (sha256:[0-9a-f]{64})$", shown, re.MULTILINE)
    assert found is not None
    done = table.follow(root=found[1])
    assert (done.status.serial, done.status.root_version, done.is_starter) == (1, 1, False)


def test_what_is_signed_is_shown_and_asked_for(table: Table) -> None:
    table.draft("root", "root.json", *table.groups(root="alice bea", policy="dora", online="online"))
    before = (table.folder / "root.json").read_bytes()
    words = ("keys", "sign", table.path("root.json"), "--key", table.path("alice.key"), "--passphrase-file",
             table.path("pass"))
    for answer in ("n\n", ""):
        with pytest.raises(click.Abort):
            run(*words, stdin=answer)
        assert (table.folder / "root.json").read_bytes() == before
    done = run(*words, stdin="y\n")
    assert done.status == 0
    assert "root: 2 of 2" in done.stdout
    assert (table.folder / "alice.pub").read_text().strip() in done.stdout


def test_a_holder_of_the_root_is_replaced(running: Table) -> None:
    """Enough of the old ones and enough of the new ones sign, each as often as they are; clients follow."""
    running.draft("root", "2.json", "--after", running.path("root.json"), *running.groups(root="alice bea gus"))
    before = ("--root", running.path("root.json"))
    told = running.sign("2.json", "alice gus", *before)
    assert "signed by 1 of 2 of the root keys of version 1: 1 more needed" in told
    assert "signed by 2 of 2 of the root keys of version 2: enough" in told
    assert "of the root keys of version 1" in running.install("2.json", status=3)
    running.sign("2.json", "bea", *before)
    running.install("2.json")
    running.publish()
    assert running.follow().status.root_version == 2
    # Who left cannot sign the next one, and who knew only the first root follows all the same.
    running.draft("root", "3.json", "--after", running.path("2.json"), *running.groups(root="alice bea carl"))
    assert "signed by 1 of 2 of the root keys of version 2" in running.sign("3.json", "carl alice", "--root",
                                                                            running.path("2.json"))
    assert running.follow("another", root=running.path("root.json")).status.root_version == 2
    second = sha256_digest((running.folder / "2.json").read_bytes())
    assert running.follow("third", root=second).status.root_version == 2
    assert running.follow(root=second).status.root_version == 2  # who followed it may also be given it


def test_the_policy_keys_are_replaced(running: Table) -> None:
    running.draft("root", "2.json", "--after", running.path("root.json"), *running.groups(policy="fay gus"))
    running.sign("2.json", "alice carl", "--root", running.path("root.json"))
    assert "names other policy keys" in running.install("2.json")
    with pytest.raises(Refused, match="is not signed by the policy keys"):
        running.publish()
    assert running.follow().status.serial == 1  # what was published stays
    running.draft("policy", "targets2.json", "--after", running.path("targets.json"))
    assert "0 of 2" in run("keys", "show", running.path("targets2.json"), "--root", running.path("2.json")).stdout
    running.sign("targets2.json", "dora", "--root", running.path("2.json"))
    assert "2 more must sign it" in running.install("targets2.json", status=3)
    running.sign("targets2.json", "fay gus", "--root", running.path("2.json"))
    running.install("targets2.json")
    running.publish()
    done = running.follow()
    assert (done.status.root_version, done.status.serial) == (2, 3)


def test_the_key_of_the_server_is_replaced(running: Table) -> None:
    running.new("online2", online=True)
    running.draft("root", "2.json", "--after", running.path("root.json"), *running.groups(online="online2"))
    running.draft("policy", "targets2.json", "--after", running.path("targets.json"), *running.groups(online="online2"))
    running.sign("2.json", "bea carl", "--root", running.path("root.json"))
    running.sign("targets2.json", "emil fay", "--root", running.path("2.json"))
    running.install("2.json", "targets2.json")
    running.publish()
    (running.online / "online.key").unlink()
    running.publish()
    assert running.follow().status.serial == 3
    (running.online / "online2.key").unlink()
    running.new("online3", online=True)
    with pytest.raises(Refused, match="not those that"):
        running.publish()


def test_a_policy_is_published_by_its_keys(running: Table) -> None:
    policy = running.folder / "policy.toml"
    policy.write_text(policy_toml())
    running.draft("policy", "targets2.json", "--after", running.path("targets.json"), "--policy", str(policy))
    words = ("--root", running.path("root.json"))
    told = running.sign("targets2.json", "dora", *words)
    assert "publishes policy/policy.toml, sha256:" in told
    assert "what is in the policy is not shown" in told
    told = running.sign("targets2.json", "emil", *words, "--policy", str(policy))
    assert "network “Example Logistics, Hamburg”: owned, 2 prefixes, 1 places never blocked" in told
    assert "signs orders: signer-1 ssh-ed25519 " in told
    assert "give its file with --policy" in running.install("targets2.json", status=3)
    other = running.folder / "other.toml"
    other.write_text(policy_toml("public"))
    assert run("keys", "sign", running.path("targets2.json"), "--key", running.path("fay.key"), "--yes",
               "--passphrase-file", running.path("pass"), "--policy", str(other)).status == 3
    words = ("keys", "install", running.path("targets2.json"), "--to", str(running.set), "--policy")
    assert "its digest is another one" in run(*words, str(other)).stderr
    assert run(*words, str(policy)).status == 0
    running.publish()
    assert running.follow().has_policy
    assert (running.folder / "copy/policy.toml").read_bytes() == policy.read_bytes()


def test_a_policy_that_nobody_could_act_by_is_not_drafted(running: Table) -> None:
    policy = running.folder / "policy.toml"
    policy.write_text(policy_toml("mine"))
    done = run("keys", "policy", "-o", running.path("targets2.json"), "--after", running.path("targets.json"),
               "--policy", str(policy))
    assert (done.status, str(policy) in done.stderr) == (3, True)
    assert not (running.folder / "targets2.json").exists()


def test_people_take_over_from_the_keys_that_a_server_made_for_itself(table: Table) -> None:
    starter = table.folder / "starter_keys"
    (table.online / "online.key").unlink()
    assert not make_starter(table.set, table.online, starter, now())  # somebody brought keys of their own
    table.online.rmdir()
    assert make_starter(table.set, table.online, starter, now())
    first = str(table.set / "metadata/1.root.json")
    table.publish()
    assert table.follow(root=first).is_starter
    table.draft("root", "2.json", "--after", first, *table.groups(root="alice bea carl", policy="dora emil fay"))
    table.draft("policy", "targets2.json", "--after", str(table.set / "metadata/1.targets.json"))
    done = run("keys", "sign", table.path("2.json"), "--key", str(starter / "root.key"), "--root", first, "--yes")
    assert done.status == 0, done.stderr
    table.sign("2.json", "alice bea", "--root", first)
    table.sign("targets2.json", "dora emil", "--root", table.path("2.json"))
    table.install("2.json", "targets2.json")
    table.publish()
    done2 = table.follow()
    assert (done2.status.root_version, done2.is_starter) == (2, False)


@pytest.mark.parametrize(("words", "told"), [
    (lambda t: ("root", "--root-key", t.path("alice.pub"), "--root-key", t.path("alice.pub"), "--policy-key",
                t.path("dora.pub"), "--online-key", t.path("online.pub")), "stands twice"),
    (lambda t: ("root", "--root-key", t.path("alice.pub"), "--root-threshold", "2", "--policy-key", t.path("dora.pub"),
                "--online-key", t.path("online.pub")), "2 of them cannot sign"),
    (lambda t: ("root", "--root-key", t.path("online.pub"), "--policy-key", t.path("dora.pub"), "--online-key",
                t.path("online.pub")), "named for the server and for a holder"),
    (lambda t: ("root", "--root-key", t.path("alice.pub")), "names all three groups"),
    (lambda t: ("root", "--root-key", "nobody"), "is no public key"),
    (lambda t: ("root", "--root-key", "ed25519:AAAA"), "is no public key"),
    (lambda t: ("root", "--root-key", t.path("alice.key")), "is no public key"),
    (lambda t: ("root", "--root-threshold", "2"), "none of its keys"),
    (lambda t: ("root", "--after", t.path("alice.pub")), "no TUF metadata"),
    (lambda t: ("policy",), "--online-key"),
])
def test_a_draft_that_could_not_hold_is_refused(table: Table, words: Callable[[Table], tuple[str, ...]],
                                                told: str) -> None:
    kind, *rest = words(table)
    done = run("keys", kind, "-o", table.path("draft.json"), *rest)
    assert (done.status, told in done.stderr) == (3, True), done.stderr
    assert not (table.folder / "draft.json").exists()


def test_nothing_is_overwritten(table: Table) -> None:
    before = (table.folder / "alice.key").read_bytes()
    words = ("keys", "new", "-o", table.path("alice.key"), "--passphrase-file", table.path("pass"))
    assert "is not overwritten" in run(*words).stderr
    assert (table.folder / "alice.key").read_bytes() == before
    table.begin()
    again = run("keys", "policy", "-o", table.path("targets.json"), *table.groups(online="online"))
    assert (again.status, "is not overwritten" in again.stderr) == (3, True)


def test_lists_come_one_after_another(running: Table) -> None:
    assert "2 is the next one" in running.install("root.json", status=3)
    assert "2 is the next one" in running.install("targets.json", status=3)
    running.draft("root", "2.json", "--after", running.path("root.json"))
    running.draft("root", "3.json", "--after", running.path("2.json"))
    running.sign("3.json", "alice bea", "--root", running.path("2.json"))
    assert "2 is the next one" in running.install("3.json", status=3)
    timestamp = running.set / "metadata/timestamp.json"
    assert "which no person signs" in run("keys", "install", str(timestamp), "--to", str(running.set)).stderr


def test_the_wrong_key_does_not_count(running: Table) -> None:
    running.draft("root", "2.json", "--after", running.path("root.json"))
    told = running.sign("2.json", "dora gus emil", "--root", running.path("root.json"))
    assert told.rpartition("has your signature")[2].count("signed by 0 of 2") == 2
    assert "none of those that count here" in told
    assert "0 of 2" in running.install("2.json", status=3)


def test_signing_twice_counts_once(table: Table) -> None:
    table.draft("root", "root.json", *table.groups(root="alice bea", policy="dora", online="online"))
    table.sign("root.json", "alice")
    again = run("keys", "sign", table.path("root.json"), "--key", table.path("alice.key"), "--yes", "--passphrase-file",
                table.path("pass"))
    assert (again.status, "already" in again.stderr) == (3, True)


def test_a_key_is_sealed(table: Table, tmp_path: Path) -> None:
    text = (table.folder / "alice.key").read_text()
    assert "secret" not in text
    assert (table.folder / "alice.key").stat().st_mode & 0o777 == 0o600
    assert run("keys", "show", table.path("alice.key")).stdout == (table.folder / "alice.pub").read_text()
    (tmp_path / "wrong").write_text("another passphrase\n")
    (tmp_path / "short").write_text("short\n")
    table.draft("root", "root.json", *table.groups(root="alice", policy="dora", online="online"))
    words = ("keys", "sign", table.path("root.json"), "--key", table.path("alice.key"), "--yes", "--passphrase-file")
    assert run(*words, str(tmp_path / "wrong")).status == 4
    assert run(*words, str(tmp_path / "none")).status == 3
    assert "at least 12 characters" in run("keys", "new", "-o", table.path("x.key"), "--passphrase-file",
                                           str(tmp_path / "short")).stderr
    assert not (table.folder / "x.key").exists()


@pytest.mark.parametrize("change", [
    lambda found: found.update(sealed=found["sealed"][:-2] + ("00" if found["sealed"][-2:] != "00" else "01")),
    lambda found: found.update(public="ed25519:" + "A" * 43 + "="), lambda found: found.update(salt="zz"),
    lambda found: found.pop("nonce"), lambda found: found.update(schema="another/1"),
    lambda found: found.update(nonce=""),
])
def test_a_key_that_was_changed_is_refused(table: Table, change: Callable[[dict[str, Any]], None]) -> None:
    path = table.folder / "alice.key"
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))
    table.draft("root", "root.json", *table.groups(root="bea", policy="dora", online="online"))
    done = run("keys", "sign", table.path("root.json"), "--key", str(path), "--yes", "--passphrase-file",
               table.path("pass"))
    assert done.status in (3, 4)
    assert "Traceback" not in done.stderr
    assert PASSPHRASE not in done.stderr
