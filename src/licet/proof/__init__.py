"""Proof of control, one file a method; what goes out on the network goes through the one guard in guard.py."""
