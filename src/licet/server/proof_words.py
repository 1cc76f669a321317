"""What a check of control says, in the reader's language.

The methods of `licet.proof` know no language but English, and what they saw is kept as they said it: an officer and a
registrant may read it in different ones. Here stands every sentence that they can say, with what is filled in left
open; `tests/house/test_translations.py` holds that none is missing.
"""

from __future__ import annotations

import re
from functools import cache

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

SENTENCES = (
    # dns-01
    _("A TXT record with the value %(value)s."),
    _("A TXT record with the value %(value)s, and the address %(address)s."),
    _("%(record)s TXT; %(name)s A and AAAA"),
    _("%(name)s A and AAAA"),
    _("It is there."),
    _("Both are there."),
    _("The address %(address)s."),
    _("The name has no address."),
    _("The name has no TXT record."),
    _("Another value: %(values)s and %(count)s more."),
    _("Another value: %(values)s."),
    _("Publish an A or AAAA record for %(name)s with the endpoint's address."),
    _("Publish the endpoint's address under this name, or name the endpoint that the name leads to."),
    _("Publish the TXT record; if you just did, wait until your name servers have it."),
    _("Publish the value from this challenge. Other values may stay beside it."),
    _("Name the endpoint's public address."),
    _("Ask the operator of the name servers, or try again in a few minutes."),
    _("Publish this record in the zone of your name:"),
    _("%(name)s must have the endpoint's address in its A or AAAA record when the check is made."),
    _("Leave the record in place: the check is repeated every 30 days."),
    _("%(name)s does not exist."),
    _("No name server answered for %(name)s in %(seconds)s s."),
    _("The question for %(name)s %(kind)s failed: %(why)s."),
    _("control of a name that has the endpoint's address"),
    # http-01
    _("A file with the text %(value)s."),
    _("The file is there, at %(address)s."),
    _("%(name)s has no address."),
    _("HTTP status %(status)s."),
    _("Another text: %(text)s."),
    _("An empty file."),
    _("More than %(most)s redirects."),
    _("A redirect to %(place)s."),
    _("The answer ended before it was whole."),
    _("The answer did not come to its end in time."),
    _("The answer did not end; reading was given up."),
    _("What came is no HTTP answer (%(kind)s: %(why)s)."),
    _("the body is longer than any right one"),
    _("the answer does not end"),
    _("Use a public address. On a network of your own, its officer can list the prefix."),
    _("Check the spelling of the name, or publish its address."),
    _("Publish an A or AAAA record for the name."),
    _("Install it, or give the endpoint's address."),
    _("Let port 80 in through the firewall, and see that the web server answers at once."),
    _("Start a web server on port 80 of this address, for as long as the check takes."),
    _("Check the address, and that the machine that checks has this version of IP."),
    _("See that a plain web server (HTTP/1.1) listens on port 80, and nothing else."),
    _("Put only the value into the file, nothing before or after it."),
    _("Serve this one path on port 80 without a redirect; others may be redirected."),
    _("Put the file there, and let everyone read it."),
    _("Put only the value of this challenge into the file."),
    _("Serve this file on port 80, for everyone, without a redirect:"),
    _("Its content, one line:"),
    _("Where the web server's files are in /var/www/html:"),
    _("No web server? This one serves that file alone until you press Ctrl-C:"),
    _("control of the web server on the endpoint's address"),
    # wireguard-01
    _("A WireGuard server that holds the private key of %(key)s."),
    _("%(endpoint)s, one handshake as the peer that was added for it."),
    _("The server completed the handshake."),
    _("No answer to %(count)s handshake initiations."),
    _("The server answered twice that it is under load (a cookie reply)."),
    _("The endpoint is not UDP."),
    _("An answer, but %(why)s."),
    _("a handshake response has %(count)s bytes, this has %(found)s"),
    _("this is no response to our initiation"),
    _("the response's mac1 is wrong"),
    _("this is no cookie reply to our initiation"),
    _("with this key no secret can be shared"),
    _("the response was not made with the private key that belongs to the public one"),
    _("the cookie reply was not made for our initiation"),
    _("Add the one-time peer to this server, let the port in through the firewall, and see that the clocks of both "
      "sides are right. If the peer was tried before, remove it and add it again."),
    _("Start WireGuard, or correct the port."),
    _("Register the key that `wg show INTERFACE public-key` prints on this server, and add the peer without a "
      "preshared key."),
    _("Try again in a few minutes."),
    _("Name the server's ADDRESS:PORT/udp and its public key."),
    _("Add this one-time peer to the server, here on its interface wg0:"),
    _("It has no allowed addresses: it can complete a handshake, and no packet of it is let in. Where a form wants "
      "one, give 192.0.2.1/32, which nobody uses."),
    _("After the check, remove it:"),
    _("The check is repeated every 30 days; you are asked to add the peer again then, or leave it."),
    _("that a WireGuard server holds the private key that is registered"),
    # callback-01
    _("A call with this challenge's token from %(address)s."),
    _("The connection to the registry."),
    _("A call with the right token, from that address."),
    _("A call with another token."),
    _("Copy the whole token from the registry's page."),
    _("The right token, after the challenge's end."),
    _("The right token, from another address. That address is not kept."),
    _("Run the command on the machine itself, without a proxy or a VPN; --from ADDRESS chooses among its addresses."),
    _("Run this on the machine that has %(address)s, with the registry's own URL:"),
    _("If the machine has several addresses, add --from ADDRESS. Proxies are not used."),
    _("This shows a machine at an address and no more: a registry asks for a second method beside it."),
    _("that somebody uses a machine at the endpoint's address"),
    _("the endpoint's address"),
    # Of several methods: the network, and challenges that lack something.
    _("The connection to %(place)s broke: %(why)s."),
    _("The connection broke: %(why)s."),
    _("Nothing came back from %(place)s in time."),
    _("The machine answered that nothing listens on %(place)s."),
    _("There is no way to %(place)s from here: %(why)s."),
    _("%(address)s is %(why)s; it was not contacted."),
    _("%(place)s is no place to ask."),
    _("This machine has no IPv%(version)s: %(why)s."),
    _("cryptography is not installed here."),
    _("not the address of one machine"),
    _("the machine's own (loopback)"),
    _("not a global address"),
    _("not an address"),
    _("no machine's address"),
    _("kept for protocols"),
    _("kept for documentation"),
    _("a former 6to4 relay"),
    _("a translated IPv4 address (NAT64)"),
    _("an IPv4 address inside IPv6 (6to4)"),
    _("Nothing more to do."),
    _("A challenge with %(what)s."),
    _("The %(method)s challenge."),
    _("The challenge."),
    _("It has none."),
    _("It has neither."),
    _("An endpoint."),
    _("A name."),
    _("An endpoint, or a name."),
    _("Ask for a new challenge with %(what)s."),
    _("Ask for a new challenge."),
    _("Ask for a new one."),
    _("an endpoint"),
    _("a DNS name"),
    _("a WireGuard public key"),
    _("a token"),
    # Of the registry itself.
    _("that nobody else has proven this"),
    _("in this registry"),
    _("another proof of %(what)s stands"),
    _("If it is yours now, ask the registry: the other one's next check will fail."),
    _("A call from the endpoint's machine."),
    _("The connections to this registry."),
    _("No call with this challenge's token yet."),
    _("Run `licet proof call %(token)s` there, with this registry's address."),
    _("This version cannot check it."),
    _("Choose another method."),
)

_OPEN = re.compile(r"%\((\w+)\)s")


def said(text: str) -> str:
    """A sentence of a check in the language of the request; as it is where it is none that is known."""
    if (get_language() or "en").startswith("en"):
        return text
    if text in _plain():
        return gettext(text)
    for pattern, template in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            return gettext(template) % {name: _part(value) for name, value in found.groupdict().items()}
    return text


def _part(text: str) -> str:
    return gettext(text) if text in _plain() else text


@cache
def _plain() -> frozenset[str]:
    return frozenset(one for one in SENTENCES if not _OPEN.search(one))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """In the order in which they stand: the one that says more comes first."""
    found = []
    for template in SENTENCES:
        if _OPEN.search(template):
            parts = _OPEN.split(template)
            pattern = "".join(f"(?P<{one}>.+?)" if at % 2 else re.escape(one) for at, one in enumerate(parts))
            found.append((re.compile(pattern, re.DOTALL), template))
    return tuple(found)
