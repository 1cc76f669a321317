"""Endpoints as an officer writes them, one a line, in the notation of `registry.toml`: read into the fields that the
service layer takes."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.utils.translation import gettext as _

from licet.errors import Malformed
from licet.server.registry.service_layer.errors import Invalid
from licet.snapshot.entry import parse_entry

LINES_MAX = 100
KEY_PREFIX = "wireguard:"


def read_entries(text: str) -> list[dict[str, Any]]:
    """The fields of each line. Raises Invalid with the first line that cannot be read."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > LINES_MAX:
        raise Invalid({"entries": _("At most %(most)d lines.") % {"most": LINES_MAX}})
    return [_read(line, number) for number, line in enumerate(lines, 1)]


def _read(line: str, number: int) -> dict[str, Any]:
    if line.lower().startswith(KEY_PREFIX):
        return {"public_key": line[len(KEY_PREFIX):].strip(), "tunnel_protocol": "wireguard"}
    try:
        entry = parse_entry(line)
        ipaddress.ip_address(entry.address)
    except (Malformed, ValueError) as error:
        why = str(error) if isinstance(error, Malformed) else _("an entry names one address, not a prefix")
        raise Invalid({"entries": _("Line %(number)d: %(why)s") % {"number": number, "why": why}}) from None
    if entry.transport is None:
        raise Invalid({"entries": _("Line %(number)d: name the port and the transport, such as "
                                    "192.0.2.10:51820/udp wireguard.") % {"number": number}})
    return {"address": entry.address, "transport": entry.transport, "port": entry.port,
            "tunnel_protocol": entry.protocol, "name": entry.name or ""}
