"""AH, IP protocol 51 (RFC 4302 §2): next header, length in words less two, reserved zero, SPI, sequence number.

Likely by its number, certain only through the IKE of the same address pair. AH to a group address authenticates a
routing protocol and makes no tunnel: `app/` drops flows whose other end is a group.
"""

from __future__ import annotations

from licet.model.flow import Flow, Message
from licet.model.sieve import ALONE, Line, Test
from licet.recognise.base import Finding, Recogniser, Registered, evidence, step

AH_BYTES_MIN = 12

SIEVE = (
    Line("protocol", "ah", ALONE, (Test(2, b"\0\0"),), keep_bytes=AH_BYTES_MIN, quota=2, enough=1,
         shortest=AH_BYTES_MIN),
)


def recognise(flow: Flow, registered: Registered) -> Finding | None:
    """One well-formed header is enough to name the protocol."""
    shown = [message for message in flow.kept.messages() if _is_header(message)]
    if not shown:
        return None
    steps = [step(message, "AH", None) for message in shown[:2]]
    found = evidence("ipsec-ah", None, "ah/protocol@1", "ip-protocol-number", steps, certain=False)
    return Finding((found,), None)


def _is_header(message: Message) -> bool:
    header_bytes = (message.data[1] + 2) * 4
    return AH_BYTES_MIN <= header_bytes <= message.length and message.data[4:8] != b"\0\0\0\0"


RECOGNISER = Recogniser("ah", ("ipsec-ah",), SIEVE, recognise)
