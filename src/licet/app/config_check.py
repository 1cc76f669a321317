"""`licet config check`: say what licet.toml means, or everything that is wrong with it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from licet.app.config import Config, RegistrySource, examine_config
from licet.app.enforce_table import ENFORCE, EnforceTable
from licet.app.registries import refuse_shared_handles
from licet.app.snapshot_status import read_status
from licet.errors import BadFile, BadInput
from licet.judge import INFORMS, Registry
from licet.judge.policy import OWNED, PUBLIC
from licet.model.canonical import time_text
from licet.snapshot import Snapshot
from licet.snapshot.registry_file import examine_registry
from licet.snapshot.store import is_snapshot_file, load, read_bytes

_KIND_MEANS = {
    OWNED: "owned: its owner decides which tunnels are permitted; attested entries count",
    PUBLIC: "public: not being registered is never a ground for anything here",
    None: "not said: treated as public wherever it matters",
}


@dataclass(frozen=True, slots=True)
class Check:
    """lines: what the file means, in words; problems: all that is wrong with it and with the registries it names, one
    sentence each."""

    lines: tuple[str, ...]
    problems: tuple[str, ...]


def check_config(path: str) -> Check:
    """Read licet.toml and every registry that it names. Raises BadFile only where the file is not TOML at all."""
    config, faults = examine_config(path)
    problems = [str(fault) for fault in faults]
    loaded: list[tuple[RegistrySource, Snapshot]] = []
    for source in config.registries:
        found = _registry_problems(source.path)
        problems += found
        if not found:
            loaded.append((source, load(source.path)))
    problems += _lacking_files(config.enforce)
    if problems:
        return Check((), tuple(problems))
    try:
        refuse_shared_handles([Registry(snapshot, source.role) for source, snapshot in loaded])
    except BadInput as error:
        return Check((), (str(error),))
    return Check((*_network_lines(config), *(_registry_line(*each) for each in loaded), *_closing(config)), ())


def _registry_problems(path: str) -> list[str]:
    """Every mistake of a registry.toml; the first of a snapshot, which no person wrote."""
    try:
        if not is_snapshot_file(path):
            return [str(fault) for fault in examine_registry(path, read_bytes(path))[1]]
        load(path)
        read_status(path)
    except BadFile as error:
        return [str(error)]
    return []


def _lacking_files(table: EnforceTable) -> list[str]:
    """Files without which nothing is enforced, and which are not there. What they hold `licet enforce plan` says."""
    named = ((table.policy, "is not there; it is the file that the network's owner signed"),
             (table.policy and f"{table.policy}.sig", "is not there; docs/enforce.md says how people sign the policy"),
             (table.exceptions, "is not there: an empty file will do, or leave exceptions out"))
    problems = [f"{path}: {what}" for path, what in named if path and not os.path.isfile(path)]
    if table.windows and not os.path.isdir(table.windows):
        problems.append(f"{table.windows}: is no folder; `licet watch --write` makes one, or leave windows out")
    return problems


def _network_lines(config: Config) -> list[str]:
    lines = [
        f"network:    {config.network_name or 'without a name'}",
        f"kind:       {_KIND_MEANS[config.network_kind]}",
    ]
    if config.prefixes:
        lines.append(f"prefixes:   {', '.join(str(prefix) for prefix in config.prefixes)}: these ends are inside")
    else:
        lines.append("prefixes:   none: where the wire does not tell which end serves, licet cannot know it either")
    if config.interfaces:
        lines.append(f"interfaces: {', '.join(config.interfaces)}")
    return lines


def _registry_line(source: RegistrySource, snapshot: Snapshot) -> str:
    number = "" if snapshot.serial is None else f", serial {snapshot.serial}"
    records = "1 record" if len(snapshot.records) == 1 else f"{len(snapshot.records):,} records"
    means = "adds a sentence, decides nothing" if source.role == INFORMS else "what it registers is registered here"
    status = read_status(source.path)
    until = "" if status is None else f"; known to be the newest until {time_text(status.valid_until_ns, 0)}"
    return f"registry:   {source.path} {source.role} ({records}{number}): {means}{until}"


def _closing(config: Config) -> list[str]:
    lines = [] if config.registries else ["registry:   none: every tunnel stays undetermined unless one is named"]
    table = config.enforce
    if table.policy:
        does = "hands rules to the firewall" if table.mode == ENFORCE else "observes: nothing is applied"
        lines.append(f"enforce:    {table.output}, and {does}; `licet enforce plan` says what would be done")
        if table.report_to:
            lines.append(f"tells:      {table.report_to}; `licet enforce report` says what")
    if config.root_key is not None:
        lines.append("root key:   its form is right; it is not used yet")
    return lines
