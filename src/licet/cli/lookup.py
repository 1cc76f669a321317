"""`licet lookup`: is this in a registry?"""

from __future__ import annotations

import click

from licet.cli.options import Time, say_if_stale


@click.command()
@click.argument("query", nargs=-1, required=True, metavar="QUERY")
@click.option("--registry", "registry_paths", multiple=True, required=True, metavar="FILE",
              help="registry.toml, a snapshot or a synced folder to ask; may be repeated.")
@click.option("--at", "at_ns", type=Time(), metavar="TIME", help="Ask as of this time.  [default: now]")
@click.option("--format", "format_name", type=click.Choice(("text", "json")), default="text", show_default=True)
def lookup(query: tuple[str, ...], registry_paths: tuple[str, ...], at_ns: int | None, format_name: str) -> None:
    """Look up a service in registries.

    QUERY is an address, ADDRESS:PORT/udp (or /tcp), a DNS name, a service's name or handle, or a WireGuard public key.

    \b
      licet lookup 192.0.2.10:51820/udp --registry registry.toml
      licet lookup SVC-7F3K --registry registry.toml --format json

    Exit status: 0 for an answer, whichever it is. Absence from a registry is no offence.
    """
    import json
    import time

    from licet.app.lookup import look_up
    from licet.app.lookup_text import answer_json, answer_text
    from licet.snapshot import load

    sources = [(path, load(path)) for path in registry_paths]
    say_if_stale(registry_paths)
    answer = look_up(" ".join(query), sources, time.time_ns() if at_ns is None else at_ns)
    if format_name == "json":
        click.echo(json.dumps(answer_json(answer), ensure_ascii=False))
    else:
        click.echo(answer_text(answer), nl=False)
