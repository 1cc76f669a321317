"""The nouns that the rooms exchange: frozen, typed, without behaviour that needs a clock, a socket or a file.

No noun has a field for a client: `Tunnel.clients` is a count, and that is all that is known of them.
"""
