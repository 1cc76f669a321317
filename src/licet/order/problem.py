"""What stands against an order: for each rule a code, and a sentence that says what to do.

Source: lifecycle §5 and §6. The rules themselves stand in `words`, `endpoints` and `people`; `limits` puts them
together.
"""

from __future__ import annotations

from dataclasses import dataclass

SENTENCES = {
    # The ground, and the text that is quoted.
    "field_missing": "{what}",
    "bad_handle": "an order is ORD- and 8 letters or digits, an ask REQ-…/2; draft it with `licet order draft`",
    "other_network": "it is for “{scope}”, and this policy is for “{name}”: an order is for one network",
    "counts_as_public": "this network counts as public, although its policy says owned: {reason}",
    "unknown_ground": "the ground is network_policy or adjudicated",
    "ground_not_allowed": "on a public network nobody is blocked for not being registered: there an order needs the "
                          "published decision of an independent body",
    "not_published": "write an address that begins with https://, where everybody can read it",
    "not_quoted": "these words do not stand in the quoted text; copy them from it",
    "text_covers_content_not_endpoints": "these words are about content, and an order is about the endpoint of a "
                                         "tunnel: "
                                         "quote a text that is, or leave the order",
    "other_policy": "quote the tunnel policy that this network's users accepted; it is published at {url}",
    "decision_without_ground": "it cites a decision, but its ground is not adjudicated",
    "unknown_adjudicator": "the policy of this network names nobody of this code who signs decisions; an adjudicator "
                           "is "
                           "appointed in policy.toml, not in an order",
    "ask_not_accepted": "it cites an ask that was not accepted: an order rests on an accepted ask, or on none",
    # Times.
    "clock_behind": "the clock of this machine says {now}, and the order was written at {created}: set the clock",
    "draft_too_old": "it was written more than {days} days ago: draft it again, with fresh evidence",
    "notice_too_short": "it would take effect {hours} hours after it was written; people are told {notice} hours "
                        "before "
                        "here. Move its beginning, or find whom to tell",
    "too_far_ahead": "it would take effect more than {days} days after it was written: draft it when it is needed",
    "no_end": "its end is not after its beginning",
    "life_too_long": "an order of this network lives at most {days} days; another one is a new draft with fresh "
                     "evidence",
    "over": "it ended at {end}: draft a new one",
    # Endpoints.
    "endpoint_count": "it names {count} endpoints; an order of this network names 1 to {most}: split it",
    "endpoint_twice": "an endpoint stands in it twice; name it once",
    "not_a_server": "no server has this address",
    "shared_address": "carriers put many people behind addresses of 100.64.0.0/10; they are never ordered against",
    "private_address": "a private address is another machine in every network",
    "never_block": "it is on this network's list of what is never blocked",
    "never_block_missing": "the policy has no list of what is never blocked (name servers, payment, emergency calls "
                           "…); "
                           "without one nothing is ordered on a public network",
    "class_not_orderable": "its class is “{found}”; only servers in a data centre or of an enterprise are ordered "
                           "against. Look it up (RDAP, PTR, ASN) and state its class",
    "class_without_source": "say where its class is from: RDAP, PTR or ASN data, with the day",
    "no_port": "only UDP and TCP endpoints are ordered against: without a port a rule would hit everything between two "
               "machines",
    "mesh": "the ends of {protocol} are people's own machines; they are never ordered against",
    "tls_type": "{protocol} looks like any other encrypted web server: it can be confirmed as registered, and is never "
                "ordered against",
    "protocol_not_orderable": "“{protocol}” cannot be ordered against; these can: {known}",
    # Evidence.
    "evidence_missing": "each endpoint cites evidence of its own, attached: draft from `licet scan --format jsonl`",
    "evidence_unreadable": "a line of its evidence is no licet.tunnel/1",
    "evidence_of_another": "its evidence is about another endpoint or protocol",
    "not_certain": "its evidence is not certain: capture a whole handshake in both directions, and scan again",
    "undetermined": "nobody judged it: scan again with the registry of this network",
    "other_registry": "it was judged by another state of the registry than the order names: scan again with --registry",
    "evidence_from_the_future": "its evidence is younger than the order: set the clock",
    "evidence_too_old": "it was last seen at {seen}, more than {days} days before: capture again",
    "too_few_ends": "it was seen with {others} other ends; on a public network an endpoint with fewer than {most} "
                    "may be "
                    "somebody's own, and is never ordered against",
    # What is registered, was decided, or is in force.
    "registered_endpoint": "it is registered ({handle}): nothing is ever ordered against a registered endpoint",
    "conflict_without_notice": "it is registered for something else: its registrant is told, and has {days} days "
                               "first. Draft it at the registry's desk, which tells them and knows when",
    "appeal_open": "an appeal about it is open: wait for its outcome",
    "quashed_before": "an order against it was quashed less than {days} days ago: another needs new facts, and the "
                      "reviewer's signature",
    "in_force_too_often": "orders against it were in force on {days} days of the last year: no more this year",
    "activations_max": "{activations} endpoints were switched on within the hour, and there may be {most}: wait",
    "rules_max": "{rules} rules are in force, and there may be {most}: lift what is no longer needed",
    # People.
    "author_unknown": "no signer of this network's policy has the author's key; sign with one that policy.toml names",
    "approver_unknown": "no signer of this network's policy has the approver's key; sign with one that policy.toml "
                        "names",
    "same_person": "author and approver are one person: somebody else has to approve it",
    "not_signed": "nobody signed in this role yet: `licet order sign`",
    "signer_unknown": "this key may not sign in this role here; policy.toml says which may",
    "signature_invalid": "{why}",
    # The dry run.
    "dry_run_missing": "nobody ran it dry yet: `licet order check`",
    "dry_run_of_another": "the dry run is of another order, or of a text that was changed since: `licet order check`",
    "dry_run_too_old": "the dry run is older than {hours} hours: `licet order check` again",
    "registered_overlap": "the dry run found it registered ({handle}): the order ends here",
    "tenancy_shared": "{count} other services were seen on its address, and its own port carried more than the tunnel: "
                      "an address that is shared is never ordered against",
    "tenancy_unknown": "its address was watched for {hours} hours only: watch it for {least} hours with "
                       "`licet watch --write`, then check again",
    "never_block_name": "its name is {name}: {rule}",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """code: names the rule; sentence: for the one who drafts; where: a member of the order, an endpoint, or ""."""

    code: str
    sentence: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence} ({self.code})" if self.where else f"{self.sentence} ({self.code})"


def problem(code: str, where: object = "", **facts: object) -> Problem:
    """The problem of a rule. facts: what its sentence is filled with."""
    return Problem(code, SENTENCES[code].format(**facts), str(where))
