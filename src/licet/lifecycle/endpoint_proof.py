"""The proof that a registrant controls an endpoint: its states, time-outs, and what each method proves.

A proof that fails later makes an endpoint stale, and stale still counts: an outage is not a loss of control. Only after
30 days and two notices does it count no more, and one new proof brings it back.
"""

from __future__ import annotations

from collections.abc import Set

from licet.lifecycle.table import CLOCK, MACHINE, OFFICER, REGISTRANT, TIME_PASSED, After, Row, Table, move

PENDING, VALID, STALE = "pending", "valid", "stale"
INACTIVE, INVALID, GONE = "inactive", "invalid", "gone"
COUNTING = frozenset({VALID, STALE})

PENDING_DAYS = 7
RECHECK_DAYS = 30
STALE_DAYS = 30
STALE_NOTICES = 2
NOTICE_DAYS = STALE_DAYS // STALE_NOTICES  # from each notice to the next, and from the last to the loss
BOTH_COUNT_HOURS = 72  # after a change, the old endpoint or key counts beside the new one for so long

NOTICES_SENT = "notices_sent"  # the fact that STALE_NOTICES went out, the last one NOTICE_DAYS ago

DNS_01, HTTP_01, TLS_ALPN_01 = "dns-01", "http-01", "tls-alpn-01"
WIREGUARD_01, CALLBACK_01, SSH_01 = "wireguard-01", "callback-01", "ssh-01"
METHODS = (DNS_01, HTTP_01, TLS_ALPN_01, WIREGUARD_01, CALLBACK_01, SSH_01)

# What a method proves by itself. `dns-01` proves an address through a name that points to it, never an address alone
# (RFC 8738 §3). `callback-01` proves one only together with a second method; `ssh-01` proves neither.
PROVES_ADDRESS = frozenset({DNS_01, HTTP_01, TLS_ALPN_01, WIREGUARD_01})
PROVES_KEY = frozenset({WIREGUARD_01})
NEEDS_NAME = frozenset({DNS_01})
SECOND_METHODS = frozenset({DNS_01, HTTP_01, TLS_ALPN_01, WIREGUARD_01, SSH_01})

_AGAIN: Row = {"check_ok": move(VALID, reason="new_proof")}

TABLE = Table(
    kind="endpoint",
    states=(PENDING, VALID, STALE, INACTIVE, INVALID, GONE),
    events=("check_ok", "check_fail", "key_change_by_owner", "owner_revokes", TIME_PASSED),
    causes={
        "check_ok": frozenset({MACHINE}),
        "check_fail": frozenset({MACHINE}),
        "key_change_by_owner": frozenset({REGISTRANT}),
        "owner_revokes": frozenset({REGISTRANT}),
        TIME_PASSED: frozenset({CLOCK}),
    },
    rows={
        PENDING: {
            "check_ok": move(VALID),
            "check_fail": move(INVALID),
            "owner_revokes": move(GONE),
            TIME_PASSED: move(INVALID, reason="timed_out"),
        },
        VALID: {
            "check_ok": move(VALID),
            "check_fail": move(STALE),
            "key_change_by_owner": move(VALID),
            "owner_revokes": move(GONE),
            TIME_PASSED: move(VALID, reason="recheck"),
        },
        STALE: {
            "check_ok": move(VALID),
            "check_fail": move(STALE),
            "key_change_by_owner": move(VALID),
            "owner_revokes": move(GONE),
            TIME_PASSED: move(INACTIVE, NOTICES_SENT, reason="stale_too_long"),
        },
        INACTIVE: _AGAIN,
        INVALID: _AGAIN,
        GONE: _AGAIN,
    },
    after={PENDING: After(PENDING_DAYS), VALID: After(RECHECK_DAYS), STALE: After(STALE_DAYS)},
    births={"add": (PENDING, frozenset({REGISTRANT})), "attest": (VALID, frozenset({OFFICER}))},
    losses=frozenset({INACTIVE, INVALID}),
)


def is_proven(methods: Set[str], *, has_address: bool, has_key: bool) -> bool:
    """True where the methods that succeeded prove all of an endpoint: its address, its key, or both."""
    address_proven = bool(methods & PROVES_ADDRESS) or (CALLBACK_01 in methods and bool(methods & SECOND_METHODS))
    if has_address and not address_proven:
        return False
    return not has_key or bool(methods & PROVES_KEY)


def methods_for(*, has_address: bool, has_key: bool, has_name: bool) -> tuple[str, ...]:
    """The methods that can prove such an endpoint alone, the most convenient first."""
    wanted = [WIREGUARD_01] if has_key else [HTTP_01, DNS_01, TLS_ALPN_01]
    return tuple(one for one in wanted if has_name or one not in NEEDS_NAME) if has_address or has_key else ()
