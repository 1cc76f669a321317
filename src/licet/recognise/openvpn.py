"""OpenVPN over UDP and TCP, any port.

Source: the wire format in OpenVPN's own documentation (doxygen “network protocol”, tls-crypt-v2.txt) and captures of
its versions 2.4 to 2.6. The first byte is opcode << 3 | key id. Over TCP each packet follows its length in 16 bits.

    reset, client (7)  no HMAC 14 bytes, tls-auth 22 + digest, tls-crypt 54; client v3 (10, tls-crypt-v2) 54 + its key
    reset, server (8)  client's + 12; with no HMAC and with tls-auth it repeats the client's session id in the clear

Certain: that echo; or, under tls-crypt, which hides it, resets both ways with a plausible clock and further control
packets both ways under the same session ids. Left out: static keys (no handshake, looks random: cannot be known),
key method 1 (removed in 2.5), obfuscated OpenVPN. Certificates are not read.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

from licet.model.flow import Flow, Message, Stream
from licet.model.sieve import ANSWER, DATA, OPENING, Counter, Line, Test
from licet.recognise.base import Finding, Recogniser, Registered, evidence, step
from licet.recognise.lookalikes import is_other_protocol, is_turn_channel_data

CONTROL, ACK, CLIENT_RESET, SERVER_RESET, DATA_V2, CLIENT_RESET_V3, CONTROL_WKC = 4, 5, 7, 8, 9, 10, 11
_NAMES = {
    CLIENT_RESET: "client reset", SERVER_RESET: "server reset", CLIENT_RESET_V3: "client reset with its key",
    CONTROL: "control", ACK: "acknowledgement", CONTROL_WKC: "control with its key", DATA_V2: "data",
}

# Digests that `auth` may name, by length: MD5, SHA1 or RIPEMD160, SHA224, SHA256, SHA384, SHA512.
DIGEST_BYTES = (16, 20, 28, 32, 48, 64)
PLAIN_CLIENT, PLAIN_SERVER = 14, 26
CRYPT_CLIENT, CRYPT_SERVER, CRYPT_SERVER_MAX = 54, 66, 90
WRAPPED_KEY_BYTES_MIN, WRAPPED_KEY_BYTES_MAX = 290, 1_024

# A packet carries its sender's clock in plain seconds. Clocks are wrong by hours; more is no clock.
CLOCK_SKEW_S_MAX = 2 * 86_400
DATA_PACKETS_MIN = 3  # kept each way, which is one less than seen, before data alone is called likely
DATA_COUNTER_GAP_MAX = 4_096
TCP_RECORDS_MAX = 64
TCP_KEEP_BYTES = 4_096

_OPCODE = b"\xf8"


def _udp(
    name: str, role: str, opcode: int, keep: int, quota: int, shortest: int, longest: int, enough: int = 0
) -> Line:
    """A line for one opcode; a reset has key id 0, so its whole first byte is known."""
    mask = b"\xff" if role != DATA else _OPCODE
    return Line(
        name, "udp", role, (Test(0, bytes([opcode << 3]), mask),), keep_bytes=keep, quota=quota, enough=enough,
        shortest=shortest, longest=longest, same=None if name == "server-reset" else (1, 8), after_start=role == DATA,
    )


SIEVE = (
    _udp("client-reset", OPENING, CLIENT_RESET, 86, 3, PLAIN_CLIENT, 86, enough=2),
    _udp("client-reset-v3", OPENING, CLIENT_RESET_V3, 1_110, 2, CRYPT_CLIENT + WRAPPED_KEY_BYTES_MIN,
         CRYPT_CLIENT + WRAPPED_KEY_BYTES_MAX + 16, enough=2),
    _udp("server-reset", ANSWER, SERVER_RESET, 98, 3, PLAIN_SERVER, 98),
    _udp("control", DATA, CONTROL, 21, 2, 14, 1_600, enough=2),
    _udp("ack", DATA, ACK, 21, 2, 14, 200, enough=2),
    _udp("control-wkc", DATA, CONTROL_WKC, 21, 2, CRYPT_CLIENT, 2_600),
    Line("data", "udp", DATA, (Test(0, bytes([DATA_V2 << 3]), _OPCODE),), keep_bytes=24, quota=4,
         enough=DATA_PACKETS_MIN, shortest=24, same=(0, 4), counter=Counter(4)),
    # Over TCP the tests see the record's length in front: a plain or tls-crypt reset is shorter than 256 bytes.
    Line("stream-client", "tcp", OPENING, (Test(0, b"\0"), Test(2, bytes([CLIENT_RESET << 3]))), TCP_KEEP_BYTES, 1,
         enough=1),
    Line("stream-client-v3", "tcp", OPENING, (Test(0, b"\0", b"\xf8"), Test(2, bytes([CLIENT_RESET_V3 << 3]))),
         TCP_KEEP_BYTES, 1, enough=1),
    Line("stream-server", "tcp", ANSWER, (Test(0, b"\0"), Test(2, bytes([SERVER_RESET << 3]))), TCP_KEEP_BYTES, 1),
    Line("stream-data", "tcp", DATA, (Test(0, b"\0", b"\xf8"), Test(2, bytes([DATA_V2 << 3]), _OPCODE)),
         TCP_KEEP_BYTES, 1, enough=1),
)
_LINE_OPCODES = {
    "client-reset": CLIENT_RESET, "client-reset-v3": CLIENT_RESET_V3, "server-reset": SERVER_RESET,
    "control": CONTROL, "ack": ACK, "control-wkc": CONTROL_WKC, "data": DATA_V2,
}
_OPCODE_LINES = {opcode: name for name, opcode in _LINE_OPCODES.items()}


# The messages of the lines that are named, by packet; of all, where none is.
_Messages = Callable[..., list[Message]]


class _Reset(NamedTuple):
    """mode: plain, tls-auth, tls-crypt, tls-crypt-v2; digest_bytes: of tls-auth's HMAC, 0 otherwise."""

    mode: str
    digest_bytes: int


def recognise(flow: Flow, registered: Registered) -> Finding | None:
    """The best that the kept messages or the two streams show: a handshake, data both ways, or an attempt."""
    messages = _of_streams(flow.kept.streams()) if flow.transport == "tcp" else flow.kept.messages
    return _handshake(messages) or _data(flow, messages) or _one_way(messages) or _attempt(flow, messages)


def _of_streams(streams: tuple[Stream, ...]) -> _Messages:
    """The records of both directions of a TCP flow, in the way in which datagrams are asked for."""
    records = [record for stream in streams for record in _records(stream)]
    records.sort(key=lambda record: record.packet)

    def messages(*lines: str) -> list[Message]:
        return [record for record in records if not lines or record.line in lines]

    return messages


def _records(stream: Stream) -> list[Message]:
    """Cut a TCP direction into packets by their lengths, as far as it was kept and every record is one of OpenVPN's."""
    found: list[Message] = []
    at = 0
    while at + 3 <= len(stream.data) and len(found) < TCP_RECORDS_MAX:
        length = stream.data[at] << 8 | stream.data[at + 1]
        line = _OPCODE_LINES.get(stream.data[at + 2] >> 3)
        if line is None or length < PLAIN_CLIENT:
            break
        packet, time_ns = stream.mark_at(at)
        found.append(Message(line, stream.forward, packet, time_ns, length, stream.data[at + 2 : at + 2 + length]))
        at += 2 + length
    return found


def _handshake(messages: _Messages) -> Finding | None:
    for client in messages("client-reset", "client-reset-v3"):
        opening = _read_client_reset(client)
        if opening is None:
            continue
        for server in messages("server-reset"):
            if server.forward is client.forward or server.packet < client.packet:
                continue
            finding = _echoed(client, opening, server) or _crypted(client, opening, server, messages)
            if finding is not None:
                return finding
    return None


def _read_client_reset(message: Message) -> _Reset | None:
    """Tell the four kinds of client reset apart by length, zeros and where packet id and clock stand."""
    data, length = message.data, message.length
    if len(data) < length:
        return None
    if message.line == "client-reset-v3":
        key_bytes = data[-2] << 8 | data[-1]
        fits = length - CRYPT_CLIENT <= key_bytes + 16 and key_bytes <= length - CRYPT_CLIENT
        if fits and WRAPPED_KEY_BYTES_MIN <= key_bytes <= WRAPPED_KEY_BYTES_MAX and _is_clock(message, 13):
            return _Reset("tls-crypt-v2", 0)
        return None
    if data[-5:] == b"\0\0\0\0\0":
        if length == PLAIN_CLIENT:
            return _Reset("plain", 0)
        digest = length - 22
        if digest in DIGEST_BYTES and _is_small_number(data, 9 + digest) and _is_clock(message, 13 + digest):
            return _Reset("tls-auth", digest)
    if length == CRYPT_CLIENT and _is_small_number(data, 9) and _is_clock(message, 13):
        return _Reset("tls-crypt", 0)
    return None


def _is_small_number(data: bytes, offset: int) -> bool:
    """A packet id of a first message: 1, or a little more where it was repeated."""
    return 1 <= int.from_bytes(data[offset : offset + 4], "big") <= 64


def _is_clock(message: Message, offset: int) -> bool:
    seconds = int.from_bytes(message.data[offset : offset + 4], "big")
    return abs(seconds - message.time_ns // 1_000_000_000) <= CLOCK_SKEW_S_MAX


def _echoed(client: Message, opening: _Reset, server: Message) -> Finding | None:
    """The server's reset ends in: one acknowledgement, the client's session id, its own message id 0."""
    if opening.mode not in ("plain", "tls-auth"):
        return None
    tail = server.data[-17:]
    expected = (34 + opening.digest_bytes) if opening.digest_bytes else PLAIN_SERVER
    if server.length != expected or len(server.data) < expected:
        return None
    if tail[0] != 1 or tail[5:13] != client.data[1:9] or tail[13:] != b"\0\0\0\0":
        return None
    steps = [
        step(client, _NAMES[CLIENT_RESET], client.forward, value="session id"),
        step(server, _NAMES[SERVER_RESET], client.forward, echoes=client, value="session id"),
    ]
    found = evidence("openvpn", opening.mode, "openvpn/hard-reset@1", "session-id", steps, certain=True)
    return Finding((found,), client.forward)


def _crypted(client: Message, opening: _Reset, server: Message, messages: _Messages) -> Finding | None:
    """Under tls-crypt: both clocks plausible, then control packets both ways under the two session ids."""
    if opening.mode not in ("tls-crypt", "tls-crypt-v2") or not _is_clock(server, 13):
        return None
    if not CRYPT_SERVER <= server.length <= CRYPT_SERVER_MAX:
        return None
    if opening.mode == "tls-crypt" and not _is_small_number(server.data, 9):
        return None
    followers = []
    for reset in (client, server):
        follower = _follower(reset, messages)
        if follower is None:
            return None
        followers.append(follower)
    steps = [
        step(client, _NAMES[_LINE_OPCODES[client.line]], client.forward),
        step(server, _NAMES[SERVER_RESET], client.forward),
    ]
    for reset, follower in zip((client, server), followers, strict=True):
        name = _NAMES[_LINE_OPCODES[follower.line]]
        steps.append(step(follower, name, client.forward, echoes=reset, value="session id, next packet id"))
    rule = f"openvpn/{opening.mode}@1"
    found = evidence("openvpn", opening.mode, rule, "packet-id-sequence", steps, certain=True)
    return Finding((found,), client.forward)


def _follower(reset: Message, messages: _Messages) -> Message | None:
    """A later control packet of the same direction and session id whose packet id follows the reset's."""
    first_id = int.from_bytes(reset.data[9:13], "big")
    for message in messages("control", "ack", "control-wkc"):
        if message.forward is not reset.forward or message.packet <= reset.packet:
            continue
        packet_id = int.from_bytes(message.data[9:13], "big")
        if message.data[1:9] == reset.data[1:9] and 0 < packet_id - first_id <= 64 and _is_clock(message, 13):
            return message
    return None


def _data(flow: Flow, messages: _Messages) -> Finding | None:
    """Data packets both ways, each way under one peer id with rising packet ids: likely. A quarter of the
    flow at least must be such packets (new keys in between make others), or some other protocol merely has bytes that
    look like them now and then, as one in eight of QUIC's short headers has."""
    steps = []
    data = messages("data")
    for forward in (True, False):
        run = [message for message in data if message.forward is forward]
        if len({message.data[:4] for message in run}) != 1 or len(run) < 3 or any(map(_is_lookalike, run)):
            return None
        ids = [int.from_bytes(message.data[4:8], "big") for message in run]
        if not all(0 < after - before <= DATA_COUNTER_GAP_MAX for before, after in itertools.pairwise(ids)):
            return None
        if flow.transport == "udp" and flow.kept.matches("data", forward) * 4 < flow.packets[not forward]:
            return None
        steps += [step(message, _NAMES[DATA_V2], None) for message in run]
    found = evidence("openvpn", None, "openvpn/data@1", "constant-peer-id", steps, certain=False)
    return Finding((found,), None)


def _is_lookalike(message: Message) -> bool:
    return is_turn_channel_data(message.data, message.length) or is_other_protocol(message.data, message.length)


def _one_way(messages: _Messages) -> Finding | None:
    """A reset and a later control packet of its session, with nothing the other way: the path back was not captured.
    Likely."""
    if len({message.forward for message in messages()}) != 1:
        return None
    for reset in messages("client-reset", "client-reset-v3", "server-reset"):
        if reset.line != "server-reset" and _read_client_reset(reset) is None:
            continue
        for later in messages("control", "ack", "control-wkc"):
            if later.packet > reset.packet and later.data[1:9] == reset.data[1:9]:
                to_server = reset.forward if reset.line != "server-reset" else not reset.forward
                steps = [
                    step(reset, _NAMES[_LINE_OPCODES[reset.line]], to_server, value="session id"),
                    step(later, _NAMES[_LINE_OPCODES[later.line]], to_server, echoes=reset, value="session id"),
                ]
                found = evidence("openvpn", None, "openvpn/one-way@1", "session-id", steps, certain=False)
                return Finding((found,), to_server)
    return None


def _attempt(flow: Flow, messages: _Messages) -> Finding | None:
    """Client resets that nobody answered, repeated with one session id: an attempt, not a tunnel. Likely."""
    openings = messages("client-reset", "client-reset-v3")
    resets = [message for message in openings if _read_client_reset(message) is not None]
    alike = [message for message in resets if message.data[1:9] == resets[0].data[1:9]]
    # Over TCP the stream repeats what was lost: there one record is all that can be seen.
    if len({message.forward for message in resets}) != 1 or (len(alike) < 2 and flow.transport == "udp"):
        return None
    opening = _read_client_reset(resets[0])
    assert opening is not None
    steps = [step(message, _NAMES[_LINE_OPCODES[message.line]], message.forward) for message in alike]
    found = evidence("openvpn", opening.mode, "openvpn/attempt@1", None, steps, certain=False)
    return Finding((found,), resets[0].forward)


RECOGNISER = Recogniser("openvpn", ("openvpn",), SIEVE, recognise)
