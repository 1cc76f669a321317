"""GRE version 0, IP protocol 47 (RFC 2784, RFC 2890): class transit.

It is routers' plumbing far more often than somebody's private network (mirrored traffic, NHRP, WCCP): what is seen is
written down as GRE, and never as more. Enhanced GRE, version 1, is PPTP's (`pptp.py`).
"""

from __future__ import annotations

from licet.model.flow import Flow
from licet.model.sieve import ALONE, Line, Test
from licet.recognise.base import Finding, Recogniser, Registered, evidence, step

SIEVE = (Line("version-0", "gre", ALONE, (Test(1, b"\0", b"\x07"),), keep_bytes=4, quota=2, enough=1, shortest=4),)


def recognise(flow: Flow, registered: Registered) -> Finding | None:
    """One header of version 0 names it."""
    steps = [step(message, "GRE", None) for message in flow.kept.messages()[:2]]
    found = evidence("gre", None, "gre/protocol@1", "ip-protocol-number", steps, certain=False)
    return Finding((found,), None)


RECOGNISER = Recogniser("gre", ("gre",), SIEVE, recognise)
