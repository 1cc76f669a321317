"""licet: is this tunnel permitted here?

The floor plan; data flows one way, and rooms exchange the frozen nouns of `model/` only:

    SEE    capture → flow → recognise ── Evidence ──┐
    KNOW   registry.toml → snapshot ── Snapshot ────┴→ judge → Verdict → a person

    model/      nouns: endpoint, evidence, tunnel, registration, verdict
    wire/       bytes → fields, bounds-checked, pure
    capture/    traffic in: files, folders, standard input
    flow/       packets → flows, bounded
    recognise/  one file a protocol: a sieve and a recogniser
    snapshot/   the registry as the data plane sees it
    judge/      evidence + snapshot + policy + time → verdict
    app/        use cases; catalogue.py lists every kind of part in plain sight
    cli/        faces of the command line
"""

__version__ = "0.1.0"
