"""The registry as the data plane sees it: numbered, immutable, quick to look up in."""
