"""States, codes and grounds in words for somebody who reads of them for the first time. None blames anybody."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licet.lifecycle import appeal, order, request

Text = str | Promise

CODES: dict[str, Text] = {
    request.NOT_AN_EXACT_ENDPOINT: _("It names no exact endpoint. An order is about one address, port, transport and "
                                     "protocol; there is none for a kind of traffic, a name or a range."),
    request.NO_LEGAL_TEXT: _("No legal text is quoted. Quote word for word what this rests on, and where it is "
                             "published."),
    request.TEXT_COVERS_CONTENT: _("The quoted text is about content. What is said inside a tunnel cannot be seen "
                                   "here, and such a text covers no tunnel's endpoint."),
    request.ABSENCE_IS_NO_GROUND: _("Not being registered is a fact, not a fault: by itself it is no ground."),
    request.REGISTERED_ENDPOINT: _("It is registered. Nothing is ever ordered against a registered endpoint."),
    request.NEVER_BLOCK: _("It is among what is never blocked: name servers, payments, emergency calls and the like."),
    request.ASKS_FOR_PEOPLE: _("It asks for people. This registry names services, never people: nobody's use of a "
                               "tunnel is known here."),
    request.ASKS_FOR_LIST: _("It asks for a list of what is not registered. No such list is kept or made."),
    request.ASKS_FOR_SECRECY: _("It asks for secrecy. Requests and orders are public; asks can be sealed once, for at "
                                "most 90 days."),
    request.DONE: _("Accepted: done."),
    request.DRAFT_MAY_CITE: _("Accepted: the draft of an order may cite it. Nothing is blocked by that."),
}
REQUEST_STATES: dict[str, Text] = {
    request.RECEIVED: _("received"), request.ACKNOWLEDGED: _("being read"), request.ANSWERED: _("answered"),
    request.WITHDRAWN: _("withdrawn"),
}
ORDER_STATES: dict[str, Text] = {
    order.DRAFT: _("draft"), order.CHECKED: _("checked by machine, signed by its author"),
    order.SIMULATED: _("run dry"), order.APPROVED: _("signed by two people"), order.NOTICED: _("notice was given"),
    order.CANARY: _("in force on one machine, for an hour"), order.LIVE: _("in force"),
    order.STAYED: _("stayed: off until an appeal is decided"), order.ROLLED_BACK: _("rolled back: it met what it "
                                                                                    "should not"),
    order.LIFTED: _("lifted"), order.EXPIRED: _("ended"), order.QUASHED: _("quashed on appeal"),
    order.REFUSED: _("refused by its dry run"), order.VOID: _("came to nothing"),
}
# The same in a strip of stages, where there is little room.
STAGES: dict[str, Text] = {
    order.DRAFT: _("drafted"), order.CHECKED: _("signed by its author"), order.SIMULATED: _("run dry"),
    order.APPROVED: _("signed by a second person"), order.NOTICED: _("announced"),
    order.CANARY: _("on one machine, an hour"), order.LIVE: _("in force"),
}
# The same as a count on the status page.
COUNTED: dict[str, Text] = {
    order.LIVE: _("Orders in force"), order.CANARY: _("In force on one machine first, for an hour"),
    order.NOTICED: _("Announced, without effect yet"), order.STAYED: _("Stayed: off until an appeal is decided"),
}
# Why an order moved last, where that is no code of LIFT_CODES. A code that is in neither is shown as it is.
REASONS: dict[str, Text] = {
    "end_reached": _("Its end came."), "timed_out": _("Nobody went on with it in time."),
    "appeal_upheld": _("A reviewer upheld an appeal. The log has the correction."),
    "silence": _("An appeal was not decided in time, and so was won. The log has the correction."),
    "registered": _("Its endpoint was registered since."),
    "silent": _("Nothing met its rule for three days."),
    "control_proved": _("Somebody showed control of its endpoint."),
    "unassigned": _("Nobody read an appeal for a day."),
    "hits_above_prediction": _("Its rule met far more than the dry run had said."),
    "registered_endpoint": _("Its rule met something registered."),
    "registered_fell": _("A registered tunnel on its address carries far less since the rule is there."),
    "clock_unsure": _("A machine that enforced it does not know what time it is."),
    "registered_overlap": _("The dry run met something registered."),
    "tenancy_shared": _("The dry run saw others on the same address and port: an address that is shared is never "
                        "ordered against."),
    "tenancy_unknown": _("The address was watched for less than a day: who else is there is not known."),
    "never_block_name": _("Its name is one of those that are never blocked."),
    "dry_run_too_old": _("Its dry run is older than a day."),
}
GROUNDS: dict[str, Text] = {
    "network_policy": _("the policy of this network, which its users accepted"),
    "adjudicated": _("the published decision of an independent body"),
}
ENDPOINT_CLASSES: tuple[tuple[str, Text], ...] = (
    ("unknown", _("nobody looked it up yet")), ("datacentre", _("in a data centre")),
    ("enterprise", _("an organisation's own")), ("shared", _("shared by many")), ("residential", _("a home")),
    ("mobile", _("a mobile network")),
)
SIGNING_ROLES: dict[str, Text] = {
    "author": _("author"), "approver": _("second person"), "adjudicator": _("adjudicator"),
    "reviewer": _("reviewer"),
}
KINDS: dict[str, Text] = {"owned": _("owned"), "public": _("public")}
NETWORK_KINDS: dict[str, Text] = {
    "owned": _("owned: its operator owns it, and the policy that its users accepted"),
    "public": _("public: not being registered is never a ground here"),
}
APPEAL_STATES: dict[str, Text] = {
    appeal.FILED: _("filed"), appeal.STAYED: _("the order is off"), appeal.ASSIGNED: _("a reviewer reads it"),
    appeal.WAITING: _("the reviewer asked for more"), appeal.UPHELD: _("upheld: the order is quashed"),
    appeal.DISMISSED: _("dismissed, with reasons"),
}
LIFT_CODES: dict[str, Text] = {
    "no_longer_needed": _("It is not needed any more"), "wrong_endpoint": _("It is about the wrong endpoint"),
    "contact_answered": _("Whoever answers for it has answered"), "court": _("A court said so"),
    "owner_changed": _("Somebody else has the address by now"),
}
