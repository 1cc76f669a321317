"""Snapshots that cannot be forged, rolled back or held back unseen: a TUF repository, and its client.

    registry ─ publisher ─→ a folder that any web server can serve ─→ client ─→ the last good snapshot

The formats and the checks are those of The Update Framework (specification 1.0, library `tuf`). What is ours: which
roles there are and what each may publish (`layout`), what the list of snapshots says (`index`), keys as files
(`signer`), the ceremony that makes a root (`ceremony`), a folder that is old or new at every instant (`store`,
`publisher`), and fetching with bounds (`fetch`).
"""
