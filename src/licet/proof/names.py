"""Names to addresses and texts, with dnspython, through the system's resolvers or those that are named.

Each question has a bound in time and in records; no search list is used, so a name never means a machine next door.
A resolver is the operator's own choice and is asked wherever it is; what it answers is judged by the guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from licet.model.endpoint import parse_address
from licet.proof.base import NotReached, shown

if TYPE_CHECKING:
    import dns.resolver

QUESTION_TIMEOUT_S = 5.0
TRY_TIMEOUT_S = 2.0
RECORDS_MAX = 64


def look_up_addresses(name: str, resolvers: Sequence[str]) -> tuple[str, ...]:
    """A and AAAA of a name in RFC 5952 form, at most RECORDS_MAX of each; empty if it has none. Raises NotReached."""
    found: list[str] = []
    for kind in ("A", "AAAA"):
        found += [str(parse_address(record.to_text())) for record in _ask(name, kind, resolvers)]
    return tuple(dict.fromkeys(found))


def look_up_texts(name: str, resolvers: Sequence[str]) -> tuple[bytes, ...]:
    """TXT of a name, each record's strings joined, at most RECORDS_MAX; empty if it has none. Raises NotReached."""
    return tuple(b"".join(record.strings) for record in _ask(name, "TXT", resolvers))


def _ask(name: str, kind: str, resolvers: Sequence[str]) -> list[Any]:
    """The records of one kind, as dnspython's objects."""
    try:
        import dns.exception
        import dns.resolver
    except ImportError:
        raise NotReached("not_installed", "dnspython is not installed here; pip install 'licet[proof]'") from None
    try:
        answer = _resolver(resolvers).resolve(
            f"{name}.", kind, search=False, raise_on_no_answer=False, lifetime=QUESTION_TIMEOUT_S
        )
    except dns.resolver.NXDOMAIN:
        raise NotReached("name_not_found", f"{name} does not exist.") from None
    except dns.resolver.LifetimeTimeout:
        raise NotReached("dns_failed", f"No name server answered for {name} in {QUESTION_TIMEOUT_S:g} s.") from None
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise NotReached("dns_failed", f"The question for {name} {kind} failed: {shown(_first_line(error))}.") from None
    return list(answer.rrset or ())[:RECORDS_MAX]


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0]


def _resolver(resolvers: Sequence[str]) -> dns.resolver.Resolver:
    import dns.resolver

    made = dns.resolver.Resolver(configure=not resolvers)
    if resolvers:
        made.nameservers = list(resolvers)
    made.timeout = TRY_TIMEOUT_S
    made.cache = None
    return made
