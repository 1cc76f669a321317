"""IKEv1 and IKEv2 over UDP (with and without the non-ESP marker of port 4500) and over TCP.

Sources: RFC 7296 §3.1 (IKEv2 header), RFC 2408 §3.1 and RFC 2409 (IKEv1), RFC 3948 §2 (marker), RFC 9329 (TCP),
RFC 9242 and RFC 9370 (exchanges 43 and 44, of post-quantum key exchange), RFC 5723 (38), RFC 4595 and RFC 8784 need
nothing of their own. Header: initiator SPI 8, responder SPI 8, next payload, version, exchange, flags, message id 4,
length 4.

Certain: messages both ways that share the SPIs, the responder's not zero, with the flags and ids of a request and its
response. Which end opened is known from the first exchange only.
Left out: identities and vendor ids, which in IKEv1's aggressive mode are in the clear and name people.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import NamedTuple

from licet.model.evidence import Step
from licet.model.flow import Flow, Message, Stream
from licet.model.sieve import ANSWER, OPENING, LengthField, Line, Test
from licet.recognise.base import Finding, Recogniser, Registered, evidence, step

HEADER_BYTES = 28
MARKER_BYTES = 4
TCP_PREFIX = b"IKETCP"
TCP_KEEP_BYTES = 4_096
TCP_FRAMES_MAX = 16

SA_INIT, AUTH, MAIN_MODE, AGGRESSIVE_MODE = 34, 35, 2, 4
_EXCHANGES_V2 = frozenset({34, 35, 36, 37, 38, 39, 40, 41, 43, 44, *range(240, 256)})
_EXCHANGES_V1 = frozenset({2, 4, 5, 6, 32, 33})
_EXCHANGE_NAMES = {
    34: "IKE_SA_INIT", 35: "IKE_AUTH", 36: "CREATE_CHILD_SA", 37: "INFORMATIONAL", 38: "IKE_SESSION_RESUME",
    43: "IKE_INTERMEDIATE", 44: "IKE_FOLLOWUP_KE",
    2: "main mode", 4: "aggressive mode", 5: "informational", 6: "mode config", 32: "quick mode", 33: "new group",
}
_FLAG_INITIATOR, _FLAG_RESPONSE = 0x08, 0x20
# RFC 7296 §3.2 and its registry. The order of payloads in a message is free (§2.5 of the same).
_PAYLOADS_V2 = frozenset(range(33, 64))
_NONE = b"\0" * 8
_FIELDS = struct.Struct(">8s8sBBBBI").unpack_from


def _lines(prefix: str, marker: int) -> tuple[Line, ...]:
    """Lines for a header behind `marker` bytes: an opening has no responder SPI yet. The length field must agree."""
    lead = (Test(0, b"\0" * marker),) if marker else ()
    version2 = (*lead, Test(marker + 17, b"\x20"), Test(marker + 19, b"\0", b"\xc7"))
    version1 = (*lead, Test(marker + 17, b"\x10"), Test(marker + 19, b"\0", b"\xf8"))
    field = LengthField(marker + 24, 4, less=marker)
    keep = marker + HEADER_BYTES
    blank = Test(marker + 8, _NONE)
    given = Test(marker + 8, _NONE, equal=False)
    return tuple(
        Line(f"{prefix}-{name}", "udp", role, tests, keep, quota, enough=1, shortest=keep, length_field=field)
        for name, role, tests, quota in (
            ("v2-opening", OPENING, (*version2, blank), 4),
            ("v2", ANSWER, (*version2, given), 6),
            ("v1-opening", OPENING, (*version1, blank), 4),
            ("v1", ANSWER, (*version1, given), 6),
        )
    )


SIEVE = (
    *_lines("ike", 0),
    *_lines("marked", MARKER_BYTES),
    Line("stream-opening", "tcp", OPENING, (Test(0, TCP_PREFIX),), TCP_KEEP_BYTES, 1, enough=1),
    # An answer has no prefix: frame length, four zero bytes, then a header with version 2 and the response flag.
    Line("stream-answer", "tcp", ANSWER, (Test(2, b"\0\0\0\0"), Test(6 + 17, b"\x20"), Test(6 + 19, b"\x20", b"\xe7")),
         TCP_KEEP_BYTES, 1, enough=1),
)


class _Header(NamedTuple):
    message: Message
    initiator_spi: bytes
    responder_spi: bytes
    version: int
    exchange: int
    flags: int
    message_id: int

    @property
    def is_response(self) -> bool:
        return bool(self.flags & _FLAG_RESPONSE)

    @property
    def name(self) -> str:
        name = _EXCHANGE_NAMES.get(self.exchange, f"exchange {self.exchange}")
        if self.version == 1:
            return name
        return f"{name} {'response' if self.is_response else 'request'}"


_make_header = partial(tuple.__new__, _Header)  # without a step through Python


def recognise(flow: Flow, registered: Registered) -> Finding | None:
    """A request and its response, else what of IKE there is."""
    if flow.transport == "tcp":
        prefix, streams = "ike-tcp", flow.kept.streams()
        if not any(stream.data.startswith(TCP_PREFIX) for stream in streams):
            return None
        headers = [header for stream in streams for header in _frames(stream)]
        headers.sort(key=lambda header: header.message.packet)
    else:
        prefix = "ike"
        headers = [header for message in flow.kept.messages() if (header := _read(message)) is not None]
    if not headers:
        return None
    to_server = _direction_to_server(headers)
    finding = _exchange(headers, to_server, prefix) or _one_way(headers, to_server)
    spis = tuple(sorted({int.from_bytes(header.initiator_spi, "big") for header in headers}))
    return finding._replace(ties=(("ike-spis", spis),))


def _read(message: Message, marker: int | None = None) -> _Header | None:
    """Read a header and check what the sieve could not: exchange, next payload, message id of a first message."""
    if marker is None:
        marker = MARKER_BYTES if message.line.startswith("marked") else 0
    if len(message.data) < marker + HEADER_BYTES:
        return None
    initiator_spi, responder_spi, next_payload, version, exchange, flags, message_id = _FIELDS(message.data, marker)
    if initiator_spi == _NONE:
        return None
    header = _make_header((message, initiator_spi, responder_spi, version >> 4, exchange, flags, message_id))
    fits = _fits_v2(header, next_payload) if header.version == 2 else _fits_v1(header, next_payload)
    return header if fits else None


def _fits_v2(header: _Header, next_payload: int) -> bool:
    if header.exchange not in _EXCHANGES_V2:
        return False
    if header.exchange == SA_INIT:
        if header.message_id != 0 or next_payload not in _PAYLOADS_V2:
            return False
        return header.is_response or header.responder_spi == _NONE
    return header.responder_spi != _NONE and (next_payload == 0 or next_payload in _PAYLOADS_V2)


def _fits_v1(header: _Header, next_payload: int) -> bool:
    if header.exchange not in _EXCHANGES_V1 or (next_payload > 20 and next_payload not in (130, 131, 132)):
        return False
    if header.exchange in (MAIN_MODE, AGGRESSIVE_MODE):
        return header.message_id == 0
    return header.responder_spi != _NONE or header.exchange == 5


def _frames(stream: Stream) -> list[_Header]:
    """Cut a TCP direction into frames (RFC 9329 §3): length with itself, then the marker and IKE, or ESP."""
    found: list[_Header] = []
    at = len(TCP_PREFIX) if stream.data.startswith(TCP_PREFIX) else 0
    for _ in range(TCP_FRAMES_MAX):
        frame_bytes = int.from_bytes(stream.data[at : at + 2], "big")
        body = stream.data[at + 2 : at + 2 + MARKER_BYTES + HEADER_BYTES]
        if frame_bytes < 6 or len(body) < MARKER_BYTES + HEADER_BYTES:
            break
        if body[:MARKER_BYTES] == b"\0" * MARKER_BYTES:
            packet, time_ns = stream.mark_at(at)
            message = Message("frame", stream.forward, packet, time_ns, frame_bytes - 2, body)
            header = _read(message, MARKER_BYTES)
            if header is None or int.from_bytes(body[28:32], "big") != frame_bytes - 2 - MARKER_BYTES:
                break
            found.append(header)
        at += frame_bytes
    return found


def _direction_to_server(headers: list[_Header]) -> bool | None:
    """The way from the original initiator, if all messages agree on it.

    Only the first exchange says it: IKE_SA_INIT, and of IKEv1 the message without a responder cookie. The initiator
    flag of later messages names who opened the present SA (RFC 7296 §2.18), which after a re-key may be the gateway.
    Openings from both ends leave it open: a gateway that re-keys is no client.
    """
    ways = set()
    for header in headers:
        if header.version == 2:
            if header.exchange != SA_INIT:
                continue
            ways.add(header.message.forward is bool(header.flags & _FLAG_INITIATOR))
        elif header.responder_spi == _NONE and header.exchange in (MAIN_MODE, AGGRESSIVE_MODE):
            ways.add(header.message.forward)
    return ways.pop() if len(ways) == 1 else None


def _exchange(headers: list[_Header], to_server: bool | None, prefix: str) -> Finding | None:
    for index, first in enumerate(headers):
        for second in headers[index + 1 :]:
            if _answers(first, second):
                value = "initiator SPI" if first.responder_spi == _NONE else "both SPIs"
                steps = [
                    step(first.message, first.name, to_server, value=value),
                    step(second.message, second.name, to_server, echoes=first.message, value=value),
                ]
                found = evidence("ipsec-ike", f"ikev{first.version}", f"{prefix}/exchange@1", "spi-pair", steps,
                                 certain=True)
                return Finding((found,), to_server)
    return None


def _answers(first: _Header, second: _Header) -> bool:
    """True if the second is the other end's reply to the first, with a responder SPI of its own."""
    if second.message.forward is first.message.forward or second.version != first.version:
        return False
    if second.initiator_spi != first.initiator_spi or second.responder_spi == _NONE:
        return False
    if first.responder_spi not in (_NONE, second.responder_spi):
        return False
    if first.version == 1:
        return first.exchange == second.exchange and first.message_id == second.message_id
    return (
        not first.is_response and second.is_response
        and first.exchange == second.exchange and first.message_id == second.message_id
        and (first.flags ^ second.flags) & _FLAG_INITIATOR != 0
    )


def _one_way(headers: list[_Header], to_server: bool | None) -> Finding:
    """Unanswered openings, or messages of an exchange whose other half is not here: likely."""
    first = headers[0]
    rule = "ike/attempt@1" if all(header.responder_spi == _NONE for header in headers) else "ike/midflow@1"
    steps: list[Step] = [step(header.message, header.name, to_server) for header in headers[:3]]
    found = evidence("ipsec-ike", f"ikev{first.version}", rule, None, steps, certain=False)
    return Finding((found,), to_server)


RECOGNISER = Recogniser("ike", ("ipsec-ike",), SIEVE, recognise)
