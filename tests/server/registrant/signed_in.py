"""Browsers that are signed in, and the addresses of all pages of the registrant's face."""

from __future__ import annotations

from django.test import Client

from licet.server.registry.models import Account
from server.world import World, account, key


def client_of(somebody: Account) -> Client:
    """A browser in which an account is signed in."""
    client = Client()
    client.force_login(somebody, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def owner_of(world: World) -> Client:
    """The registrant's browser."""
    assert world.owner.account is not None
    return client_of(world.owner.account)


def stranger() -> Client:
    """The browser of a registrant of no organisation."""
    return client_of(account())


def pages_of(world: World) -> list[str]:
    """Every page that belongs to the registrant's own things, in states in which it has something to show."""
    service = world.service(name="Remote access")
    endpoint = world.endpoint(service, public_key=key("pages"))
    proven = world.endpoint(service)
    world.prove(proven)
    noticed = world.registration("noticed").service
    registered = world.registration().service
    organisation = f"/my/organisation/{world.organisation.handle}/"
    here = f"/my/service/{service.handle}/"
    return [
        organisation, f"{organisation}edit/description/", f"{organisation}service/",
        f"{organisation}members/", here, f"{here}summary/",
        *(f"{here}edit/{one}/" for one in ("name", "purpose", "logs", "interception", "listing", "facts")),
        f"{here}endpoints/", f"{here}endpoints/add/", f"{here}endpoints/details/", f"{here}withdraw/",
        f"{here}messages/", f"/my/endpoint/{endpoint.handle}/", f"/my/endpoint/{endpoint.handle}/proof/wireguard-01/",
        f"/my/endpoint/{proven.handle}/replace/", f"/my/endpoint/{proven.handle}/key/",
        f"/my/endpoint/{proven.handle}/remove/", f"/my/service/{registered.handle}/renew/",
        f"/my/service/{registered.handle}/surrender/", f"/my/service/{registered.handle}/apply/",
        f"/my/service/{noticed.handle}/appeal/",
    ]


OWN = ["/my/", "/my/new/", "/my/new/organisation/", "/my/new/self_declared/", "/my/account/"]
