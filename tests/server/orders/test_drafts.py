"""The desk's page for drafts of orders: the same file as `licet order draft` makes, and nothing is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from licet.model.order import file_bytes, read_order_file
from licet.server.notices import send_notices
from licet.server.orders.desk import drafts
from licet.server.orders.drafting import make_draft
from licet.server.orders.forms import DRAFT_GROUPS, DraftForm
from licet.server.orders.models import OrderRow
from licet.server.orders.service_layer import orders
from licet.server.registry.models import Notice, Outbox, Snapshot
from licet.server.registry.publish import publish
from licet.server.registry.service_layer.errors import Invalid
from order.orders import AUTHOR, QUOTE, evidence_line, sign
from server.desk.people import sign_in
from server.orders.orders_world import (
    DAY,
    END,
    HOUR,
    MONDAY,
    SIGNED,
    an_order,
    by_author,
    by_both,
    dry,
)
from server.world import World

pytestmark = pytest.mark.django_db

PAGE = "/desk/orders/draft/"
GOOD = by_author().order


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Which has published a snapshot."""
    monkeypatch.setattr(drafts, "utc_now", lambda: SIGNED)
    publish(at=MONDAY)
    return world


@pytest.fixture
def desk(world: World) -> Client:
    assert world.first.account is not None
    return sign_in(world.first.account)


def line(**changes: Any) -> str:
    newest = Snapshot.objects.order_by("-serial")[0]
    judged = {"snapshot": {"serial": newest.serial, "digest": newest.digest}}
    return evidence_line(**{**judged, **changes}).decode()


def filled(**changes: str) -> dict[str, str]:
    """The form as somebody fills it in who leaves nothing out."""
    names = ("legal_ground", "legal_text_quoted", "text_covers", "legal_text_url", "decision_facts", "necessity",
             "lawful_uses_considered", "less_intrusive_tried", "notice_to", "notice_via", "decision_ground")
    return {
        **{name: getattr(GOOD, name) for name in names}, "network": GOOD.network_scope, "author": "signer-1",
        "lines": line(), "endpoints": "", "request": "", "class_": "datacentre", "class_source": "RDAP, 2026-03-02",
        "contact": "abuse@example.org", "decision_quoted": "", "decision_url": "", "adjudicator": "", "new_facts": "",
        **changes,
    }


def test_what_is_downloaded_is_an_unsigned_draft_and_the_registry_knows_nothing_of_it(desk: Client) -> None:
    before = Outbox.objects.count()
    page = desk.post(PAGE, filled())
    assert page.status_code == 200
    assert b"Nothing stands against signing it" in page.content
    answer = desk.post(PAGE, filled(act="download", legal_text_quoted=f"{QUOTE}\r\nAnd more."))
    file = read_order_file(answer.content)
    assert answer["Content-Disposition"] == f'attachment; filename="{file.order.puid}.json"'
    assert [str(one.endpoint) for one in file.order.endpoints] == [END]
    assert (file.order.author, file.order.approver, file.signatures) == (AUTHOR.key_id, "", ())
    assert file.order.legal_text_quoted == f"{QUOTE}\nAnd more."
    assert file.order.endpoints[0].endpoint_class == "datacentre"
    assert not OrderRow.objects.exists()
    assert Outbox.objects.count() == before
    # Sent back as it is, it is refused: nothing that this registry makes can be in force.
    with pytest.raises(orders.NotOrderable) as refused:
        orders.submit(answer.content, at=SIGNED)
    assert [one.code for one in refused.value.problems] == ["not_signed"]


def test_the_same_words_make_the_same_draft_as_the_command_line(world: World) -> None:
    values = {name.rstrip("_"): text for name, text in filled().items()}
    one, two = (make_draft(values, at=SIGNED).file for _ in range(2))
    assert one == two
    assert one.order.puid.startswith("ORD-")
    assert one.order.application_ns - one.order.created_ns == 24 * 3_600 * 10**9


def test_what_is_added_to_an_open_case_takes_effect_on_its_two_signatures(desk: Client, world: World) -> None:
    an_order("noticed", "198.51.100.67:51820/udp")
    file = read_order_file(desk.post(PAGE, filled(act="download")).content)
    assert file.order.application_ns == file.order.created_ns
    signed = by_both(dry(sign(file, "author", AUTHOR)))
    assert orders.submit(file_bytes(signed), at=SIGNED + HOUR).state == "approved"


def test_what_is_missing_stands_beside_where_it_is_written(desk: Client) -> None:
    page = desk.post(PAGE, filled(necessity=" ", notice_via="", act="download"))
    assert page.status_code == 422
    text = page.content.decode()
    assert '<a href="#id_necessity">Why it is needed</a>: say why this is needed' in text
    assert '<a href="#id_notice_via">' in text
    assert "What the limits refuse" not in text
    assert "Download" not in text


def test_every_field_stands_under_a_title_once_and_what_is_refused_everywhere_is_said_once(desk: Client) -> None:
    shown = [name for _title, names in DRAFT_GROUPS for name in names]
    assert sorted(shown) == sorted(DraftForm.base_fields)
    other = line(address="198.51.100.67")
    text = desk.post(PAGE, filled(lines=f"{line()}\n{other}", class_="residential")).content.decode()
    assert text.count("class_not_orderable") == 1
    refused = text.partition("What the limits refuse")[2].partition("</ul>")[0]
    assert "198.51.100.67:51820/udp" in refused
    assert END in refused


@pytest.mark.parametrize(("changes", "code"), [
    ({"class_": "residential"}, "class_not_orderable"), ({"class_source": ""}, "class_without_source"),
    ({"legal_text_url": "https://example.org/"}, "other_policy"), ({"text_covers": "cats"}, "not_quoted"),
    ({"request": "REQ-7F3K9Q2M/1"}, "ask_not_accepted"),
    ({"decision_ground": "adjudicated", "adjudicator": "clerk-2"}, "unknown_adjudicator"),
])
def test_what_the_limits_refuse_is_refused_in_words(desk: Client, changes: dict[str, str], code: str) -> None:
    page = desk.post(PAGE, filled(**changes, act="download"))
    assert (page.status_code, f'<span class="tag mono">{code}</span>' in page.content.decode()) == (422, True)


def test_only_evidence_that_this_registry_judged_is_cited(desk: Client, world: World) -> None:
    for changes, field in (
        ({"lines": evidence_line().decode()}, "lines"), ({"lines": "{}"}, "lines"), ({"lines": "nonsense"}, "lines"),
        ({"lines": line(snapshot=None)}, "lines"), ({"lines": line(snapshot="x")}, "lines"),
        ({"endpoints": "198.51.100.99:51820/udp"}, "endpoints"), ({"endpoints": "nowhere"}, "endpoints"),
        ({"author": "signer-9"}, "author"), ({"network": "Elsewhere"}, "network"), ({"lines": ""}, "lines"),
        ({"necessity": "to the \u202eleft"}, ""),
    ):
        page = desk.post(PAGE, filled(**changes, act="download"))
        assert page.status_code == 422, changes
        assert page["Content-Type"].startswith("text/html")
        if field:
            assert f'href="#id_{field}"' in page.content.decode(), changes
    with pytest.raises(Invalid):
        make_draft({name.rstrip("_"): text for name, text in filled(author="nobody").items()}, at=SIGNED)


def test_it_is_for_officers_alone_and_cites_what_a_letter_led_to(desk: Client, world: World, tmp_path: Path) -> None:
    assert Client().get(PAGE).status_code == 302
    assert world.owner.account is not None
    assert sign_in(world.owner.account, factor=False).get(PAGE).status_code == 404
    assert b'value="REQ-7F3K9Q2M/2"' in desk.get(f"{PAGE}?request=REQ-7F3K9Q2M/2").content
    assert PAGE.encode() in desk.get("/desk/orders/").content
    (tmp_path / "policy.toml").unlink()
    assert b"no policy.toml" in desk.get(PAGE).content
    assert desk.post(PAGE, {}).status_code == 422


def test_who_registered_something_else_is_told_and_has_two_weeks(
    desk: Client, world: World, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[Any],
) -> None:
    service = world.registration(at=MONDAY).service
    world.prove(world.endpoint(service, MONDAY, address="198.51.100.66", port=443, tunnel_protocol="openvpn"), MONDAY)
    publish(at=SIGNED)
    conflict = {"lines": line(verdict="conflict"), "endpoints": END}
    page = desk.post(PAGE, filled(**conflict))
    assert b"conflict_without_notice" in page.content
    assert b"Tell who registered something else there" in page.content
    for _ in range(2):
        assert desk.post(PAGE, filled(**conflict, act="tell")).status_code == 302
    told = Notice.objects.get(kind="conflict_seen")
    assert (told.service, told.organisation) == (service, service.organisation)

    def refused(moment: Any) -> bool:
        monkeypatch.setattr(drafts, "utc_now", lambda: moment)
        seen = (moment - HOUR).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        page = desk.post(PAGE, filled(**{**conflict, "lines": line(verdict="conflict", last_seen=seen)}))
        return b"conflict_without_notice" in page.content

    assert refused(SIGNED + 20 * DAY), "a mail that was not sent told nobody"
    send_notices(at=SIGNED + DAY)
    assert END in mailoutbox[-1].body
    assert service.handle in mailoutbox[-1].subject
    assert refused(SIGNED + 15 * DAY - HOUR)
    assert not refused(SIGNED + 15 * DAY)
