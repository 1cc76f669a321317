"""`licet keys new-log`: make the key with which a registry signs its log."""

from __future__ import annotations

import click

from licet.errors import BadInput


@click.group()
def keys() -> None:
    """Make keys. Each is made once, on the machine that uses it, in a file that only its owner can read."""


@keys.command("new-log")
@click.option("--name", required=True, metavar="NAME",
              help="The log's name for ever: its address without https://, such as registry.example.net/log.")
@click.option("-o", "--output", "path", default="log_key", show_default=True, metavar="FILE",
              help="The private key, mode 0600.")
def new_log(name: str, path: str) -> None:
    """Make the key of a log, and print the verifier key that is published.

    Whoever has FILE can sign in the name of the log; without it, the log ends and another begins. Publish what is
    printed where it cannot be changed together with the log.
    """
    try:
        from licet.app.log_key import new_log_key
    except ImportError as error:
        raise BadInput(f"this needs a package that is not installed ({error.name}): pip install 'licet[log]'") from None
    key = new_log_key(name, path)
    click.echo(str(key.verifier))
    click.echo(f"{path} written: keep a copy offline, and let nobody else read it", err=True)
