"""http-01: control of the web server on an address (RFC 8555 §8.3; for an address, RFC 8738 §4).

`http://HOST/.well-known/licet-challenge/TOKEN` on port 80 gives base64url(SHA-256(TOKEN)) as text. The content is not
the path's last part: a server that repeats what it was asked for proves nothing. HOST is the endpoint's address; where
a challenge has no endpoint, it is the name, every address of which must be allowed, and the first is asked.

A redirect is followed a few times within the same host, port 80 and plain HTTP; anywhere else it is refused and said.
"""

from __future__ import annotations

from licet.proof.base import (
    Challenge,
    Guard,
    HttpAnswer,
    Instruction,
    NotReached,
    Outcome,
    ProofMethod,
    answer_to,
    failed,
    proved,
    shown,
)

PORT = 80
PATH = "/.well-known/licet-challenge/"
BODY_BYTES_MAX = 4_096
REDIRECTS_MAX = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_TODO = {
    "address_refused": "Use a public address. On a network of your own, its officer can list the prefix.",
    "name_not_found": "Check the spelling of the name, or publish its address.",
    "no_address": "Publish an A or AAAA record for the name.",
    "dns_failed": "Ask the operator of the name servers, or try again in a few minutes.",
    "not_installed": "Install it, or give the endpoint's address.",
    "no_answer": "Let port 80 in through the firewall, and see that the web server answers at once.",
    "connection_refused": "Start a web server on port 80 of this address, for as long as the check takes.",
    "unreachable": "Check the address, and that the machine that checks has this version of IP.",
    "answer_malformed": "See that a plain web server (HTTP/1.1) listens on port 80, and nothing else.",
    "answer_too_long": "Put only the value into the file, nothing before or after it.",
    "redirect_refused": "Serve this one path on port 80 without a redirect; others may be redirected.",
    "http_status": "Put the file there, and let everyone read it.",
    "content_differs": "Put only the value of this challenge into the file.",
}


def check(challenge: Challenge, guard: Guard) -> Outcome:
    """Fetch the file from the address, and compare."""
    if challenge.endpoint is None and challenge.name is None:
        return failed("incomplete", "An endpoint, or a name.", "The challenge.", "It has neither.",
                      "Ask for a new challenge.")
    host = _host(challenge)
    path, wanted = PATH + challenge.token, answer_to(challenge.token)
    looked_for, where = f"A file with the text {wanted}.", f"http://{host}{path}"
    try:
        address = _address(challenge, guard)
        answer = _fetch(guard, address, host, path)
    except NotReached as error:
        return failed(error.problem, looked_for, where, error.seen, _TODO[error.problem])
    if answer.status != 200:
        return failed("http_status", looked_for, where, f"HTTP status {answer.status}.", _TODO["http_status"])
    if answer.body.strip() != wanted.encode():
        seen = f"Another text: {shown(answer.body)}." if answer.body.strip() else "An empty file."
        return failed("content_differs", looked_for, where, seen, _TODO["content_differs"])
    return proved(looked_for, where, f"The file is there, at {address}.")


def _host(challenge: Challenge) -> str:
    """The Host field: the address (in brackets for IPv6), else the name."""
    if challenge.endpoint is None:
        return challenge.name or ""
    address = challenge.endpoint.address
    return f"[{address}]" if ":" in address else address


def _address(challenge: Challenge, guard: Guard) -> str:
    """The one address that is contacted. All that a name has are judged: one bad one refuses the name."""
    if challenge.endpoint is not None:
        return challenge.endpoint.address
    addresses = guard.addresses(challenge.name or "")
    if not addresses:
        raise NotReached("no_address", f"{challenge.name} has no address.")
    for address in addresses:
        guard.require_allowed(address)
    return addresses[0]


def _fetch(guard: Guard, address: str, host: str, path: str) -> HttpAnswer:
    """The answer after at most REDIRECTS_MAX redirects, each on the same address, port and host."""
    for _ in range(REDIRECTS_MAX + 1):
        answer = guard.get(address, PORT, host, path, BODY_BYTES_MAX)
        if answer.status not in REDIRECTS:
            return answer
        path = _same_host_path(answer.location or "", host)
    raise NotReached("redirect_refused", f"More than {REDIRECTS_MAX} redirects.")


def _same_host_path(location: str, host: str) -> str:
    """The path of a redirect that stays on the host and on plain HTTP. Raises NotReached for any other.

    Only two forms are taken, and read by no parser that could see another host in them than the one that connects.
    """
    for own in (f"http://{host}/", f"http://{host}:{PORT}/"):
        if location.lower().startswith(own):
            return "/" + location[len(own):]
    if location.startswith("/") and not location.startswith(("//", "/\\")):
        return location
    raise NotReached("redirect_refused", f"A redirect to {shown(location)}.")


def instructions(challenge: Challenge) -> tuple[Instruction, ...]:
    """The file, and a way to serve it where there is no web server."""
    path, value = PATH + challenge.token, answer_to(challenge.token)
    return (
        Instruction("Serve this file on port 80, for everyone, without a redirect:",
                    (f"http://{_host(challenge) or 'ADDRESS'}{path}",)),
        Instruction("Its content, one line:", (value,)),
        Instruction("Where the web server's files are in /var/www/html:", (
            f"mkdir -p /var/www/html{PATH}", f"printf %s {value} > /var/www/html{path}",
        )),
        Instruction("No web server? This one serves that file alone until you press Ctrl-C:", (
            f"mkdir -p proof{PATH} && printf %s {value} > proof{path}",
            "sudo python3 -m http.server 80 --bind :: --directory proof",
        )),
    )


METHOD = ProofMethod("http-01", "control of the web server on the endpoint's address", (), instructions, check)
