"""Bytes to fields, bounds-checked and pure: link layers, IP, transports."""
