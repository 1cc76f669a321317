"""docs/walkthrough-letter.md, run as it stands: the letter, each answer, what the public sees, how far an ask gets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from house.source import ROOT
from licet.lifecycle.request import ACCEPT_CODES
from licet.model.order import file_bytes
from licet.server.orders.models import Request
from licet.server.orders.service_layer import orders
from licet.server.orders.service_layer.orders import NotOrderable
from licet.server.public.limits import LIMITER
from licet.server.registry.models import Outbox
from order.orders import AUTHOR, COURT, adjudicated, evidence_line, file_of, order_of, sign
from server.desk.people import sign_in
from server.orders.orders_world import SIGNED, bring, by_both, dry, use_policy
from server.public.test_lookup import registered
from server.world import World, make_world

PAGE = (ROOT / "docs" / "walkthrough-letter.md").read_text(encoding="utf-8")
LETTER: dict[str, str] = json.loads(PAGE.split("```json\n")[1].split("```")[0])
ANSWERS = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+?) \|$", PAGE, re.MULTILINE)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    use_policy(settings, tmp_path, "public")
    LIMITER.clear()
    made = make_world("public")
    registered(made, "198.51.100.10", name="Staff access")
    return made


@pytest.fixture
def letter(world: World) -> Request:
    """The letter, sent by a program and answered at the desk as the page says."""
    sent = Client().post("/api/requests", json.dumps(LETTER), content_type="application/json")
    assert sent.status_code == 201
    handle = sent.json()["puid"]
    assert Client().get(f"/requests/{handle}/").status_code == 404
    assert world.first.account is not None
    desk = sign_in(world.first.account)
    here = f"/desk/requests/{handle}/"
    desk.post(f"{here}acknowledge/")
    filled = {f"ask-{number}-{name}": text for number, code, words in ANSWERS
              for name, text in (("code", code), ("text", words))}
    for number, says in (("1", b"names none"), ("5", b"nothing is ordered against a registered endpoint")):
        refused = desk.post(f"{here}answer/", {**filled, f"ask-{number}-code": "draft_may_cite"})
        assert (refused.status_code, says in refused.content) == (422, True), number
    assert desk.post(f"{here}answer/", filled).status_code == 302
    return Request.objects.get(handle=handle)


def test_the_page_answers_every_ask_of_its_letter() -> None:
    asks = LETTER["asks"].splitlines()
    assert [int(number) for number, _code, _words in ANSWERS] == list(range(1, len(asks) + 1))
    assert {code for _number, code, _words in ANSWERS} & set(ACCEPT_CODES) == set(ACCEPT_CODES)


def test_the_public_sees_the_letter_and_every_answer_and_nobody(letter: Request) -> None:
    page = Client().get(f"/requests/{letter.handle}/").content.decode()
    for name in ("requester", "principal", "addressee", "relays", "legal_ground", "legal_text_quoted"):
        assert LETTER[name] in page, name
    for ask, (_number, code, words) in zip(LETTER["asks"].splitlines(), ANSWERS, strict=True):
        assert ask in page
        assert code in page
        assert words.replace("'", "&#x27;") in page
    assert LETTER["contact"] not in page
    told = Client().get(f"/requests/{letter.handle}.json").json()
    assert [one["code"] for one in told["asks"]] == [code for _number, code, _words in ANSWERS]
    logged = Outbox.objects.filter(subject=letter.handle).order_by("sequence").values_list("event", flat=True)
    assert list(logged) == ["receive", "acknowledge", "accept_in_part"]
    # What was asked to be promoted is: the registered service stands in the directory.
    assert "Staff access" in Client().get("/directory/").content.decode()


def test_the_accepted_ask_gets_as_far_as_the_page_says(letter: Request) -> None:
    line = evidence_line("198.51.100.66:51820/udp", clients=12)
    cited = {"request": f"{letter.handle}/4", "legal_text_quoted": LETTER["legal_text_quoted"],
             "text_covers": "tunnels to a server"}
    by_policy = sign(file_of(order_of(line, **cited), line), "author", AUTHOR)
    by_decision = sign(file_of(adjudicated(order_of(line, **cited)), line), "author", AUTHOR)
    with pytest.raises(NotOrderable) as refused:
        orders.submit(file_bytes(by_policy), at=SIGNED)
    found = {one.code: one.sentence for one in refused.value.problems}
    assert found["ground_not_allowed"] in " ".join(PAGE.replace("\n  ", " ").split())
    with pytest.raises(NotOrderable, match="nobody signed in this role"):
        orders.submit(file_bytes(by_decision), at=SIGNED)
    decided = dry(sign(by_decision, "adjudicator", COURT))
    row = orders.submit(file_bytes(by_both(decided)), at=SIGNED)
    assert row.state == "approved"
    row = bring(row, "noticed")
    page = Client().get(f"/orders/{row.handle}/").content.decode()
    for said in (f"{letter.handle}/4", "This is mine", "The server at 198.51.100.66 is to be closed."):
        assert said in page
    days = (row.application_date - row.cr_date).days, (row.end_date - row.application_date).days
    assert days == (2, 14)  # three days from when it was written, an hour before


def test_an_order_cannot_cite_what_was_declined(letter: Request) -> None:
    line = evidence_line("198.51.100.66:51820/udp", clients=12)
    for ask in (1, 2, 5, 9):
        draft = adjudicated(order_of(line), request=f"{letter.handle}/{ask}")
        file = sign(sign(file_of(draft, line), "author", AUTHOR), "adjudicator", COURT)
        with pytest.raises(NotOrderable) as refused:
            orders.submit(file_bytes(file), at=SIGNED)
        assert [one.code for one in refused.value.problems] == ["ask_not_accepted"]
