"""Who acts for an organisation: invited by mail, once, for seven days; the last one stays."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from licet.errors import Refused
from licet.server.notices import send_notices
from licet.server.registry.models import Account, MemberInvitation, Notice, Outbox
from licet.server.registry.service_layer.actors import Actor, registrant
from licet.server.registry.service_layer.members import (
    INVITATIONS_A_WEEK_MAX,
    end_membership,
    invite_member,
    join_organisation,
    open_member_invitations,
    take_back_invitation,
)
from server.world import DAY, HOUR, MONDAY, World, account, make_world, run_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def invited(world: World, email: str = "second@example.net") -> str:
    """Invite somebody; the token in the mail that is due."""
    invite_member(world.owner, world.organisation, email, at=MONDAY)
    notice = Notice.objects.filter(kind="member_invitation").latest("pk")
    assert notice.details["to"] == email
    found = re.fullmatch(r"/join/(\S+)/", notice.details["path"])
    assert found is not None
    return found[1]


def test_a_second_one_joins_and_may_do_the_same(world: World) -> None:
    entries = Outbox.objects.count()
    token, second = invited(world), account()
    assert join_organisation(token, second, at=MONDAY + DAY) == world.organisation
    invite_member(registrant(second), world.organisation, "third@example.net", at=MONDAY + DAY)
    assert Notice.objects.filter(kind="member_joined").count() == 1
    assert Outbox.objects.count() == entries, "people are not in the log"


def test_a_link_works_once_and_for_seven_days(world: World) -> None:
    token = invited(world)
    with pytest.raises(Refused):
        join_organisation(token, account(), at=MONDAY + 7 * DAY)
    with pytest.raises(Refused):
        join_organisation(token[:-1], account(), at=MONDAY)
    join_organisation(token, account(), at=MONDAY + 6 * DAY)
    for somebody in (account(), Account.objects.latest("pk")):
        with pytest.raises(Refused):
            join_organisation(token, somebody, at=MONDAY + 6 * DAY)
    assert world.organisation.memberships.count() == 2


def test_a_link_is_taken_back_and_a_newer_one_takes_its_place(world: World) -> None:
    first = invited(world)
    second = invited(world)
    (shown,) = open_member_invitations(world.organisation, at=MONDAY)
    with pytest.raises(Refused):
        join_organisation(first, account(), at=MONDAY)
    take_back_invitation(world.owner, world.organisation, shown.pk, at=MONDAY)
    with pytest.raises(Refused):
        join_organisation(second, account(), at=MONDAY)
    # Of another organisation's link, nobody can take anything back.
    other = make_stranger()
    third = invited(world)
    (shown,) = open_member_invitations(world.organisation, at=MONDAY)
    with pytest.raises(Refused):
        take_back_invitation(other, world.organisation, shown.pk, at=MONDAY)
    join_organisation(third, account(), at=MONDAY)


def make_stranger() -> Actor:
    return registrant(account())


def test_addresses_are_forgotten(world: World, mailoutbox: list[object]) -> None:
    token = invited(world)
    send_notices(at=MONDAY)
    assert len(mailoutbox) == 1
    assert not Notice.objects.exclude(details={}).exists(), "the link is not kept after its mail"
    join_organisation(token, account(), at=MONDAY + HOUR)
    assert MemberInvitation.objects.get().email == ""
    invite_member(world.owner, world.organisation, "never@example.net", at=MONDAY)
    run_clock(MONDAY + 8 * DAY)
    assert not MemberInvitation.objects.exists()


def test_the_registry_writes_to_few_strangers(world: World) -> None:
    for number in range(INVITATIONS_A_WEEK_MAX):
        invite_member(world.owner, world.organisation, f"n{number}@example.net", at=MONDAY)
        (shown, *_rest) = open_member_invitations(world.organisation, at=MONDAY)
        take_back_invitation(world.owner, world.organisation, shown.pk, at=MONDAY)
    with pytest.raises(Refused) as refusal:
        invite_member(world.owner, world.organisation, "more@example.net", at=MONDAY + DAY)
    assert refusal.value.code == "too_many"
    invite_member(world.owner, world.organisation, "more@example.net", at=MONDAY + timedelta(days=7, seconds=1))


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a@example.net, b@example.net", "a" * 250 + "@example.net",
                                   "a@example.net\nBcc: b@example.net"])
def test_what_is_no_address_is_refused(world: World, email: str) -> None:
    with pytest.raises(Refused) as refusal:
        invite_member(world.owner, world.organisation, email, at=MONDAY)
    assert refusal.value.field == "email"
    assert not MemberInvitation.objects.exists()


def test_only_members_invite_and_nobody_twice(world: World) -> None:
    with pytest.raises(Refused):
        invite_member(world.first, world.organisation, "second@example.net", at=MONDAY)
    assert world.owner.account is not None
    with pytest.raises(Refused) as refusal:
        invite_member(world.owner, world.organisation, world.owner.account.email.upper(), at=MONDAY)
    assert refusal.value.code == "is_member"


def test_the_last_one_stays_and_all_are_told_who_goes(world: World) -> None:
    assert world.owner.account is not None
    with pytest.raises(Refused) as refusal:
        end_membership(world.owner, world.organisation, world.owner.account, at=MONDAY)
    assert refusal.value.code == "last_member"
    second = account()
    join_organisation(invited(world), second, at=MONDAY)
    end_membership(world.owner, world.organisation, second, at=MONDAY)
    assert list(world.organisation.members.all()) == [world.owner.account]
    assert Notice.objects.filter(kind="member_left").count() == 2  # the members, and who was removed
    with pytest.raises(Refused):
        invite_member(registrant(second), world.organisation, "x@example.net", at=MONDAY)
    end_membership(world.owner, world.organisation, second, at=MONDAY)  # The same click twice is the same as once.
