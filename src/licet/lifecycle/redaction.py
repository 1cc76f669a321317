"""A redaction: the body of an entry is no longer served. Its leaf, its hash and its type stay, and so does the reason
(lifecycle §6, 23). There is no way back.
"""

from __future__ import annotations

from licet.lifecycle.table import OFFICER, Table

REDACTED = "redacted"

TABLE = Table(
    kind="redaction",
    states=(REDACTED,),
    events=(),
    causes={},
    rows={REDACTED: {}},
    after={},
    births={"redact": (REDACTED, frozenset({OFFICER}))},
)
