"""Letters of the demonstration: answered ask by ask, waiting at the desk, late, and sealed for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from licet.lifecycle import request as requests
from licet.lifecycle.table import REQUESTER
from licet.server.orders.models import Request
from licet.server.orders.service_layer.requests import Answer, acknowledge, answer, receive, seal
from licet.server.registry.service_layer.actors import Actor

DAY = timedelta(days=1)
SENDER = Actor(REQUESTER)
# What happens when, in a story that is told in the order of its times.
Step = tuple[datetime, Callable[[datetime], object]]

ANSWERED = {
    "requester": "Example Communications Authority", "principal": "Example Ministry",
    "addressee": "Example Access, operator of a public network", "relays": "Example Association of Operators",
    "legal_ground": "Example Tunnels Act, section 4",
    "legal_text_quoted": "The operator closes tunnels to a server that an independent body has named in a published "
                         "decision.",
    "legal_text_url": "https://law.example.org/tunnels-act/4", "contact": "https://authority.example.org/letters",
    "asks": "Block all unregistered VPNs\nTell us the names of the customers who use them\n"
            "Promote the registered VPN services",
}
ANSWERS = (
    Answer(1, requests.ABSENCE_IS_NO_GROUND, "A service that is not registered has done nothing wrong. On a public "
                                             "network that is never a reason to close it."),
    Answer(2, requests.ASKS_FOR_PEOPLE, "Nobody's use of a tunnel is known here, and nothing is kept from which it "
                                        "could be found out."),
    Answer(3, requests.DONE, "The directory is published, and the whole register can be downloaded."),
)
WAITING = {
    **ANSWERED, "principal": "", "relays": "", "asks": "Close 203.0.113.66:443/udp\nKeep this letter confidential",
}
LATE = {
    **ANSWERED, "requester": "Example Rights Holders", "principal": "Example Film Company", "relays": "",
    "legal_ground": "Example Media Act, section 12", "legal_text_url": "https://law.example.org/media-act/12",
    "legal_text_quoted": "An operator removes films that were published without the consent of their makers.",
    "asks": "Block every VPN through which our films are watched",
}
SEALED = {
    **ANSWERED, "requester": "Example Police, unit for fraud", "principal": "", "relays": "",
    "legal_ground": "Example Procedure Act, section 9", "legal_text_url": "https://law.example.org/procedure-act/9",
    "legal_text_quoted": "A request may be sealed until the measure that it serves has ended.",
    "asks": "Say whether 203.0.113.67:51820/udp is registered\nKeep our question sealed until the end of the inquiry",
}
FROM_THE_OFFICE = {
    "requester": "Example Logistics, network team", "principal": "Example Logistics, board",
    "addressee": "Example Logistics, Hamburg", "relays": "",
    "legal_ground": "Tunnel policy of Example Logistics, section 3",
    "legal_text_quoted": "Tunnels to servers that are not on the register of this network may be closed.",
    "legal_text_url": "https://logistics.example.net/tunnel-policy", "contact": "https://logistics.example.net/contact",
    "asks": "Close 203.0.113.130:51820/udp\nClose all other tunnels of the same hosting company",
}
TO_THE_OFFICE = (
    Answer(1, requests.DRAFT_MAY_CITE, "It is one exact endpoint, on the policy that this network's users accepted. "
                                       "Two people decide whether they sign an order."),
    Answer(2, requests.NOT_AN_EXACT_ENDPOINT, "Name address, port and transport of each: other customers of that "
                                              "company have nothing to do with it."),
)


def letters(officer: Actor, at: datetime) -> tuple[list[Step], Callable[[], str]]:
    """The steps of all letters, through the service layer as everything else, and the ask that an order may cite once
    it was accepted."""
    steps: list[Step] = []
    _letter(steps, officer, ANSWERED, at - 20 * DAY, at - 19 * DAY, (at - 12 * DAY, ANSWERS))
    _letter(steps, officer, WAITING, at - 3 * DAY, at - 2 * DAY)
    _letter(steps, officer, LATE, at - 37 * DAY, at - 36 * DAY)
    sealed = _letter(steps, officer, SEALED, at - 5 * DAY, at - 4 * DAY)
    steps.append((at - 4 * DAY, lambda when: seal(officer, sealed[0], 60, at=when)))
    cited = _letter(steps, officer, FROM_THE_OFFICE, at - 11 * DAY, at - 10 * DAY, (at - 9 * DAY, TO_THE_OFFICE))
    return steps, lambda: f"{cited[0].handle}/1"


def _letter(steps: list[Step], officer: Actor, text: dict[str, str], received: datetime, read: datetime,
            answered: tuple[datetime, tuple[Answer, ...]] | None = None) -> list[Request]:
    """Add the steps of one letter; in the list it stands once it was received."""
    found: list[Request] = []
    steps.append((received, lambda when: found.append(receive(SENDER, text, at=when))))
    steps.append((read, lambda when: acknowledge(officer, found[0], at=when)))
    if answered is not None:
        moment, answers = answered
        steps.append((moment, lambda when: answer(officer, found[0], answers, at=when)))
    return found
