"""`licet config check`: what licet.toml means, or everything that is wrong with it."""

from __future__ import annotations

import click


@click.group()
def config() -> None:
    """Look at licet.toml, the file that describes this network."""


@config.command()
@click.argument("file", metavar="FILE")
def check(file: str) -> int:
    """Explain a licet.toml: what it means, or every mistake in it and in the registries that it names.

    Exit status: 0 right, 3 wrong.
    """
    from licet.app.config_check import check_config

    found = check_config(file)
    for problem in found.problems:
        click.echo(f"licet: {problem}", err=True)
    for line in found.lines:
        click.echo(line)
    return 3 if found.problems else 0
