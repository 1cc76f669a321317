"""The draft of an order from what an officer typed in: the same that `licet order draft` makes, and nothing more.

What comes out is a file for two people to sign elsewhere. This registry has no key that could, and keeps no draft: it
knows of an order when somebody sends the file, signed by its author.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from licet.app.order.draft import Wish, choose, draft, missing
from licet.errors import BadInput, Malformed
from licet.model.canonical import moment_ns
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.model.order import OrderFile, file_bytes, read_order_file
from licet.model.policy import OWNED, NetworkPolicy
from licet.order.limits import draft_problems
from licet.order.network import effective_kind
from licet.order.problem import Problem
from licet.order.seen import NoTunnel, Seen, read_lines
from licet.server.orders.policy import network_named
from licet.server.orders.standing import standing_of
from licet.server.registry.models import Snapshot
from licet.server.registry.service_layer.errors import Invalid

ENDPOINTS_LENGTH_MAX, LINES_LENGTH_MAX = 5_000, 1_000_000
SECOND_NS = 1_000_000_000
CONFLICT = "conflict_without_notice"


@dataclass(frozen=True, slots=True)
class Drafted:
    """file: the draft; missing: what it still has to say, member and what to write there; problems: what the limits
    refuse, besides."""

    file: OrderFile
    missing: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]

    @property
    def is_ready(self) -> bool:
        """True where nothing stands against signing it."""
        return not self.missing and not self.problems

    @property
    def refused(self) -> list[tuple[str, str, list[str]]]:
        """What the limits refuse: a sentence, its code, and where it is so."""
        found: dict[tuple[str, str], list[str]] = {}
        for one in self.problems:
            found.setdefault((one.sentence, one.code), []).extend([one.where] if one.where else [])
        return [(*said, places) for said, places in found.items()]

    @property
    def begin(self) -> datetime:
        """No effect before."""
        return datetime.fromtimestamp(self.file.order.application_ns / SECOND_NS, UTC)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Endpoints that are registered for something else, and whose owners were not told so 14 days ago."""
        return tuple(one.where for one in self.problems if one.code == CONFLICT)


def make_draft(values: Mapping[str, str], *, at: datetime) -> Drafted:
    """Draft an order. values: the fields of DraftForm. Raises Invalid for what cannot be read, and Refused and BadFile
    where there is no policy."""
    network = network_named(values["network"])
    chosen = _chosen(values)
    ends = {name: values[name].strip() for name in ("class", "class_source", "contact")}
    texts = {name: "\n".join(text.splitlines()).strip() for name, text in values.items()}  # browsers send CR LF
    wish = Wish(texts, {"": ends}, None, None, _author(network, values["author"]))
    at_ns, snapshot = moment_ns(at), _snapshot(chosen)
    file = draft(chosen, wish, network, snapshot, at_ns)
    if effective_kind(network)[0] == OWNED and file.order.case in standing_of(file.order, at).open_cases:
        # People were told of the case: what is added to it takes effect on its two signatures (lifecycle §5).
        file = draft(chosen, replace(wish, begin_ns=at_ns), network, snapshot, at_ns)
    try:
        read_order_file(file_bytes(file))
    except Malformed as error:
        raise Invalid({"": str(error)}) from None
    lacking = tuple(missing(wish))
    names = {name for name, _what in lacking}
    problems = [one for one in draft_problems(file, network, standing_of(file.order, at), at_ns)
                if one.where not in names]
    return Drafted(file, lacking, tuple(problems))


def _chosen(values: Mapping[str, str]) -> dict[Endpoint, list[Seen]]:
    """The endpoints, each with its evidence; all that are certain and not registered where none is named."""
    try:
        seen = list(read_lines(values["lines"].encode()))
    except NoTunnel as error:
        raise Invalid({"lines": str(error)}) from None
    try:
        wanted = [parse_endpoint(line.strip()) for line in values["endpoints"].splitlines() if line.strip()]
        return choose(seen, wanted, not wanted)
    except (BadInput, Malformed) as error:
        raise Invalid({"endpoints": str(error)}) from None


def _snapshot(chosen: Mapping[Endpoint, list[Seen]]) -> str:
    """The state of this registry by which the newest evidence was judged. Raises Invalid where it was another's."""
    newest = max((one for found in chosen.values() for one in found), key=lambda one: one.last_seen_ns)
    if newest.snapshot and Snapshot.objects.filter(digest=newest.snapshot).exists():
        return newest.snapshot
    raise Invalid({"lines": _("These tunnels were not judged by this registry: scan again, with a copy of it that "
                              "“licet snapshot sync” keeps.")})


def _author(network: NetworkPolicy, code: str) -> str:
    """The key of who will sign it first. Raises Invalid."""
    found = next((one.key_id for one in network.signers if one.code == code), None)
    if found is None:
        raise Invalid({"author": _("Nobody of this code signs orders of this network: policy.toml says who does.")})
    return found
