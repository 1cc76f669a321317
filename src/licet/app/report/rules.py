"""What each recognition rule and each cross-link means, in words for people who run no protocol analyser.

A table, read by `licet explain` and the HTML report. A rule that the table does not know is still named: recognition
may be newer than its words.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.app.report.words import printable
from licet.model.evidence import Evidence


@dataclass(frozen=True, slots=True)
class RuleText:
    """seen: what was on the wire, one sentence; settles: what would make a likely finding certain, in words that follow
    "it would be certain with", or ""."""

    seen: str
    settles: str = ""


_WIREGUARD_SETTLES = "a handshake in the capture: WireGuard makes one about every two minutes while traffic flows"
_OPENVPN_SETTLES = "a capture that begins before the connection does, so that the reset from both ends is in it"
_IKE_SETTLES = "a capture that holds the first two messages of IKE between the same two ends"
_PPTP_SETTLES = "a capture that holds the control connection (TCP port 1723) of the same two ends"

# `RULE one-sided`: what the rule found without a link, where it can also find less than its name says.
RULES: dict[str, RuleText] = {
    "wireguard/handshake@1": RuleText(
        "One end sent a handshake initiation of exactly 148 bytes, and the other answered with a response of 92 bytes."
    ),
    "wireguard/cookie@1": RuleText(
        "One end sent a handshake initiation; the other, being under load, answered with a cookie reply of 64 bytes."
    ),
    "wireguard/registered-key@1": RuleText(
        "The initiation carries a check value (mac1) that can only be made for the public key of a registered service, "
        "and the server answered it."
    ),
    "wireguard/data@1": RuleText(
        "Both ends sent WireGuard transport messages, each direction under one unchanging number and with a rising "
        "counter; the handshake that agreed upon them is not in the capture.",
        _WIREGUARD_SETTLES,
    ),
    "wireguard/attempt@1": RuleText(
        "One end sent WireGuard handshake initiations, again and again, and nobody answered: an attempt, not a tunnel.",
        "an answer from the other end",
    ),
    "openvpn/hard-reset@1": RuleText(
        "One end opened with a hard reset of exact length, and the other answered with its own."
    ),
    "openvpn/tls-crypt@1": RuleText(
        "Both ends opened with resets in the tls-crypt form: each keeps one session number, counts its packets from "
        "one and states a time that agrees with the capture. More control packets followed both ways."
    ),
    "openvpn/tls-crypt-v2@1": RuleText(
        "One end opened with a reset in the tls-crypt-v2 form, ending with its wrapped key, and the other answered; "
        "more control packets followed both ways."
    ),
    "openvpn/data@1": RuleText(
        "Both ends sent OpenVPN data packets with one unchanging peer number; how the connection began is not in the "
        "capture.",
        _OPENVPN_SETTLES,
    ),
    "openvpn/attempt@1": RuleText(
        "One end sent OpenVPN resets, and nobody answered: an attempt, not a tunnel.", "an answer from the other end"
    ),
    "openvpn/one-way@1": RuleText(
        "One end sent an OpenVPN reset and further control packets of the same session; what the other end sent is not "
        "in the capture.",
        "a capture that holds both directions",
    ),
    "ike/exchange@1": RuleText(
        "The two ends exchanged a request and a response of IKE, the key exchange of IPsec, with consistent lengths "
        "and message numbers."
    ),
    "ike/attempt@1": RuleText(
        "One end asked for an IKE key exchange, and nobody answered: an attempt, not a tunnel.",
        "an answer from the other end",
    ),
    "ike/midflow@1": RuleText(
        "The two ends sent IKE messages of a key exchange whose beginning is not in the capture; which end opened it "
        "cannot be known.",
        _IKE_SETTLES,
    ),
    "ike-tcp/exchange@1": RuleText(
        "A TCP connection began with the letters IKETCP, and a request and a response of IKE followed (RFC 9329)."
    ),
    "esp-udp/ike-link@1": RuleText(
        "Encrypted IPsec packets (ESP) travelled in UDP between two ends that had agreed upon keys by IKE."
    ),
    "esp-udp/sequence@1": RuleText(
        "Packets that look like ESP in UDP went by, each direction under one fixed number and with a rising count; "
        "no key exchange is in the capture.",
        _IKE_SETTLES,
    ),
    "esp/protocol@1": RuleText(
        "Packets with IP protocol number 50 (ESP) went by. The number names the protocol, but not what it is used for.",
        _IKE_SETTLES,
    ),
    "esp/ike-link@1": RuleText(
        "Packets with IP protocol number 50 (ESP) travelled between two ends that had agreed upon keys by IKE."
    ),
    "ah/protocol@1": RuleText(
        "Packets with IP protocol number 51 (AH) went by. The number names the protocol, but not what it is used for.",
        _IKE_SETTLES,
    ),
    "ah/ike-link@1": RuleText(
        "Packets with IP protocol number 51 (AH) travelled between two ends that had agreed upon keys by IKE."
    ),
    "pptp/control@1": RuleText(
        "One end asked to start a PPTP control connection, and the other replied that it may."
    ),
    "pptp/control@1 one-sided": RuleText(
        "PPTP control messages went by; the request that starts such a connection and the reply to it are not both in "
        "the capture.",
        "a capture that holds the start of the control connection, from both ends",
    ),
    "pptp/gre-data@1": RuleText(
        "Packets of the GRE form that only PPTP uses went by; the control connection is not in the capture.",
        _PPTP_SETTLES,
    ),
    "pptp/gre-call@1": RuleText(
        "Packets of the GRE form that only PPTP uses carried the call number that its control connection agreed upon."
    ),
    "gre/protocol@1": RuleText(
        "Packets with IP protocol number 47 (GRE) went by. GRE is carriage: routers use it for much that is no "
        "VPN, and only those who set it up can say what it is used for here."
    ),
}  # fmt: skip

LINKS: dict[str, str] = {
    "receiver-index": "The answer repeats the number that the first message had chosen.",
    "mac1": "The check value fits the registered key and no other.",
    "constant-receiver": "Each direction keeps one number; no message repeats a number that the other end chose.",
    "session-id": "The answer repeats the session number that the first message had chosen.",
    "packet-id-sequence": "Both ends count from one under unchanging session numbers; an echo would be encrypted here.",
    "constant-peer-id": "The peer number never changes; no message repeats a number that the other end chose.",
    "spi-pair": "The response repeats the number (SPI) that the requesting end chose, beside one of its own.",
    "constant-spi": "Each direction keeps one number (SPI); no packet repeats a number that the other end chose.",
    "ike-of-same-flow": "They share their two ends and ports with that IKE, which is certain.",
    "ike-of-same-pair": "They share their two ends and the time with that IKE, which is certain.",
    "ip-protocol-number": "Only the number in the IP header says so.",
    "ethertype-880b": "Only the header's marks say so.",
    "start-control-reply": "The reply answers the request on the same connection.",
    "call-id": "The call number was agreed upon in the control connection.",
}


def rule_text(evidence: Evidence) -> RuleText:
    """The words for a piece of evidence by its rule; for a rule that is not in the table, what its name tells."""
    known = RULES.get(evidence.rule)
    if evidence.link is None:
        known = RULES.get(f"{evidence.rule} one-sided", known)
    if known is not None:
        return known
    name, _, version = evidence.rule.partition("@")
    version_words = f", version {version}," if version else ""
    return RuleText(printable(f"The packets fit the rule “{name}”{version_words} which has no description here."))


def link_text(link: str | None) -> str:
    """The words for a kind of cross-link; "" where there is none."""
    if link is None:
        return ""
    return LINKS.get(link) or printable(f"They are joined by “{link}”.")
