"""Every kind of part, in plain sight. To add one: its file, its test, and one line here.

What proves and what acts is imported when it is asked for: a scan needs neither, and starts a tenth sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from licet.recognise import ah, esp, gre, ike, openvpn, pptp, wireguard
from licet.recognise.base import Recogniser

if TYPE_CHECKING:
    from licet.enforce.base import Output
    from licet.proof.base import ProofMethod

RECOGNISERS: tuple[Recogniser, ...] = (
    wireguard.RECOGNISER,
    openvpn.RECOGNISER,
    ike.RECOGNISER,
    esp.RECOGNISER,
    ah.RECOGNISER,
    pptp.RECOGNISER,
    gre.RECOGNISER,
)


def proof_methods() -> tuple[ProofMethod, ...]:
    """The ways to prove that an endpoint is one's own."""
    from licet.proof import callback_01, dns_01, http_01, wireguard_01

    return (
        dns_01.METHOD,
        http_01.METHOD,
        wireguard_01.METHOD,
        callback_01.METHOD,
    )


def outputs() -> tuple[Output, ...]:
    """The firewalls that rules are rendered for."""
    from licet.enforce import nftables, pf, suricata

    return (
        nftables.OUTPUT,
        suricata.OUTPUT,
        pf.OUTPUT,
    )
