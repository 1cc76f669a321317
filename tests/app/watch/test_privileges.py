"""Rights: whom the process becomes, and that nothing is left of what it had."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys

import pytest

from licet.app.watch.privileges import choose_user
from licet.errors import BadInput

NOBODY = pwd.getpwnam("nobody")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="not root: rights can only be given up by who has them")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("SUDO_UID", raising=False)


@pytest.mark.usefixtures("as_root")
def test_root_becomes_nobody() -> None:
    assert choose_user(None) == (NOBODY.pw_uid, NOBODY.pw_gid)


@pytest.mark.usefixtures("as_root")
def test_root_becomes_who_is_named() -> None:
    daemon = pwd.getpwnam("daemon")
    assert choose_user("daemon") == (daemon.pw_uid, daemon.pw_gid)


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("number", ["", "0", "x", "-1", "4000000000"])
def test_a_caller_that_is_none_or_root_is_nobody(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", number)
    assert choose_user(None) == (NOBODY.pw_uid, NOBODY.pw_gid)


@pytest.mark.usefixtures("as_root")
def test_who_called_sudo_is_who_it_becomes(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = pwd.getpwnam("daemon")
    monkeypatch.setenv("SUDO_UID", str(daemon.pw_uid))
    assert choose_user(None) == (daemon.pw_uid, daemon.pw_gid)


@pytest.mark.usefixtures("as_root")
def test_a_user_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BadInput, match="there is no user “no-such-user”"):
        choose_user("no-such-user")


def test_who_is_not_root_stays_and_may_not_name_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert choose_user(None) is None
    with pytest.raises(BadInput, match="only root can become another user"):
        choose_user("nobody")


PROGRAM = """
import os
from licet.app.watch.privileges import choose_user, give_up
give_up(choose_user(None))
for line in open("/proc/self/status"):
    if line.split(":")[0] in ("CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Uid", "Gid", "Groups"):
        print(" ".join(line.split()))
try:
    os.setuid(0)
    print("root again")
except PermissionError:
    print("never root again")
"""
NOTHING = ["CapInh: " + "0" * 16, "CapPrm: " + "0" * 16, "CapEff: " + "0" * 16, "CapAmb: " + "0" * 16, "NoNewPrivs: 1"]


def status_of(*before: str) -> list[str]:
    env = {name: value for name, value in os.environ.items() if name != "SUDO_UID"}
    command = [*before, sys.executable, "-c", PROGRAM]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout.splitlines()


@AS_ROOT
def test_nothing_is_left_of_root() -> None:
    found = status_of()
    ids = " ".join([str(NOBODY.pw_uid)] * 4)
    assert set(NOTHING) <= set(found)
    assert f"Uid: {ids}" in found
    assert f"Gid: {' '.join([str(NOBODY.pw_gid)] * 4)}" in found
    assert "Groups:" in found
    assert found[-1] == "never root again"


@AS_ROOT
def test_nothing_is_left_of_the_one_right_that_a_service_was_given() -> None:
    """As systemd starts it with AmbientCapabilities=CAP_NET_RAW and a user of its own."""
    user = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    found = status_of(*user, "--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw")
    assert set(NOTHING) <= set(found)
    assert f"Uid: {' '.join([str(NOBODY.pw_uid)] * 4)}" in found
