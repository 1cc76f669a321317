"""What the orders of a demonstration are about: invented endpoints of documentation prefixes, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NETWORK = "Example Logistics, Hamburg"
POLICY_URL = "https://logistics.example.net/tunnel-policy"

# What every order of this network says; a subject says the rest.
WORDS = {
    "legal_ground": "Tunnel policy of Example Logistics, section 3",
    "legal_text_quoted": "Tunnels to servers that are not on the register of this network may be closed. Whoever needs "
                         "one asks the network team, who register it on the same day.",
    "text_covers": "Tunnels to servers",
    "legal_text_url": POLICY_URL,
    "notice_to": "everybody who uses the network of the Hamburg office",
    "notice_via": "https://logistics.example.net/notices",
}


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint. clients: distinct other ends by day; services: what else its address serves, `443/tcp`; on_its_port:
    other protocols that its own port carried; name: its PTR, or ""."""

    endpoint: str
    protocol: str
    clients: int
    services: tuple[str, ...] = ()
    on_its_port: tuple[str, ...] = ()
    name: str = ""
    contact: str = "abuse@hosting.example.com"

    @property
    def said(self) -> dict[str, str]:
        """What the author states of it."""
        return {"class": "datacentre", "class_source": "RDAP: an address of a hosting company", "contact": self.contact}


@dataclass(frozen=True, slots=True)
class Subject:
    """What one order is about. capture: in which it was seen; words: what the order says besides WORDS."""

    capture: str
    places: tuple[Place, ...]
    words: Mapping[str, str] = field(default_factory=dict)


def _words(facts: str, lawful: str, necessity: str, tried: str) -> dict[str, str]:
    return {"decision_facts": facts, "lawful_uses_considered": lawful, "necessity": necessity,
            "less_intrusive_tried": tried}


SUBJECTS = {
    "left-over": Subject("edge-spring.pcap", (Place("203.0.113.141:1194/udp", "openvpn", 3, ("22/tcp",)),), _words(
        "A tunnel of a contractor whose work ended was still up, on every working day.",
        "The contractor's hand-over was over; nobody else is known to use this server.",
        "The contractor does not answer. A week is enough to see whether anybody misses it.",
        "The contractor was written to twice, and telephoned once.")),
    "print-shop": Subject("edge-branch.pcap", (Place("203.0.113.150:51820/udp", "wireguard", 6, ("443/tcp", "80/tcp"),
                                                     on_its_port=("other",)),), _words(
        "Six machines of the branch office keep a tunnel to this address.",
        "A print shop next door uses the same hosting company.",
        "Nobody in the branch office knows who set it up.",
        "The branch office was asked; its answer was that it is not theirs.")),
    "supplier": Subject("edge-supplier.pcap", (Place("203.0.113.129:51820/udp", "wireguard", 9,
                                                     ("443/tcp", "25/tcp")),), _words(
        "Nine machines of the warehouse keep a tunnel to this server.",
        "Remote maintenance of machines by their maker was thought of; no such contract was found.",
        "It is one server, and two weeks are enough to find out whose it is.",
        "The contact of the address was asked, and did not answer within a week.")),
    "rented": Subject("edge-rented.pcap", (
        Place("203.0.113.130:51820/udp", "wireguard", 12,
              ("22/tcp", "80/tcp", "443/tcp", "443/udp", "993/tcp", "8443/tcp", "25565/tcp"),
              name="host130.hosting.example.com"),
        Place("[2001:db8:66::130]:51820/udp", "wireguard", 4, ("443/tcp",), name="host130.hosting.example.com"),
    ), _words(
        "Twelve machines of the Hamburg office keep a tunnel to a rented server, by IPv4 and by IPv6.",
        "Access from home: the registered service “Staff remote access” is there for it, and goes on.",
        "It opens the office's inner network to a server that nobody in the office answers for. Thirty days are what "
        "it takes to move whoever needs it to the registered service.",
        "A note was sent to all staff on two Mondays; nobody came forward. The hosting company was asked, too.")),
    "tablets": Subject("edge-tablets.pcap", (Place("203.0.113.131:1194/udp", "openvpn", 5, ("443/tcp", "22/tcp"),
                                                   name="host131.hosting.example.com"),), _words(
        "Five tablets of the loading bay keep a tunnel to this server since last week.",
        "The registered service “Driver tablets” serves tablets in lorries; these are others.",
        "It came up beside the case that is open, and is the same hosting company.",
        "The head of the loading bay was asked and did not know of it.")),
    "night": Subject("edge-night.pcap", (Place("203.0.113.132:51820/udp", "wireguard", 2, ("22/tcp", "443/tcp"),
                                               name="host132.hosting.example.com"),), {
        **_words("Two machines of the accounts office keep a tunnel to this server, mostly at night.",
                 "A backup by an outside company was thought of; the accounts office has none.",
                 "It is one server. Thirty days let whoever runs it ask for its registration.",
                 "Whoever answers for the address was asked, and said that it was let to a customer."),
        "legal_ground": "Tunnel policy of Example Logistics, section 5",
        "legal_text_quoted": "A tunnel from the accounts office to a server outside needs the consent of the data "
                             "protection officer. Without it, it is closed after a notice of one day.",
        "text_covers": "A tunnel from the accounts office to a server outside",
    }),
    "draft": Subject("edge-yard.pcap", (Place("203.0.113.133:51820/udp", "wireguard", 3, ("443/tcp",), contact=""),),
                     _words(
        "Three cameras of the yard keep a tunnel to this server.",
        "The maker of the cameras may serve their owners from there; it is asked.",
        "To be decided when the maker has answered.",
        "The maker of the cameras was written to.")),
}
