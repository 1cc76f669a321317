"""Ordinary traffic: names, web, QUIC, calls, clocks, games. None of it is a tunnel, and some of it looks like one.

Layouts: DNS RFC 1035 §4.1, TLS 1.3 RFC 8446 §4.1 and §5.1, QUIC RFC 9000 §17 (the Initial's ciphertext is noise and
does not decrypt), RTP RFC 3550 §5.1, STUN RFC 8489 §5, NTP RFC 5905 §7.3. “mesh” has Tailscale's disco messages, of
which licet says nothing.
"""

from __future__ import annotations

import numpy as np

from bench.conversation import TCP, UDP, Conversation, Draw, Field, Kind, Message, Steady, big_endian, silent

CLIENT_HELLO_BYTES = 517  # Browsers pad to it.
HOSTS = 64  # names that client hellos ask for
_STUN_COOKIE = bytes.fromhex("2112a442")
_DISCO_MAGIC = bytes.fromhex("5453f09f92ac")
_QUESTION = b"\x03www\x07example\x03net\0\0\x01\0\x01"
_RECORD = Field(3, 2, plus=-5)  # a TLS record's length: the payload without its own header


def _dns(draw: Draw, _: Conversation | None) -> Conversation:
    name = draw.random(2)
    query = draw.row(name, b"\x01\0\0\x01\0\0\0\0\0\0", _QUESTION)
    answer = draw.row(name, b"\x81\x80\0\x01\0\x01\0\0\0\0", _QUESTION, b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04")
    size = query.shape[1]
    return Conversation((Message(True, query, size), Message(False, answer, answer.shape[1] + 4)), silent(draw))


def _client_hello(host: bytes) -> bytes:
    """A TLS 1.3 client hello for `host`, its random values zero, with a padding extension (RFC 7685)."""
    name = b"\0" + len(host).to_bytes(2, "big") + host
    extensions = _extension(0, len(name).to_bytes(2, "big") + name)
    extensions += _extension(10, bytes.fromhex("0004001d0017")) + _extension(13, bytes.fromhex("000404030804"))
    extensions += _extension(16, b"\0\x0c\x02h2\x08http/1.1") + _extension(43, bytes.fromhex("020304"))
    extensions += _extension(51, bytes.fromhex("0024001d0020") + bytes(32))
    before = b"\x03\x03" + bytes(32) + b"\x20" + bytes(32) + bytes.fromhex("0006130113021303") + b"\x01\0"
    padding = CLIENT_HELLO_BYTES - 9 - len(before) - 2 - len(extensions) - 4
    extensions += _extension(21, bytes(padding))
    body = before + len(extensions).to_bytes(2, "big") + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake


def _extension(number: int, body: bytes) -> bytes:
    return number.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def _tls(draw: Draw, _: Conversation | None) -> Conversation:
    hellos = np.stack([
        np.frombuffer(_client_hello(b"www.example%02d.net" % number), np.uint8) for number in range(HOSTS)
    ])
    hello = hellos[draw.random(1)[:, 0] % HOSTS]
    hello[:, 11:43] = draw.random(32)
    hello[:, 44:76] = draw.random(32)
    answer = draw.row(b"\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03", draw.random(32), b"\x20", hello[:, 44:76],
                      bytes.fromhex("130100002e002b0002030400330024001d0020"), draw.random(32),
                      bytes.fromhex("140303000101170303050c"))
    records = draw.same(b"\x17\x03\x03\0\0")
    opening = Message(True, hello, CLIENT_HELLO_BYTES), Message(False, answer, 1_400)
    return Conversation(opening, Steady((records, records), length_field=_RECORD))


def _http(draw: Draw, _: Conversation | None) -> Conversation:
    request = b"GET /index.html HTTP/1.1\r\nHost: www.example.net\r\nAccept: */*\r\nUser-Agent: example/1.0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 18000\r\n\r\n"
    opening = Message(True, draw.same(request), len(request)), Message(False, draw.same(answer), 1_400)
    return Conversation(opening, silent(draw))


def _quic(draw: Draw, _: Conversation | None) -> Conversation:
    """Initials of 1,252 bytes, then short headers. Header protection hides the first byte's lower five bits (RFC 9001
    §5.4.1), so that of these headers one in four begins like an OpenVPN data packet."""
    client, server = draw.random(8), draw.random(8)
    version, token_and_length = b"\xc3\0\0\0\x01\x08", b"\0\x44\xc9"
    opening = (
        Message(True, draw.row(version, server, b"\x08", client, token_and_length), 1_252),
        Message(False, draw.row(version, client, b"\x08", server, token_and_length), 1_252),
    )
    return Conversation(opening, Steady((draw.row(b"\x40", server), draw.row(b"\x40", client)), veil=0x1F))


def _rtp(draw: Draw, _: Conversation | None) -> Conversation:
    """G.711 both ways, 20 ms a packet: 12 bytes of header and 160 of sound."""
    heads = draw.row(b"\x80\0\0\0", draw.random(4)), draw.row(b"\x80\0\0\0", draw.random(4))
    return Conversation((), Steady(heads, counter=Field(2, 2), fixed=172))


def _stun(draw: Draw, _: Conversation | None) -> Conversation:
    messages: list[Message] = []
    for _round in range(3):
        transaction = draw.random(12)
        messages += (
            Message(True, draw.row(b"\0\x01\0\0", _STUN_COOKIE, transaction), 20),
            Message(False, draw.row(b"\x01\x01\0\x0c", _STUN_COOKIE, transaction, b"\0\x20\0\x08\0\x01"), 32),
        )
    return Conversation(tuple(messages), silent(draw))


def _ntp(draw: Draw, _: Conversation | None) -> Conversation:
    sent = big_endian(draw.start_s + 2_208_988_800, 4)  # NTP counts from 1900.
    asked = draw.row(b"\xe3\0\x06\xec", bytes(36), sent, draw.random(4))
    answer = draw.row(b"\x24\x02\x06\xe8", draw.random(20), asked[:, 40:48], sent, draw.random(4), sent, draw.random(4))
    return Conversation((Message(True, asked, 48), Message(False, answer, 48)), silent(draw))


def _game(draw: Draw, _: Conversation | None) -> Conversation:
    """Noise from the first byte: what a rule meets by chance, it meets here."""
    return Conversation((), silent(draw))


def _mesh(draw: Draw, _: Conversation | None) -> Conversation:
    """Disco pings between two nodes, then WireGuard data without a handshake."""
    ping, pong = (Message(way, draw.row(_DISCO_MAGIC, draw.random(56)), 126) for way in (True, False))
    heads = draw.row(b"\x04\0\0\0", draw.random(4), bytes(8)), draw.row(b"\x04\0\0\0", draw.random(4), bytes(8))
    data = Steady(heads, counter=Field(8, 8, little=True), block=16, overhead=32)
    return Conversation((ping, pong), data)


KINDS = (
    Kind("dns", 0.30, UDP, (53,), _dns, packets=2),
    Kind("tls", 0.33, TCP, (443,), _tls),
    Kind("http", 0.05, TCP, (80,), _http),
    Kind("quic", 0.19, UDP, (443,), _quic),
    Kind("rtp", 0.04, UDP, (), _rtp),
    Kind("stun", 0.02, UDP, (3478,), _stun, packets=6),
    Kind("ntp", 0.02, UDP, (123,), _ntp, packets=2),
    Kind("game", 0.019, UDP, (), _game),
    Kind("mesh", 0.001, UDP, (41641,), _mesh),
)
