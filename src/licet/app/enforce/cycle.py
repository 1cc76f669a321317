"""One computation and what follows from it: the difference to what the firewall holds, applying, and what is noted.

Observing is the default: nothing is asked of the firewall, and nothing given to it. Only where licet.toml says
`mode = "enforce"`, and nobody switched it off, is the new set handed over, whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from licet.app.catalogue import outputs
from licet.app.config import Config
from licet.app.enforce.gather import Gathered, gather
from licet.app.enforce.hearing import heard_object
from licet.app.enforce.state import Folder
from licet.app.enforce_table import ENFORCE
from licet.enforce import apply as device
from licet.enforce.apply import Held
from licet.enforce.base import Rule
from licet.enforce.decide import Decision, decide
from licet.enforce.memory import Memory
from licet.model.canonical import Json, time_text
from licet.model.endpoint import Endpoint, parse_endpoint

OBSERVATION_SCHEMA, STATUS_SCHEMA = "licet.observation/1", "licet.enforcer-status/1"
LEFT_OUT_MAX = 1_000  # that a status names


@dataclass(frozen=True, slots=True)
class Computed:
    """at_ns; config; gathered; decision; rules: in force at at_ns; is_off: somebody switched it off."""

    at_ns: int
    config: Config
    gathered: Gathered
    decision: Decision
    rules: tuple[Rule, ...]
    is_off: bool

    @property
    def acts(self) -> bool:
        """True where the set would be handed to the firewall."""
        return self.config.enforce.mode == ENFORCE and not self.is_off


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What was done with a computation. held: by the firewall before, with its counts; in_force: rules that it has
    now."""

    computed: Computed
    held: tuple[Held, ...]
    in_force: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Between what the firewall holds and the set. taken: endpoints of rules that go, each with its order."""

    added: tuple[Rule, ...]
    taken: tuple[tuple[Endpoint, str], ...]
    kept: tuple[Rule, ...]


def compute(config: Config, folder: Folder, at_ns: int) -> Computed:
    """Gather and decide. Raises BadFile where the enforcer's own folder cannot be used."""
    gathered = gather(config, folder, at_ns)
    decision = decide(gathered.known, at_ns)
    return Computed(at_ns, config, gathered, decision, decision.rules.in_force(at_ns), folder.is_off)


def difference(held: Iterable[Held], rules: tuple[Rule, ...]) -> Difference:
    """held: what the firewall has."""
    before = {one.endpoint: one.order for one in held}
    wanted = {rule.endpoint for rule in rules}
    return Difference(
        tuple(rule for rule in rules if rule.endpoint not in before),
        tuple(sorted((endpoint, order) for endpoint, order in before.items() if endpoint not in wanted)),
        tuple(rule for rule in rules if rule.endpoint in before),
    )


def held_now(config: Config, folder: Folder) -> tuple[Held, ...]:
    """What the firewall holds: asked of nftables, else as it was last written. In observe mode it is only asked where
    something was applied before. Raises DeviceRefused."""
    applied = folder.object("applied.json")
    if config.enforce.mode != ENFORCE and not applied:
        return ()
    if config.enforce.output == "nftables":
        return device.held_nftables()
    rules = applied.get("rules", {})
    listed = rules.items() if isinstance(rules, dict) else ()
    return tuple(Held(parse_endpoint(end), str(order), 0, 0) for end, order in listed)


def carry_out(computed: Computed, folder: Folder, held: tuple[Held, ...]) -> int:
    """Apply where that is asked for, and note what was. held: by the firewall before, whose counts begin anew. Returns
    how many rules are in force now. Raises DeviceRefused, BadFile; the firewall then holds what it held."""
    memory = computed.decision.memory
    heard = computed.gathered.heard
    if heard is not None and not heard.remark:
        memory = replace(memory, checkpoint=heard.checkpoint)
        folder.write_object("heard.json", heard_object(heard))
    in_force = 0
    if computed.acts:
        memory = _note_hits(computed, folder, memory, held)
        # Before the firewall has it: what is not noted could not be switched off, or would be counted anew.
        folder.write("memory.json", memory.to_bytes())
        _note_applied(computed, folder)
        _hand_over(computed)
        in_force = len(computed.rules)
    else:
        memory = replace(memory, activated=computed.gathered.known.memory.activated)
        if folder.object("applied.json"):
            switch_off_device(folder)
        folder.write("memory.json", memory.to_bytes())
    folder.write_object("status.json", status_object(computed, in_force))
    return in_force


def _hand_over(computed: Computed) -> None:
    table = computed.config.enforce
    output = next(one for one in outputs() if one.name == table.output)
    artefact = output.render(computed.decision.rules, computed.at_ns)
    if output.name == "nftables":
        device.apply_nftables(artefact)
    else:
        device.apply_file(output.name, table.rules_file, artefact)


def _note_applied(computed: Computed, folder: Folder) -> None:
    rules: dict[str, Json] = {str(rule.endpoint): rule.order for rule in computed.rules}
    table = computed.config.enforce
    folder.write_object("applied.json", {"output": table.output, "rules_file": table.rules_file, "rules": rules,
                                         "at": time_text(computed.at_ns)})


def _note_hits(computed: Computed, folder: Folder, memory: Memory, held: tuple[Held, ...]) -> Memory:
    """What the rules met since they were last handed over, as observations: no address but the server's is in them."""
    rows: list[dict[str, Json]] = []
    hit = dict(memory.hit)
    for one in held:
        if one.packets:
            order = one.order
            hit[f"{order} {one.endpoint}"] = computed.at_ns
            endpoint: Json = {"address": one.endpoint.address, "transport": one.endpoint.transport,
                              "port": one.endpoint.port}
            rows.append({"schema": OBSERVATION_SCHEMA, "kind": "hits", "windowEnd": time_text(computed.at_ns),
                         "endpoint": endpoint, "order": order, "packets": one.packets, "bytes": one.bytes})
    if rows:
        folder.add_hits(rows)
    return replace(memory, hit=hit)


def switch_off_device(folder: Folder) -> None:
    """Take away what was applied, by what was noted of it. Raises DeviceRefused."""
    applied = folder.object("applied.json")
    output, path = str(applied.get("output", "nftables")), str(applied.get("rules_file", ""))
    if output in device.RELOADS and path:
        device.off_file(output, path)
    else:
        device.off_nftables()
    folder.write_object("applied.json", {})


def status_object(computed: Computed, in_force: int) -> dict[str, Json]:
    """For status.json and the page of the registry: nothing in it is about anybody but servers that orders name."""
    decision, known = computed.decision, computed.gathered.known
    left_out: list[Json] = [
        {"order": one.order, "endpoint": None if one.endpoint is None else str(one.endpoint), "code": one.problem.code,
         "why": one.problem.sentence} for one in decision.left_out[:LEFT_OUT_MAX]
    ]
    rules: list[Json] = [{"endpoint": str(rule.endpoint), "protocol": rule.protocol, "order": rule.order,
                          "until": time_text(rule.until_ns, 0)} for rule in computed.rules]
    return {
        "schema": STATUS_SCHEMA, "computed": time_text(computed.at_ns, 0), "mode": computed.config.enforce.mode,
        "switched_off": computed.is_off, "network": known.policy.name if known.policy else computed.config.network_name,
        "kind": decision.kind, "in_force": in_force, "rules": rules,
        "doubts": [{"code": one.code, "why": one.sentence} for one in decision.doubts], "left_out": left_out,
        "log_size": None if known.logged is None else known.logged.size, "log_until": time_text(known.log_until_ns, 0),
        "registry_until": time_text(known.registry_until_ns, 0), "remarks": list(computed.gathered.remarks),
    }


