"""Windows judged; the registries they are judged by, and what may be looked at on this network.

On an owned network every sieve is open. On any other (one that is public, or of which nobody said that it is owned)
charter line 10 holds: only registered endpoints are looked at, everything else is counted by transport, and a count
under COUNT_MIN is not shown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from licet.app.catalogue import RECOGNISERS
from licet.app.config import Config
from licet.app.results import JudgedTunnel
from licet.app.scan import Scanner, open_registries
from licet.app.snapshot_status import read_statuses, stale_sentences
from licet.app.tunnels import Network, group
from licet.app.watch.window import Window
from licet.errors import LicetError
from licet.flow.listed import Listed, span_of
from licet.judge import Policy, Registry
from licet.judge.policy import OWNED
from licet.model.sieve import Sieve, only_listed

if TYPE_CHECKING:
    from licet.snapshot import Snapshot

COUNT_MIN = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What may be looked at. is_owned: whether the operator said that the network is theirs; sieves: of all
    recognisers; listed: where sieves that are only_listed look."""

    is_owned: bool
    sieves: tuple[Sieve, ...]
    listed: Listed


@dataclass(frozen=True, slots=True)
class JudgedWindow:
    """A window with its tunnels judged, as it may be shown: on a network that is not owned `window.others` is empty and
    `window.transports` has no small count."""

    window: Window
    tunnels: tuple[JudgedTunnel, ...]


class Judging:
    """registry_paths: as named on the command line; config: the operator's licet.toml, or None."""

    def __init__(self, registry_paths: Sequence[str], config: Config | None) -> None:
        self._paths, self._config = tuple(registry_paths), config
        self.is_owned = config is not None and config.network_kind == OWNED
        self.inside: tuple[Network, ...] = () if config is None else config.prefixes
        self.problem: str | None = None
        self._load()

    def _load(self) -> None:
        """Read the registries. Raises BadInput."""
        self._registries = open_registries(self._paths, self._config)
        configured = () if self._config is None else (source.path for source in self._config.registries)
        self._statuses = read_statuses((*self._paths, *configured))
        self.scanner = self._scanner(self._registries)

    def reload(self) -> bool:
        """Read the registries again. Where that fails, those that were read before stay, and `problem` says why."""
        try:
            self._load()
        except LicetError as error:
            self.problem = f"the registries could not be read again, those from before stay: {error}"
            return False
        self.problem = None
        return True

    def stale(self, at_ns: int) -> list[str]:
        """A sentence for each registry that was synced and may no longer be the newest."""
        return list(stale_sentences(self._statuses, at_ns))

    def _scanner(self, registries: Sequence[Registry]) -> Scanner:
        kind = None if self._config is None else self._config.network_kind
        return Scanner(registries, inside=self.inside, policy=Policy(kind), timelines=False, ladders=False)

    def look(self) -> Look:
        """What a flow table may look at now."""
        sieves = tuple(recogniser.sieve for recogniser in RECOGNISERS)
        if self.is_owned:
            return Look(True, sieves, Listed())
        return Look(False, tuple(map(only_listed, sieves)), registered_endpoints(self._registries))

    def judged(self, window: Window) -> JudgedWindow:
        """Group the window's flows into tunnels and judge them."""
        tunnels = tuple(self.scanner.judged(tunnel) for tunnel in group(window.interface, window.served))
        if self.is_owned:
            return JudgedWindow(window, tunnels)
        shown = {name: counts for name, counts in window.transports.items() if counts[0] >= COUNT_MIN}
        return JudgedWindow(window._replace(others=(), transports=shown), tunnels)


def registered_endpoints(registries: Sequence[Registry]) -> Listed:
    """Every endpoint and prefix of the registries, whatever its status. What is registered by key alone has none."""
    return Listed(
        span_of(ipaddress.ip_network(record.address), record.transport, record.port)
        for registry in registries for record in cast("Snapshot", registry.snapshot).records
        if record.address is not None
    )
