"""ESP by IP protocol number (RFC 4303) and in UDP (RFC 3948).

Layout: SPI 4 (never 0 on the wire, RFC 4303 §2.1; 1–255 are reserved, yet laboratories use them), sequence number 4,
then ciphertext. The protocol number names the protocol, and says nothing of the tunnel: likely, and certain only
through the IKE of the same address pair (`links.py`). In UDP only port 4500 is looked at: without it, two numbers and
noise could be anything.
"""

from __future__ import annotations

import itertools

from licet.model.flow import Flow, Message
from licet.model.sieve import ALONE, DATA, Counter, Line, Test
from licet.recognise.base import Finding, Recogniser, Registered, evidence, step
from licet.recognise.lookalikes import is_other_protocol

SPI_MIN = 256
NAT_T_PORT = 4_500
ESP_BYTES_MIN = 8 + 4 + 2  # header, and the smallest trailer with padding to four bytes (RFC 4303 §2.4)
SEQUENCE_GAP_MAX = 4_096
UDP_PACKETS_MIN = 2  # kept, which is one less than seen

SIEVE = (
    Line("protocol", "esp", ALONE, (), keep_bytes=8, quota=2, enough=1, shortest=8),
    # Four zero bytes are the marker of IKE (RFC 3948 §2.2), and one byte 0xFF is a keepalive.
    Line("udp", "udp", DATA, (Test(0, b"\0\0\0\0", equal=False),), keep_bytes=20, quota=3, enough=UDP_PACKETS_MIN,
         shortest=ESP_BYTES_MIN, port=NAT_T_PORT, same=(0, 4), counter=Counter(4)),
)


def recognise(flow: Flow, registered: Registered) -> Finding | None:
    """By protocol number: one packet is enough. In UDP: one SPI a direction and sequence numbers that rise."""
    if flow.transport == "esp":
        shown = [message for message in flow.kept.messages() if message.data[:4] != b"\0\0\0\0"]
        if not shown:
            return None
        steps = [step(message, "ESP", None) for message in shown[:2]]
        found = evidence("ipsec-esp", None, "esp/protocol@1", "ip-protocol-number", steps, certain=False)
        return Finding((found,), None)
    messages = flow.kept.messages()
    runs = [run for forward in (True, False) if (run := _run(messages, forward))]
    if not runs:
        return None
    steps = [step(message, "ESP in UDP", None) for run in runs for message in run]
    found = evidence("ipsec-esp", "in-udp", "esp-udp/sequence@1", "constant-spi", steps, certain=False)
    return Finding((found,), None, ties=(("ways", (len(runs),)),))


def _run(messages: list[Message], forward: bool) -> list[Message]:
    """The messages of a direction if they are a run of one SPI with a rising sequence number, else nothing."""
    run = [message for message in messages if message.forward is forward]
    if len(run) < UDP_PACKETS_MIN or any(is_other_protocol(message.data, message.length) for message in run):
        return []
    numbers = [int.from_bytes(message.data[4:8], "big") for message in run]
    rises = all(0 < after - before <= SEQUENCE_GAP_MAX for before, after in itertools.pairwise(numbers))
    return run if rises and int.from_bytes(run[0].data[:4], "big") >= SPI_MIN else []


RECOGNISER = Recogniser("esp", ("ipsec-esp",), SIEVE, recognise)
