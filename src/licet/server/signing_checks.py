"""What would keep snapshots from being signed, or clients from believing them: for `licet serve --check`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from licet.errors import BadFile, Refused
from licet.server.deployment import Deployment
from licet.server.snapshot_signing import online_keys
from licet.tuf.layout import ROOT, TARGETS
from licet.tuf.state import SetState, read_state
from licet.tuf.store import PublishedFolder

OFFLINE = {
    ROOT: ("the root", "its holders sign a next one: licet keys root --after"),
    TARGETS: ("the policy keys' list", "its holders sign a next one: licet keys policy --after"),
}


def signing_problems(deployment: Deployment, at: datetime) -> Iterator[str]:
    """Each in one sentence, with what to do."""
    is_elsewhere = deployment.table.database and not deployment.tuf_path.exists()
    if is_elsewhere:
        return  # another machine of this registry signs
    try:
        keys = online_keys(deployment)
        state = read_state(PublishedFolder(deployment.tuf_path))
    except Refused as error:
        yield f"{error}. `licet serve` makes keys for a start, where there are none"
        return
    except BadFile as error:
        yield str(error)
        return
    if not keys:
        yield (f"{deployment.online_keys_path} has no key: nothing new is signed, and every copy is stale after a day. "
               "Bring the key back, or make another (docs/keys.md)")
    elif not {key.public_text for key in keys} & set(state.online):
        yield (f"the keys in {deployment.online_keys_path} are none of those that the root lets publish: nothing new "
               "is signed. Let root and policy keys name them (docs/keys.md)")
    yield from _starter(deployment, state)
    yield from _ends(state, at)


def _starter(deployment: Deployment, state: SetState) -> Iterator[str]:
    if state.is_starter and not deployment.is_demo:
        yield (f"the keys of the root were made for the start of this registry and lie in "
               f"{deployment.starter_keys_path}: whoever has the server has them. People make their own (docs/keys.md)")
    elif not state.is_starter and deployment.starter_keys_path.exists():
        yield f"{deployment.starter_keys_path} holds keys that count for nothing any more: delete it"
    if state.is_waiting:
        yield "offline keys made something that is not published yet: the clock does it in a minute, or says why not"


def _ends(state: SetState, at: datetime) -> Iterator[str]:
    for role, end in state.soon(at):
        when = f"is over since {end:%Y-%m-%d %H:%M} UTC" if end <= at else f"is over at {end:%Y-%m-%d %H:%M} UTC"
        if role in OFFLINE:
            name, remedy = OFFLINE[role]
            yield f"{name} {when}, and then nobody believes a snapshot: {remedy}"
        else:
            yield f"the list of the role {role} {when}: the clock should have signed it again; see the diagnostics"
