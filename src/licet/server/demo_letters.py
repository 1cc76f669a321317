"""Two letters of the demonstration: one that was answered ask by ask, and one that waits at the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from licet.lifecycle import request as requests
from licet.lifecycle.table import REQUESTER
from licet.server.orders.service_layer.requests import Answer, acknowledge, answer, receive
from licet.server.registry.service_layer.actors import Actor

DAY = timedelta(days=1)
SENDER = Actor(REQUESTER)

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


def tell_letters(officer: Actor, at: datetime) -> None:
    """Write both letters, through the service layer as everything else."""
    first = receive(SENDER, ANSWERED, at=at - 20 * DAY)
    acknowledge(officer, first, at=at - 19 * DAY)
    answer(officer, first, ANSWERS, at=at - 12 * DAY)
    second = receive(SENDER, WAITING, at=at - 3 * DAY)
    acknowledge(officer, second, at=at - 2 * DAY)
