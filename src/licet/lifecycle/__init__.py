"""State × event tables of all that moves (applications, proofs, registrations, requests, orders, appeals): data, and
nothing that runs."""
