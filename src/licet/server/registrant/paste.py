"""Reading what a registrant pastes: one server's end of a tunnel, in whatever form they have it at hand.

    192.0.2.10:51820/udp wireguard            an endpoint, with or without its protocol
    vpn.example.net:51820                     a name, with or without a port
    fd…= (44 characters of base64)            a WireGuard server's public key
    [Peer]                                    lines of a client's configuration: the server is its peer
    PublicKey = …
    Endpoint = vpn.example.net:51820

Nothing is kept here and nothing is looked up. A private or a preshared key is refused unread: `PrivateKeyPasted`
carries no part of it, and what was pasted is not shown again. In a server's own configuration the peers are people's
devices: their keys are not taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TypeVar

from django.utils.translation import gettext as _

from licet.errors import Malformed, Refused
from licet.model.endpoint import PORTLESS, TRANSPORTS, parse_address, split_port
from licet.model.family import PROTOCOL_WORDS
from licet.snapshot.entry import decode_wireguard_key, parse_name

PASTE_LENGTH_MAX = 8_000
LINES_MAX = 200
WIREGUARD_PORT = 51820

Value = TypeVar("Value", str, int | None)

_SECRET = re.compile(r"private\s*_?-?key|preshared\s*_?-?key|begin [a-z ]*private key", re.IGNORECASE)
_SETTING = re.compile(r"([A-Za-z]+)\s*=\s*(\S.*)")
_SECTION = re.compile(r"\[(interface|peer)\]", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True)
class Pasted:
    """What was found; empty where it was not. name: a DNS name; transport: "" where nothing said so."""

    address: str = ""
    name: str = ""
    port: int | None = None
    transport: str = ""
    protocol: str = ""
    public_key: str = ""


class PrivateKeyPasted(Refused):
    """A secret was pasted. It was not read, and is not kept or shown."""

    def __init__(self) -> None:
        super().__init__("private_key", _(
            "There is a private or preshared key in what you pasted. It was thrown away, unread and unsaved: never "
            "give it to anybody. Paste the public key alone; “wg show INTERFACE public-key” prints it."), "pasted")


@dataclass
class _Section:
    kind: str = ""
    settings: dict[str, str] = field(default_factory=dict)


def read_pasted(text: str) -> Pasted:
    """What a registrant pasted. Raises PrivateKeyPasted, or Refused with a sentence where it names no one server."""
    if _SECRET.search(text):
        raise PrivateKeyPasted
    if len(text) > PASTE_LENGTH_MAX or text.count("\n") >= LINES_MAX:
        raise _refused(_("This is too long to be one endpoint. Paste the lines of one server."))
    lines = [line.split("#", 1)[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise _refused(_("Paste an address with its port, a name, or a public key."))
    if any(_SECTION.fullmatch(line) or (_SETTING.fullmatch(line) and not _KEY.fullmatch(line)) for line in lines):
        return _of_configuration(lines)
    found = Pasted()
    for word in " ".join(lines).split():
        found = _with_word(found, word)
    return _completed(found)


def _with_word(found: Pasted, word: str) -> Pasted:
    """What one more word says."""
    lowered = word.lower()
    if lowered in PROTOCOL_WORDS:
        return replace(found, protocol=_once(found.protocol, lowered))
    if lowered in TRANSPORTS:
        return replace(found, transport=_once(found.transport, lowered))
    if _KEY.fullmatch(word.removeprefix("wireguard:")):
        return replace(found, public_key=_once(found.public_key, _key(word.removeprefix("wireguard:"))))
    address, name, port, transport = _place(word)
    return replace(
        found, address=_once(found.address, address), name=_once(found.name, name), port=_once(found.port, port),
        transport=_once(found.transport, transport))


def _once(before: Value, now: Value) -> Value:
    if before and now and before != now:
        raise _refused(_("There is more than one server here. Enter one at a time; you can add more afterwards."))
    return before or now


def _of_configuration(lines: list[str]) -> Pasted:
    sections = [_Section()]
    for line in lines:
        header = _SECTION.fullmatch(line)
        if header is not None:
            sections.append(_Section(header[1].lower()))
            continue
        setting = _SETTING.fullmatch(line)
        if setting is not None:
            sections[-1].settings[setting[1].lower()] = setting[2].strip()
    # A peer without an endpoint is somebody's device, in the configuration of a server: its key is not taken.
    peers = [one for one in sections if one.kind != "interface" and "endpoint" in one.settings]
    if len(peers) > 1:
        raise _refused(_("There is more than one server here. Enter one at a time; you can add more afterwards."))
    if peers:
        place = _place(peers[0].settings["endpoint"])
        key = _key(peers[0].settings["publickey"]) if "publickey" in peers[0].settings else ""
        return _completed(Pasted(place[0], place[1], place[2], "udp", "wireguard", key))
    bare = next((one for one in sections if not one.kind and "publickey" in one.settings), None)
    if bare is not None:
        return _completed(Pasted(protocol="wireguard", public_key=_key(bare.settings["publickey"])))
    port = next((one.settings["listenport"] for one in sections if "listenport" in one.settings), "")
    if port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535:
        return Pasted(port=int(port), transport="udp", protocol="wireguard")
    raise _refused(_("No [Peer] here has an Endpoint. In a client's configuration the server is the [Peer]; of a "
                     "server paste its address and port, and what “wg show INTERFACE public-key” prints."))


def _place(word: str) -> tuple[str, str, int | None, str]:
    """(address, name, port, transport) of one word such as `[2001:db8::10]:1194/tcp`."""
    host, slash, transport = word.rpartition("/")
    if not slash:
        host, transport = word, ""
    transport = transport.lower()
    if transport and transport not in TRANSPORTS:
        raise _refused(_("“%(word)s” is not an endpoint. Write one such as 192.0.2.10:51820/udp; a prefix cannot be "
                         "registered.") % {"word": _shown(word)})
    try:
        port = None
        if host.count(":") == 1 or host.startswith("["):
            host, port = split_port(host)
        return _host(host, port, transport)
    except Malformed:
        raise _refused(_("“%(word)s” is neither an endpoint, nor a name, nor a public key. Write one such as "
                         "192.0.2.10:51820/udp.") % {"word": _shown(word)}) from None


def _shown(word: str) -> str:
    """The word, where it cannot be a key or a part of one."""
    return word[:80] if "." in word or ":" in word else "…"


def _host(host: str, port: int | None, transport: str) -> tuple[str, str, int | None, str]:
    try:
        return str(parse_address(host)), "", port, transport
    except Malformed:
        name = parse_name(host)
        # A last label of digits is a mistyped address (RFC 3696 §2); a single word is no name in the DNS.
        if "." not in name or not name.rpartition(".")[2][0].isalpha():
            raise
        return "", name, port, transport


def _key(text: str) -> str:
    try:
        decode_wireguard_key(text)
    except Malformed:
        raise _refused(_("This is not a WireGuard public key: it has 44 characters, and “wg show INTERFACE public-key” "
                         "prints it.")) from None
    return text


def _completed(found: Pasted) -> Pasted:
    """What follows from what was found, without a guess: a WireGuard key speaks WireGuard, and that is UDP."""
    protocol = found.protocol or ("wireguard" if found.public_key else "")
    if not protocol and found.port == WIREGUARD_PORT and found.transport in ("", "udp"):
        protocol = "wireguard"
    transport = found.transport or ("udp" if protocol == "wireguard" else "")
    port = None if transport in PORTLESS else found.port
    return replace(found, protocol=protocol, transport=transport, port=port)


def _refused(sentence: str) -> Refused:
    return Refused("not_read", sentence, "pasted")
