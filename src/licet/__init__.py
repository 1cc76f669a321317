"""licet: is this tunnel permitted here?

The floor plan; data flows one way, and rooms exchange the frozen nouns of `model/` only:

    SEE    capture → flow → recognise ── Evidence ──┐
    KNOW   registry.toml → snapshot ── Snapshot ────┴→ judge → Verdict → a person

    model/      nouns: endpoint, evidence, tunnel, registration, verdict
    wire/       bytes → fields, bounds-checked, pure
    capture/    traffic in: files, folders, standard input, live interfaces
    flow/       packets → flows, bounded: the compiled kernel and its plain twin
    recognise/  one file a protocol: a sieve and a recogniser
    snapshot/   the registry as the data plane sees it
    proof/      one file a method of proving control, behind one guard; nothing that sees can reach it
    enforce/    signed orders → the rules of a firewall; apply.py alone touches a device
    lifecycle/  state × event tables, and replaying what a log says against them
    tlog/       the transparency log: its formats and proofs, what verifies it, what writes it
    tuf/        snapshots that cannot be forged or rolled back: keys, what publishes them, what takes them
    disk.py     files that a loss of power leaves whole, and one writer at a time: for tlog/, tuf/, registries, keys
    judge/      evidence + snapshot + policy + time → verdict
    order/      what may be ordered: limits, people's signatures, the dry run; signs and does nothing
    app/        use cases; catalogue.py lists every kind of part in plain sight
    server/     the registry service: a Django project, and the only place that imports Django
    cli/        faces of the command line

The library's face is small; everything else may move:

    import licet
    result = licet.scan("office.pcap", licet.load("registry.toml"))
    for judged in result.tunnels:
        print(judged.tunnel.server, judged.verdict.verdict, judged.verdict.reason)
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from licet.app.results import ScanResult
    from licet.judge import Policy, Registry, judge
    from licet.snapshot import Snapshot, load

__version__ = "0.1.0"
__all__ = ["Policy", "Registry", "Snapshot", "judge", "load", "scan"]

Path = str | os.PathLike[str]


def scan(captures: Path | Sequence[Path], *snapshots: Snapshot, at: datetime | None = None) -> ScanResult:
    """Scan captures and judge their tunnels by snapshots, all of which permit.

    captures: one path or several: files or folders; at: an aware time at which registrations are read (default: when
    each tunnel was last seen). Raises licet.errors.BadFile for a path that cannot be opened; a capture that is damaged
    is read as far as it goes, and its report says where it ended.
    """
    from licet.app.scan import scan as scan_captures
    from licet.judge import Registry
    from licet.model.canonical import moment_ns

    paths = [captures] if isinstance(captures, str | os.PathLike) else captures
    registries = [Registry(snapshot) for snapshot in snapshots]
    at_ns = None if at is None else moment_ns(at)
    return scan_captures([os.fspath(path) for path in paths], registries=registries, at_ns=at_ns)


def __getattr__(name: str) -> Any:
    """Import the rest of the face when it is first used: `licet --help` should not pay for it."""
    if name in ("Snapshot", "load"):
        from licet import snapshot

        return getattr(snapshot, name)
    if name in ("Policy", "Registry", "judge"):
        import licet.judge as judging

        return getattr(judging, name)
    raise AttributeError(f"module “licet” has no attribute “{name}”")
