"""One file a protocol: a sieve (data) and a recogniser (plain Python, sans I/O)."""
