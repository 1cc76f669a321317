"""`licet proof`: prove that an endpoint is yours, from the registrant's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

METHODS = ("dns-01", "http-01", "wireguard-01", "callback-01")
FAILED = 4


def challenge_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """METHOD, TOKEN and what the challenge is about."""
    for option in (
        click.option("--key", "public_key", metavar="KEY", help="Public key of the WireGuard server."),
        click.option("--name", metavar="NAME", help="DNS name, such as vpn.example.net."),
        click.option("--endpoint", metavar="ENDPOINT", help="ADDRESS:PORT/udp or /tcp, [ADDRESS]:PORT/… for IPv6."),
        click.argument("token", metavar="TOKEN"),
        click.argument("method", type=click.Choice(METHODS), metavar="METHOD"),
    ):
        command = option(command)
    return command


format_option = click.option("--format", "format_name", type=click.Choice(("text", "json")), default="text",
                             show_default=True)


@click.group()
def proof() -> None:
    """Prove to a registry that an endpoint is yours.

    The registry's page gives you a method and a token. `show` says what to place where, `check` looks for it as the
    registry will, `call` is for callback-01.

    \b
      dns-01        a record beside a name that has the endpoint's address
      http-01       a file on the web server of the endpoint's address
      wireguard-01  a one-time peer on the WireGuard server
      callback-01   a call from the endpoint's address, beside another method
    """


@proof.command()
@challenge_options
def show(method: str, token: str, endpoint: str | None, name: str | None, public_key: str | None) -> None:
    """Show what to place where for a METHOD and its TOKEN.

    \b
      licet proof show dns-01 TOKEN --name vpn.example.net --endpoint 192.0.2.10:51820/udp
      licet proof show wireguard-01 TOKEN --endpoint 192.0.2.10:51820/udp --key KEY
    """
    from licet.app.proof import instructions, make_challenge

    for number, step in enumerate(instructions(make_challenge(method, token, endpoint, name, public_key)), start=1):
        click.echo(f"{number}. {step.text}")
        for line in step.lines:
            click.echo(f"     {line}")


@proof.command()
@challenge_options
@click.option("--resolver", "resolvers", multiple=True, metavar="ADDRESS",
              help="Name server to ask instead of the system's; may be repeated.")
@format_option
def check(
    method: str, token: str, endpoint: str | None, name: str | None, public_key: str | None,
    resolvers: tuple[str, ...], format_name: str,
) -> int:  # fmt: skip
    """Run the registry's check from this machine, to see it pass before you submit.

    The registry looks from elsewhere: a firewall in between, or an address that only your network has, can still make
    its check fail. What it would refuse is said.

    Exit status: 0 proved, 4 not proved.
    """
    from licet.app.proof import check_from_here, differs_from_registry, make_challenge, outcome_json

    challenge = make_challenge(method, token, endpoint, name, public_key)
    outcome = check_from_here(challenge, resolvers)
    note = differs_from_registry(challenge)
    if note is not None:
        click.echo(f"note: {note}", err=True)
    return _print(method, outcome_json(outcome), format_name)


@proof.command()
@click.argument("token", metavar="TOKEN")
@click.option("--registry", "registry_url", required=True, metavar="URL", help="The registry that gave the token.")
@click.option("--from", "source", metavar="ADDRESS", help="Call from this address of the machine.")
@format_option
def call(token: str, registry_url: str, source: str | None, format_name: str) -> int:
    """Call the registry from the endpoint's machine (callback-01).

    \b
      licet proof call TOKEN --registry https://registry.example.net

    The registry compares the address that it sees with the endpoint's, and does not keep it. Proxies are not used.

    Exit status: 0 proved, 4 not proved, 5 the registry did not answer.
    """
    from licet.app.proof import call_registry, outcome_json

    return _print("callback-01", outcome_json(call_registry(token, registry_url, source)), format_name)


def _print(method: str, outcome: dict[str, object], format_name: str) -> int:
    """The outcome on stdout; the exit status."""
    import json

    if format_name == "json":
        click.echo(json.dumps({"schema": "licet.proof/1", "method": method, **outcome}, ensure_ascii=False))
    else:
        click.echo(f"{method}: {'proved' if outcome['ok'] else 'not proved'}")
        click.echo(f"  looked for  {outcome['looked_for']}")
        click.echo(f"  where       {outcome['where']}")
        click.echo(f"  seen        {outcome['seen']}")
        if not outcome["ok"]:
            click.echo(f"  to do       {outcome['todo']}")
    return 0 if outcome["ok"] else FAILED
