"""Who comes to the desk in these tests, each with a browser of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.test import Client

from licet.server.clock import utc_now
from licet.server.registry.models import Account, Service
from licet.server.registry.service_layer.actors import Actor
from server.world import World, account, an_officer, make_world

AGO = timedelta(days=100)
REASON = {"code": "control_not_proven", "text": "The name points elsewhere.", "conflicts_with": ""}


def sign_in(who: Account, *, factor: bool = True) -> Client:
    """A browser in which somebody is signed in; officers with a second factor, unless it is said otherwise."""
    if factor and not Authenticator.objects.filter(user=who).exists():
        Authenticator.objects.create(user=who, type=Authenticator.Type.TOTP, data={"secret": "kept elsewhere"})
    client = Client()
    client.force_login(who)
    return client


@dataclass
class Desk:
    """A registry, and everybody who might open its desk. third took no part in anything."""

    world: World
    third: Actor
    clients: dict[str, Client]

    def post(self, who: str, service: Service, step: str, **values: Any) -> Any:
        """Press the button of a step."""
        return self.clients[who].post(f"/desk/case/{service.handle}/{step}/", values)


def make_desk(kind: str = "public") -> Desk:
    """A desk whose world began a hundred days ago."""
    world = make_world(kind, at=utc_now() - AGO)
    third = an_officer(world.at)
    people = {"stranger": Client(), "registrant": sign_in(of(world.owner), factor=False),
              "another registrant": sign_in(account(), factor=False), "proposer": sign_in(of(world.first)),
              "second officer": sign_in(of(world.second)), "officer": sign_in(of(third))}
    return Desk(world, third, people)


def of(actor: Actor) -> Account:
    """The account of an actor."""
    assert actor.account is not None
    return actor.account
