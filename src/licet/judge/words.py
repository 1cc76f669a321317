"""The sentences of verdicts: plain facts, no adjectives, no blame.

Each names the endpoint, the protocol and the registration that it speaks of, so that it can be read and contested
without the table around it.
"""

from __future__ import annotations

from licet.judge.coverage import ATTESTED
from licet.model.canonical import time_text
from licet.model.family import FAMILIES
from licet.model.registration import ON_HOLD, STATUSES, Record
from licet.model.tunnel import Tunnel


def protocol_title(tunnel: Tunnel) -> str:
    """“WireGuard”, or the variant's own name for a family that stands for many."""
    if tunnel.family == "other-vpn" and tunnel.variant:
        return tunnel.variant
    family = FAMILIES.get(tunnel.family)
    return tunnel.family if family is None else family.title


def place(tunnel: Tunnel) -> str:
    """“192.0.2.10:51820/udp”."""
    return "an unknown endpoint" if tunnel.server is None else str(tunnel.server)


def record_place(record: Record) -> str:
    """“192.0.2.10:1194/udp”, “192.0.2.0/28”, or “its key”, as a registration names it."""
    if record.address is None:
        return "its key"
    host = f"[{record.address}]" if ":" in record.address and record.port is not None else record.address
    port = "" if record.port is None else f":{record.port}"
    transport = "" if record.transport is None else f"/{record.transport}"
    return host + port + transport


def registered(record: Record, tunnel: Tunnel) -> str:
    """A registration that counts covers the endpoint."""
    return (f"{record.service} covers {place(tunnel)} for {protocol_title(tunnel)} "
            f"until {time_text(record.valid_until_ns, 0)}.")


def registered_by_key(record: Record, tunnel: Tunnel) -> str:
    """The handshake is addressed to a registered key, at an address that its service does not name."""
    return (f"registered by key, new address: the handshake at {place(tunnel)} is addressed to the key of "
            f"{record.service}, which names no such endpoint.")


def no_registry(has_informing: bool) -> str:
    """No registry decides. has_informing: there are some that only inform."""
    if has_informing:
        return "No registry was given that decides on this network."
    return "No registry was given."


def no_server(tunnel: Tunnel) -> str:
    """No server end is known: a mesh, or a wire that does not show which end serves."""
    if tunnel.tunnel_class == "mesh":
        return f"{protocol_title(tunnel)} links machines to each other: there is no server that could be looked up."
    return f"{protocol_title(tunnel)} was seen, but not which end serves the other."


def in_transit(tunnel: Tunnel) -> str:
    """Carriage that is not by itself a VPN."""
    return (f"{protocol_title(tunnel)} at {place(tunnel)} is carriage that is not by itself a VPN, and no registration "
            "covers it.")


def not_certain(tunnel: Tunnel) -> str:
    """The evidence falls short of certain."""
    return (f"The evidence for {protocol_title(tunnel)} at {place(tunnel)} is {tunnel.grade}, not certain, and no "
            "registration covers it.")


def confirm_only(tunnel: Tunnel) -> str:
    """A protocol inside TLS, which a registration can confirm and nothing can accuse."""
    return (f"{protocol_title(tunnel)} runs inside TLS and can be confirmed by a registration only; none covers "
            f"{place(tunnel)}.")


def on_hold(record: Record, tunnel: Tunnel) -> str:
    """The registration that covers the endpoint is suspended."""
    return f"{record.service} covers {place(tunnel)} for {protocol_title(tunnel)} and is on hold."


def something_else(record: Record, tunnel: Tunnel) -> str:
    """The address is in the registry for another protocol or port."""
    held = ", on hold" if record.status == ON_HOLD else ""
    return (f"{protocol_title(tunnel)} was seen at {place(tunnel)}; {record.service}{held} registers "
            f"{record_place(record)} for {record.protocol}.")


def not_known(tunnel: Tunnel, former: Record | None, at_ns: int) -> str:
    """No registration covers it. former: a record that names this endpoint and does not count now, or None."""
    sentence = f"No registration covers {place(tunnel)} for {protocol_title(tunnel)}"
    return sentence + "." if former is None else f"{sentence}; {_why_not(former, at_ns)}."


def _why_not(record: Record, at_ns: int) -> str:
    """Why a record that names this very endpoint does not count."""
    if at_ns < record.valid_from_ns:
        return f"{record.service} covers it from {time_text(record.valid_from_ns, 0)}"
    if at_ns >= record.valid_until_ns:
        return f"{record.service} covered it until {time_text(record.valid_until_ns, 0)}"
    if record.status == ATTESTED:
        return f"{record.service} is attested, which counts on an owned network's own register only"
    status = record.status if record.status in STATUSES else "not in force"
    return f"{record.service}, which named it, is {status}"


def informs(name: str, record: Record, is_registered: bool) -> str:
    """What a registry without a say on this network adds."""
    also = "also registered" if is_registered else "registered"
    here = "" if is_registered else ", not on this network's register"
    return f"{also} with {name} as {record.service}{here}"
