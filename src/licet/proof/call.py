"""The registrant's side of callback-01: one POST to the registry that the registrant named (RFC 9112).

It goes straight there: no proxy of the environment, no redirect, for the registry must see this machine's own address.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
from dataclasses import fields
from typing import Any

from licet.errors import BadInput, Malformed, Unavailable
from licet.model.endpoint import split_port
from licet.proof.base import PROBLEMS, Outcome, bounded, shown
from licet.proof.callback_01 import CALL_PATH

CALL_TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 16_384

_URL = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(/[!-~]*)?", re.IGNORECASE)


def call(token: str, registry_url: str, source: str | None = None) -> Outcome:
    """Present a token at a registry, and return what it found.

    source: the address of this machine to call from, or None for the system's choice. Raises BadInput for a URL that
    cannot be used, Unavailable if the registry does not answer, Malformed if it answers something else.
    """
    secure, host, port, folder = _split(registry_url)
    own = (source, 0) if source else None
    connection: http.client.HTTPConnection
    if secure:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            host, port, timeout=CALL_TIMEOUT_S, source_address=own, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=CALL_TIMEOUT_S, source_address=own)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        connection.request("POST", folder + CALL_PATH, json.dumps({"token": token}), headers)
        response = connection.getresponse()
        body = response.read(ANSWER_BYTES_MAX + 1)
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{registry_url}: the registry did not answer: {bounded(str(error))}; try again") from None
    finally:
        connection.close()
    return read_outcome(registry_url, response.status, body)


def read_outcome(registry_url: str, status: int, body: bytes) -> Outcome:
    """A registry's answer. Raises Unavailable for 429 and 5xx, Malformed for what is no outcome."""
    if status == 429 or status >= 500:
        raise Unavailable(f"{registry_url}: the registry answered with HTTP status {status}; try again later")
    try:
        found = json.loads(body[:ANSWER_BYTES_MAX]) if len(body) <= ANSWER_BYTES_MAX else None
    except (ValueError, RecursionError):
        found = None
    outcome = _outcome(found)
    if outcome is None:
        raise Malformed(f"{registry_url}: HTTP status {status}, no outcome: {shown(body)}; is this a licet registry?")
    return outcome


def _outcome(found: Any) -> Outcome | None:
    """An outcome with each member of its type, its sentences made printable; None for anything else."""
    if not isinstance(found, dict) or not isinstance(found.get("ok"), bool):
        return None
    sentences = [found.get(field.name) for field in fields(Outcome)[2:]]
    problem = found.get("problem")
    if not all(isinstance(one, str) for one in sentences) or (problem is None) is not found["ok"]:
        return None
    if problem is not None and problem not in PROBLEMS:
        return None
    return Outcome(found["ok"], problem, *(bounded(str(one)) for one in sentences))


def _split(url: str) -> tuple[bool, str, int, str]:
    """(is TLS, host, port, path without its last slash) of a registry's URL. Raises BadInput."""
    found = _URL.fullmatch(url.strip())
    if found is None:
        raise BadInput(f"{shown(url)} is no URL of a registry; write one such as https://registry.example.net")
    scheme, host, port_text, folder = found.groups()
    _, port = split_port(f"host{port_text or ''}")
    secure = scheme.lower() == "https"
    return secure, host.strip("[]"), port or (443 if secure else 80), (folder or "").rstrip("/")
