"""Traffic in: opens, decompresses and hands over blocks of bytes. Record layouts belong to `flow/`."""
