"""Every kind of part, in plain sight. To add one: its file, its test, and one line here."""

from __future__ import annotations

from licet.enforce import nftables, pf, suricata
from licet.enforce.base import Output
from licet.proof import callback_01, dns_01, http_01, wireguard_01
from licet.proof.base import ProofMethod
from licet.recognise import ah, esp, gre, ike, openvpn, pptp, wireguard
from licet.recognise.base import Recogniser

RECOGNISERS: tuple[Recogniser, ...] = (
    wireguard.RECOGNISER,
    openvpn.RECOGNISER,
    ike.RECOGNISER,
    esp.RECOGNISER,
    ah.RECOGNISER,
    pptp.RECOGNISER,
    gre.RECOGNISER,
)

PROOF_METHODS: tuple[ProofMethod, ...] = (
    dns_01.METHOD,
    http_01.METHOD,
    wireguard_01.METHOD,
    callback_01.METHOD,
)

OUTPUTS: tuple[Output, ...] = (
    nftables.OUTPUT,
    suricata.OUTPUT,
    pf.OUTPUT,
)
