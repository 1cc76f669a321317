"""The protocol families, in one table: what each is called, what class it has, and what its wire can never tell.

Source: design §4 (`family`, `class`) and the wire facts of each protocol. A family is here when a recogniser for it is
in `app/catalogue.py`; adding a protocol adds a row.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """name: as written in tunnels; title: for people; tunnel_class: vpn, mesh or transit.

    registered_as: the protocol words in a registration that cover this family.
    unknowable: what a passive observer cannot know of it, in sentences for `licet explain`.
    """

    name: str
    title: str
    tunnel_class: str
    registered_as: tuple[str, ...]
    unknowable: tuple[str, ...]


_IPSEC_UNKNOWABLE = (
    "who is connected: identities and certificates are encrypted (IKEv2) or not read (IKEv1)",
    "whether it links two sites or one person's device to a site",
    "whether the packets inside are in tunnel or transport mode",
)

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "wireguard", "WireGuard", "vpn", ("wireguard",),
            ("who is connected", "what is carried inside", "which product it is, and whether it links sites or people"),
        ),
        Family(
            "openvpn", "OpenVPN", "vpn", ("openvpn",),
            ("who is connected: client certificates are not read", "what is carried inside",
             "whose server it is when tls-crypt hides the TLS handshake"),
        ),
        Family("ipsec-ike", "IKE (IPsec)", "vpn", ("ipsec-ike", "ipsec"), _IPSEC_UNKNOWABLE),
        Family("ipsec-esp", "ESP (IPsec)", "vpn", ("ipsec-esp", "ipsec"), _IPSEC_UNKNOWABLE),
        Family("ipsec-ah", "AH (IPsec)", "vpn", ("ipsec-ah", "ipsec"), _IPSEC_UNKNOWABLE),
        Family(
            "pptp", "PPTP", "vpn", ("pptp",),
            ("who is connected: host names and user names are not read", "what is carried inside"),
        ),
        Family(
            "gre", "GRE", "transit", ("gre",),
            ("whether it is somebody's private network or a router's plumbing", "which end, if any, serves the other"),
        ),
    )
}

# Words that a registration may use for a protocol: every family, and `ipsec` for IKE, ESP and AH together. The wider
# list is design §4's: a service can be registered before licet can recognise its protocol.
PROTOCOL_WORDS = (
    "wireguard", "openvpn", "ipsec", "ipsec-ike", "ipsec-esp", "ipsec-ah", "l2tp", "pptp", "gre", "sstp", "anyconnect",
    "globalprotect", "fortinet", "tailscale", "zerotier", "nebula", "softether", "tinc", "other-vpn",
)
