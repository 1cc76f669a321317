"""A small laboratory: real VPN programs in Linux network namespaces, and captures of their traffic.

`network` builds the wires, one file a program brings up its servers and clients, `needs` says what is missing here,
`make_captures` and `make_demo` are the commands. Only the standard library is used, and nothing of licet.
"""
