"""WireGuard over UDP, any port (whitepaper §5.4 and §6).

    1 initiation 148 bytes   2 response 92   3 cookie reply 64   4 data 32 and more

Certain: a response or a cookie reply that echoes the initiation's sender index. A registered server key is matched by
the initiation's mac1, and only where a response came back, for anyone who knows a public key can forge a mac1.
Responses are never tested: their mac1 verifies under the client's key.

Left out: provider-modified WireGuard. Three reserved bytes that are not zero are some clients' account tag: the match
stands as “tagged-reserved”, and the bytes are not kept. A flow that also carries Tailscale's disco messages is a mesh
between people's machines and nothing is said of it here.
"""

from __future__ import annotations

import itertools

from licet.model.evidence import Evidence
from licet.model.flow import Flow, Kept, Message
from licet.model.sieve import ALONE, ANSWER, DATA, OPENING, Counter, Line, Test
from licet.recognise.base import Finding, Recogniser, Registered, evidence, step
from licet.recognise.lookalikes import is_other_protocol

INITIATION_BYTES, RESPONSE_BYTES, COOKIE_BYTES, DATA_BYTES_MIN = 148, 92, 64, 32
MAC1_OFFSET = 116

# A client repeats an unanswered initiation after 5 s and up to a third of a second (whitepaper §6.1, §6.4).
RETRY_NS_MIN, RETRY_NS_MAX = 4_500_000_000, 6_500_000_000

# The counter of the next data packet in a direction; more than this was lost is no longer likely to be a counter.
COUNTER_GAP_MAX = 4_096

_DISCO_MAGIC = bytes.fromhex("5453f09f92ac")

SIEVE = (
    Line("initiation", "udp", OPENING, (Test(0, b"\x01"),), keep_bytes=132, quota=6, enough=2,
         shortest=INITIATION_BYTES, longest=INITIATION_BYTES),
    Line("response", "udp", ANSWER, (Test(0, b"\x02"),), keep_bytes=12, quota=6,
         shortest=RESPONSE_BYTES, longest=RESPONSE_BYTES),
    Line("cookie", "udp", ANSWER, (Test(0, b"\x03"),), keep_bytes=8, quota=6,
         shortest=COOKIE_BYTES, longest=COOKIE_BYTES),
    Line("data", "udp", DATA, (Test(0, b"\x04\0\0\0"),), keep_bytes=16, quota=3, enough=2,
         shortest=DATA_BYTES_MIN, same=(4, 4), counter=Counter(8, little=True)),
    Line("disco", "udp", ALONE, (Test(0, _DISCO_MAGIC),), keep_bytes=6, quota=1, shortest=62),
)


def recognise(flow: Flow, registered: Registered) -> Finding | None:
    """The best that the kept messages show: a handshake, a cookie exchange, data both ways, or an attempt."""
    kept = flow.kept
    if kept.messages("disco"):
        return None
    initiations = kept.messages("initiation")
    if not initiations:
        return _data(kept.messages("data"))
    to_server = _direction_to_server(kept, initiations)
    responses, cookies = kept.messages("response"), kept.messages("cookie")
    for initiation in initiations:
        for response in responses:
            if _answers(response, response.data[8:12], initiation):
                return _handshake(initiation, response, to_server, registered)
    for initiation in initiations:
        for cookie in cookies:
            if _answers(cookie, cookie.data[4:8], initiation):
                found = _pair("wireguard/cookie@1", initiation, cookie, "cookie reply", to_server)
                return Finding((found,), to_server)
    return _data(kept.messages("data")) or _attempt(initiations, to_server)


def _direction_to_server(kept: Kept, initiations: list[Message]) -> bool | None:
    """The way the initiations went, if only one end ever sent any and no data came before the first."""
    way = initiations[0].forward
    if any(message.forward is not way for message in initiations):
        return None
    first = kept.first_match("initiation", way)
    for forward in (True, False):
        data = kept.first_match("data", forward)
        if data is not None and first is not None and data < first:
            return None
    return way


def _answers(answer: Message, receiver_index: bytes, initiation: Message) -> bool:
    """True if the answer came back later and names the index that the initiation's sender chose."""
    return (
        answer.forward is not initiation.forward
        and answer.packet > initiation.packet
        and len(receiver_index) == 4
        and receiver_index == initiation.data[4:8]
    )


def _variant(*messages: Message) -> str | None:
    return "tagged-reserved" if any(message.data[1:4] != b"\0\0\0" for message in messages) else None


def _pair(rule: str, initiation: Message, answer: Message, name: str, to_server: bool | None) -> Evidence:
    steps = [
        step(initiation, "handshake initiation", to_server, value="sender index"),
        step(answer, name, to_server, echoes=initiation, value="sender index"),
    ]
    return evidence("wireguard", _variant(initiation, answer), rule, "receiver-index", steps, certain=True)


def _handshake(initiation: Message, response: Message, to_server: bool | None, registered: Registered) -> Finding:
    found = _pair("wireguard/handshake@1", initiation, response, "handshake response", to_server)
    handle = _registered_key(initiation.data, registered)
    if handle is None:
        return Finding((found,), to_server)
    steps = [
        step(initiation, "handshake initiation", to_server, value="mac1 under a registered key"),
        step(response, "handshake response", to_server),
    ]
    keyed = evidence("wireguard", found.variant, "wireguard/registered-key@1", "mac1", steps, certain=True)
    return Finding((found, keyed), to_server, matched_key=handle)


def _registered_key(initiation: bytes, registered: Registered) -> str | None:
    """Try the registered keys on mac1. A client that tags the reserved bytes may have done so after computing it."""
    if len(initiation) < MAC1_OFFSET + 16:
        return None
    mac1 = initiation[MAC1_OFFSET : MAC1_OFFSET + 16]
    handle = registered.match_key(initiation[:MAC1_OFFSET], mac1)
    if handle is None and initiation[1:4] != b"\0\0\0":
        handle = registered.match_key(initiation[:1] + b"\0\0\0" + initiation[4:MAC1_OFFSET], mac1)
    return handle


def _data(messages: list[Message]) -> Finding | None:
    """Data both ways, each way with one receiver index and counters that rise in small steps: likely."""
    steps = []
    for forward in (True, False):
        run = [message for message in messages if message.forward is forward]
        counters = [int.from_bytes(message.data[8:16], "little") for message in run]
        if len(run) < 2 or not _rises(counters) or any(is_other_protocol(m.data, m.length) for m in run):
            return None
        steps += [step(message, "data", None) for message in run]
    return Finding((evidence("wireguard", None, "wireguard/data@1", "constant-receiver", steps, certain=False),), None)


def _rises(counters: list[int]) -> bool:
    return all(0 < after - before <= COUNTER_GAP_MAX for before, after in itertools.pairwise(counters))


def _attempt(initiations: list[Message], to_server: bool | None) -> Finding | None:
    """Initiations that nobody answered, repeated at WireGuard's own pace: an attempt, not a tunnel. Likely."""
    plain = [
        message for message in initiations
        if message.data[1:4] == b"\0\0\0" and not is_other_protocol(message.data, message.length)
    ]
    for before, after in itertools.pairwise(plain):
        if RETRY_NS_MIN <= after.time_ns - before.time_ns <= RETRY_NS_MAX and before.forward is after.forward:
            steps = [step(message, "handshake initiation", to_server) for message in (before, after)]
            found = evidence("wireguard", None, "wireguard/attempt@1", None, steps, certain=False)
            return Finding((found,), to_server)
    return None


RECOGNISER = Recogniser("wireguard", ("wireguard",), SIEVE, recognise)
