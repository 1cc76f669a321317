"""`licet registry add|list|remove`: keep registry.toml without an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from licet.snapshot.service import Service

FILE_OPTION = click.option("--file", "path", default="registry.toml", show_default=True, metavar="FILE",
                           help="The registry file.")


@click.group()
def registry() -> None:
    """Keep the list of VPN services that are registered here, in registry.toml.

    The file is yours to edit by hand; these commands keep its comments and layout, and never leave it broken.
    """


@registry.command()
@click.argument("endpoints", nargs=-1, metavar="[ENDPOINT]…")
@FILE_OPTION
@click.option("--name", "title", required=True, metavar="TEXT", help="What the service is called.")
@click.option("--operator", required=True, metavar="TEXT", help="Who answers for it.")
@click.option("--purpose", default="", metavar="TEXT", help="What it is for.")
@click.option("--contact", default="", metavar="TEXT", help="Where its operator can be reached.")
@click.option("--note", default="", metavar="TEXT", help="Anything else worth knowing.")
@click.option("--from", "valid_from", metavar="DATE", help="First day of the registration.  [default: today]")
@click.option("--until", "valid_until", metavar="DATE", help="The day on which it ends.  [default: in a year]")
@click.option("--handle", metavar="HANDLE", help="Such as SVC-7F3K.  [default: made from the rest]")
@click.option("--key", "keys", multiple=True, metavar="KEY",
              help="wireguard:BASE64, a server's PUBLIC key; covers it at any address. May be repeated.")
def add(
    endpoints: tuple[str, ...], path: str, title: str, operator: str, purpose: str, contact: str, note: str,
    valid_from: str | None, valid_until: str | None, handle: str | None, keys: tuple[str, ...],
) -> None:
    """Register a service.

    Each ENDPOINT is an address and a protocol in quotes. A port is optional, and a prefix stands for all its addresses.

    \b
      licet registry add '192.0.2.10:51820/udp wireguard' --name 'Staff access' --operator 'Example Logistics'
      licet registry add '192.0.2.0/28 ipsec' '[2001:db8::10]:1194/udp openvpn' --name … --operator …
    """
    from datetime import date

    from licet.app.registry_edit import NewService, a_year_after, add_service, today

    now = today()
    first = valid_from or now.isoformat()
    if valid_until is None:
        try:
            begins = date.fromisoformat(first[:10])
        except ValueError:
            raise click.BadParameter(f"“{first}” is no date; write 2026-03-01", param_hint="--from") from None
        valid_until = a_year_after(max(begins, now)).isoformat()
    new = NewService(
        title=title, operator=operator, endpoints=endpoints, valid_from=first, valid_until=valid_until, keys=keys,
        purpose=purpose, contact=contact, note=note, handle=handle,
    )
    made = add_service(path, new)
    click.echo(f"{made} registered in {path} until {valid_until}.")


@registry.command("list")
@FILE_OPTION
@click.option("--format", "format_name", type=click.Choice(("table", "json")), default="table", show_default=True)
def list_services(path: str, format_name: str) -> None:
    """Show the services in a registry file."""
    from licet.app.registry_edit import read_services

    services = read_services(path).services
    if format_name == "json":
        import json

        document = [_as_json(service) for service in services]
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for service in services:
        _print_service(service)
    if not services:
        click.echo(f"{path} holds no services. `licet registry add` registers the first.", err=True)


@registry.command()
@click.argument("handle")
@FILE_OPTION
def remove(handle: str, path: str) -> None:
    """Remove a service from a registry file; it is then not registered, which is no offence."""
    from licet.app.registry_edit import remove_service

    remove_service(path, handle)
    click.echo(f"{handle} removed from {path}.")


def _print_service(service: Service) -> None:
    """A heading, then one line an endpoint: easy to read, and easy to grep."""
    from licet.model.canonical import time_text

    status = "" if service.status == "ok" else f"  [{service.status}]"
    period = f"{time_text(service.valid_from_ns, 0)} to {time_text(service.valid_until_ns, 0)}"
    click.echo(f"{service.handle}  {service.title} · {service.operator}{status}")
    click.echo(f"          {period}")
    for entry in service.entries:
        click.echo(f"          {entry}")
    for _ in service.mac1_keys:
        click.echo("          a WireGuard key, at any address")


def _as_json(service: Service) -> dict[str, object]:
    from licet.model.canonical import time_text

    return {
        "handle": service.handle, "name": service.title, "operator": service.operator, "status": service.status,
        "purpose": service.purpose, "contact": service.contact, "note": service.note, "sponsor": service.sponsor,
        "review": None if service.review_ns is None else time_text(service.review_ns, 0),
        "from": time_text(service.valid_from_ns, 0), "until": time_text(service.valid_until_ns, 0),
        "endpoints": [str(entry) for entry in service.entries], "mac1_keys": list(service.mac1_keys),
    }
