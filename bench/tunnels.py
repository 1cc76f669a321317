"""Tunnels of the families that licet names, each with a correct opening; behind it ciphertext, which is noise.

Layouts: WireGuard whitepaper §5.4; OpenVPN's wire format (doxygen “network protocol”); IKEv2 RFC 7296 §3.1, its marker
and ESP in UDP RFC 3948, ESP RFC 4303 §2; PPTP RFC 2637 §2 and §4.1; GRE RFC 2784. Keys and digests are random: a
registered key is never found, and nothing decrypts.
"""

from __future__ import annotations

import numpy as np

from bench.conversation import (
    ESP,
    GRE,
    TCP,
    UDP,
    Bytes,
    Conversation,
    Draw,
    Field,
    Kind,
    Message,
    Steady,
    big_endian,
    silent,
)

_CLIENT_RESET, _SERVER_RESET, _CONTROL = b"\x38", b"\x40", b"\x20"
_SHA1_BYTES = 20
_SA_INIT, _AUTH = 34, 35
_REQUEST, _RESPONSE = 0x08, 0x20
_PPTP_COOKIE = bytes.fromhex("1a2b3c4d")


def _wireguard(draw: Draw, _: Conversation | None) -> Conversation:
    client, server = draw.random(4), draw.random(4)
    counter = Field(8, 8, plus=-2, little=True)
    initiation = draw.row(b"\x01\0\0\0", client, draw.random(124), bytes(16))
    response = draw.row(b"\x02\0\0\0", server, client, draw.random(64), bytes(16))
    keepalive = draw.row(b"\x04\0\0\0", server, bytes(8))
    opening = Message(True, initiation, 148), Message(False, response, 92), Message(True, keepalive, 32)
    heads = keepalive, draw.row(b"\x04\0\0\0", client, bytes(8))
    return Conversation(opening, Steady(heads, counter=counter, block=16, overhead=32))


def _openvpn_data(draw: Draw) -> Steady:
    """Data packets, version 2: opcode 9, peer id 0 to the server and another back, packet id, tag."""
    heads = draw.same(b"\x48\0\0\0\0\0\0\0"), draw.row(b"\x48\0\0", draw.random(1), bytes(4))
    return Steady(heads, counter=Field(4, 4), overhead=24)


def _openvpn_plain(draw: Draw, _: Conversation | None) -> Conversation:
    client, server, opening = _plain_handshake(draw)
    hello = draw.row(_CONTROL, client, b"\x01\0\0\0\0", server, b"\0\0\0\x01\x16\x03\x01")
    answer = draw.row(_CONTROL, server, b"\x01\0\0\0\x01", client, b"\0\0\0\x01\x16\x03\x03")
    return Conversation((*opening, Message(True, hello, 300), Message(False, answer, 1_178)), _openvpn_data(draw))


def _plain_handshake(draw: Draw) -> tuple[Bytes, Bytes, tuple[Message, Message]]:
    """Both session ids, and the resets: the server's repeats the client's id."""
    client, server = draw.random(8), draw.random(8)
    asked = draw.row(_CLIENT_RESET, client, bytes(5))
    answer = draw.row(_SERVER_RESET, server, b"\x01\0\0\0\0", client, bytes(4))
    return client, server, (Message(True, asked, 14), Message(False, answer, 26))


def _openvpn_auth(draw: Draw, _: Conversation | None) -> Conversation:
    """tls-auth with SHA1: digest, packet id and clock stand between the session id and the acknowledgements."""
    client, server, clock = draw.random(8), draw.random(8), draw.clock()
    asked = draw.row(_CLIENT_RESET, client, draw.random(_SHA1_BYTES), b"\0\0\0\x01", clock, bytes(5))
    answer = draw.row(_SERVER_RESET, server, draw.random(_SHA1_BYTES), b"\0\0\0\x01", clock, b"\x01\0\0\0\0", client,
                      bytes(4))
    hello = draw.row(_CONTROL, client, draw.random(_SHA1_BYTES), b"\0\0\0\x02", clock)
    opening = Message(True, asked, 42), Message(False, answer, 54), Message(True, hello, 320)
    return Conversation(opening, _openvpn_data(draw))


def _openvpn_crypt(draw: Draw, _: Conversation | None) -> Conversation:
    """tls-crypt: all is hidden but session id, packet id and clock."""
    client, server, clock = draw.random(8), draw.random(8), draw.clock()
    opening = (
        Message(True, draw.row(_CLIENT_RESET, client, b"\0\0\0\x01", clock), 54),
        Message(False, draw.row(_SERVER_RESET, server, b"\0\0\0\x01", clock), 66),
        Message(True, draw.row(_CONTROL, client, b"\0\0\0\x02", clock), 340),
        Message(False, draw.row(_CONTROL, server, b"\0\0\0\x02", clock), 1_200),
    )
    return Conversation(opening, _openvpn_data(draw))


def _openvpn_tcp(draw: Draw, _: Conversation | None) -> Conversation:
    """The same packets, each behind its length; every segment holds one."""
    client, server, resets = _plain_handshake(draw)
    hello = draw.row(_CONTROL, client, b"\x01\0\0\0\0", server, b"\0\0\0\x01\x16\x03\x01")
    answer = draw.row(_CONTROL, server, b"\x01\0\0\0\x01", client, b"\0\0\0\x01\x16\x03\x03")
    messages = *resets, Message(True, hello, 300), Message(False, answer, 1_178)
    opening = tuple(
        Message(one.to_server, draw.row(one.length.to_bytes(2, "big"), one.heads), one.length + 2) for one in messages
    )
    data = _openvpn_data(draw)
    heads = draw.row(bytes(2), data.heads[0]), draw.row(bytes(2), data.heads[1])
    steady = Steady(heads, counter=Field(6, 4), length_field=Field(0, 2, plus=-2), overhead=26)
    return Conversation(opening, steady)


def _ike_pair(draw: Draw, initiator: Bytes, responder: Bytes, exchange: int, lengths: tuple[int, int]) -> list[Message]:
    """A request and its response. Behind the header stands one payload's; an opening has no responder SPI yet."""
    is_first = exchange == _SA_INIT
    payload, number = (33, 0) if is_first else (46, 1)
    messages = []
    for flags, length in zip((_REQUEST, _RESPONSE), lengths, strict=True):
        spi = draw.same(bytes(8)) if is_first and flags == _REQUEST else responder
        fixed = bytes((payload, 0x20, exchange, flags)) + number.to_bytes(4, "big") + length.to_bytes(4, "big")
        inner = b"\0\0" + (length - 28).to_bytes(2, "big")
        messages.append(Message(flags == _REQUEST, draw.row(initiator, spi, fixed, inner), length))
    return messages


def _ike(draw: Draw, _: Conversation | None) -> Conversation:
    """IKE_SA_INIT and IKE_AUTH on port 500; its ESP goes by protocol number."""
    spis = draw.random(8), draw.random(8)
    opening = *_ike_pair(draw, *spis, _SA_INIT, (464, 472)), *_ike_pair(draw, *spis, _AUTH, (320, 256))
    return Conversation(opening, silent(draw))


def _ike_init(draw: Draw, _: Conversation | None) -> Conversation:
    """IKE_SA_INIT alone: a translator was found on the way, and the rest goes to port 4500."""
    return Conversation(tuple(_ike_pair(draw, draw.random(8), draw.random(8), _SA_INIT, (464, 472))), silent(draw))


def _nat_t(draw: Draw, before: Conversation | None) -> Conversation:
    """IKE_AUTH behind the non-ESP marker with the SPIs of port 500, then ESP in UDP."""
    assert before is not None
    answer = before.opening[1].heads
    opening = tuple(
        Message(one.to_server, draw.row(bytes(4), one.heads), one.length + 4)
        for one in _ike_pair(draw, answer[:, :8], answer[:, 8:16], _AUTH, (320, 256))
    )
    return Conversation(opening, _esp_data(draw))


def _esp_data(draw: Draw) -> Steady:
    heads = tuple(draw.row((draw.random(1) | np.uint8(0xC0)), draw.random(3), bytes(4)) for _ in range(2))
    return Steady((heads[0], heads[1]), counter=Field(4, 4, plus=1), block=4, overhead=16)


def _esp(draw: Draw, _: Conversation | None) -> Conversation:
    return Conversation((), _esp_data(draw))


def _pptp(draw: Draw, _: Conversation | None) -> Conversation:
    """Start of control and an outgoing call, each with its reply (RFC 2637 §2.1, §2.2, §2.7, §2.8)."""
    client, server = draw.random(2), draw.random(2)
    started = b"\x01\0" + bytes(2) + b"\0\0\0\x01\0\0\0\x01\0\0\0\x01"
    answered = b"\x01\0\x01\0" + b"\0\0\0\x01\0\0\0\x01\0\x01\0\x01"
    opening = (
        Message(True, draw.row(_control_head(156, 1), started, bytes(128)), 156),
        Message(False, draw.row(_control_head(156, 2), answered, bytes(128)), 156),
        Message(True, draw.row(_control_head(168, 7), client, b"\0\x01", bytes(152)), 168),
        Message(False, draw.row(_control_head(32, 8), server, client, b"\x01\0\0\0", bytes(12)), 32),
    )
    return Conversation(opening, silent(draw))


def _control_head(length: int, kind: int) -> bytes:
    return length.to_bytes(2, "big") + b"\0\x01" + _PPTP_COOKIE + kind.to_bytes(2, "big") + b"\0\0"


def _pptp_data(draw: Draw, before: Conversation | None) -> Conversation:
    """PPP in GRE version 1 with key and sequence number; the key's lower half is the receiver's call id."""
    assert before is not None
    client, server = before.opening[2].heads[:, 12:14], before.opening[3].heads[:, 12:14]
    heads = tuple(draw.row(b"\x30\x01\x88\x0b\0\0", receiver, bytes(4)) for receiver in (server, client))
    steady = Steady((heads[0], heads[1]), counter=Field(8, 4), length_field=Field(4, 2, plus=-12), overhead=16)
    return Conversation((), steady)


def _gre(draw: Draw, _: Conversation | None) -> Conversation:
    """Ethernet in GRE version 0: a switch that sends its traffic elsewhere. To be named as transit, and never more."""
    head = draw.row(b"\0\0\x65\x58", big_endian(np.full(draw.flows, 0x02AA_0000_0000), 6), draw.random(6), b"\x88\xb5")
    return Conversation((), Steady((head, head), overhead=24))


_ODD_PORTS = (53, 123, 443, 1194, 2408, 3478, 4500)

KINDS = (
    Kind("wireguard", 0.0080, UDP, (51820,), _wireguard, family="wireguard", grade="certain"),
    Kind("wireguard-odd", 0.0030, UDP, _ODD_PORTS, _wireguard, family="wireguard", grade="certain"),
    Kind("openvpn", 0.0040, UDP, (1194,), _openvpn_plain, family="openvpn", grade="certain"),
    Kind("openvpn-auth", 0.0025, UDP, (), _openvpn_auth, family="openvpn", grade="certain"),
    Kind("openvpn-crypt", 0.0015, UDP, (443, 1194, 1195), _openvpn_crypt, family="openvpn", grade="certain"),
    Kind("openvpn-tcp", 0.0025, TCP, (443, 1194), _openvpn_tcp, family="openvpn", grade="certain"),
    Kind("ike", 0.0020, UDP, (500,), _ike, 4, same_port=True, family="ipsec-ike", grade="certain"),
    Kind("ike-esp", 0.0020, ESP, (), _esp, family="ipsec-esp", grade="certain", with_kind="ike"),
    Kind("ike-init", 0.0015, UDP, (500,), _ike_init, 2, same_port=True, family="ipsec-ike", grade="certain"),
    Kind("nat-t", 0.0015, UDP, (4500,), _nat_t, same_port=True, family="ipsec-ike", grade="certain",
         with_kind="ike-init"),
    Kind("esp", 0.0005, ESP, (), _esp, family="ipsec-esp", grade="likely"),
    Kind("pptp", 0.0005, TCP, (1723,), _pptp, 7, family="pptp", grade="certain"),
    Kind("pptp-gre", 0.0005, GRE, (), _pptp_data, family="pptp", grade="certain", with_kind="pptp",
         needs_bytes=256),  # A call's number stands behind a message of 156 bytes.
    Kind("gre", 0.0005, GRE, (), _gre, family="gre", grade="likely"),
)
