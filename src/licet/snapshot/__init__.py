"""The registry as the data plane sees it: numbered, immutable, quick to look up in (design §4, "Snapshot").

    registry.toml ─ registry_file ─┐
                                   ├→ Records ─→ Snapshot ─→ lookup
    snapshot file ─ form ──────────┘

`load` takes either file. Nothing here resolves names or asks the clock; only `store` touches files.
"""

from licet.snapshot.snapshot import Snapshot
from licet.snapshot.store import load

__all__ = ["Snapshot", "load"]
