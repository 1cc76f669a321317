"""Every kind of part, in plain sight. To add one: its file, its test, and one line here."""

from __future__ import annotations

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
