"""What an ask says, as far as a machine can tell: the exact endpoint it names, and codes worth looking at.

A suggestion decides nothing. An officer reads the ask, chooses the code and writes the answer.
"""

from __future__ import annotations

import re

from licet.errors import Malformed
from licet.lifecycle import request as requests
from licet.model.endpoint import parse_endpoint

_PLACE = re.compile(r"[\[\]0-9A-Fa-f:.]{3,60}/(?:udp|tcp)\b", re.IGNORECASE)
_HINTS = (
    (requests.ASKS_FOR_PEOPLE, r"\b(?:users?|subscribers?|customers?|people|persons?|names of|who (?:uses|used))\b"),
    (requests.ASKS_FOR_SECRECY, r"\b(?:secret|secrecy|confidential|not (?:be )?publish|undisclosed)\b"),
    (requests.ABSENCE_IS_NO_GROUND, r"\b(?:unregistered|not registered|without registration|unlicen[sc]ed)\b"),
    (requests.ASKS_FOR_LIST, r"\b(?:lists?|all (?:the )?(?:vpns?|tunnels|servers))\b"),
    (requests.TEXT_COVERS_CONTENT, r"\b(?:websites?|contents?|pages?|videos?|articles?)\b"),
    (requests.DONE, r"\b(?:promote|publish the (?:directory|register)|register more|be registered)\b"),
)


def endpoint_in(text: str) -> str:
    """The one endpoint that an ask names exactly, such as 192.0.2.10:51820/udp; "" for none or several."""
    found = set()
    for match in _PLACE.finditer(text):
        try:
            found.add(str(parse_endpoint(match[0].lower())))
        except Malformed:
            continue
    return found.pop() if len(found) == 1 else ""


def suggestions(text: str, endpoint: str, quoted: str, registered: str) -> list[str]:
    """Codes that may fit, the most telling first. registered: the handle at the endpoint, or ""."""
    found = [requests.REGISTERED_ENDPOINT] if registered else []
    found += [code for code, words in _HINTS if re.search(words, text, re.IGNORECASE)]
    if not endpoint and requests.DONE not in found:
        found.append(requests.NOT_AN_EXACT_ENDPOINT)
    if not quoted.strip():
        found.append(requests.NO_LEGAL_TEXT)
    return list(dict.fromkeys(found)) or [requests.DRAFT_MAY_CITE]
