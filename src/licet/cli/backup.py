"""`licet backup` and `licet restore`: the registry as one file, and the same registry again."""

from __future__ import annotations

import click


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--config", metavar="FILE", help="licet.toml.  [default: the one in this folder, if there is one]")
def backup(file: str, config: str | None) -> None:
    """Write the whole registry into FILE, while the service goes on.

    The secret that signs sessions is written apart, into FILE.secrets. Both can be read by you alone; keep them in two
    places. A backup is never written over another one.
    """
    from licet.server.start import backup as run

    click.echo(run(config, file))


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--replace", is_flag=True, help="End the registry that is there, and put this one in its place.")
@click.option("--config", metavar="FILE", help="licet.toml.  [default: the one in this folder, if there is one]")
def restore(file: str, replace: bool, config: str | None) -> None:
    """Make the registry of a backup again: all of it, or nothing.

    Its digests are checked first. It may come from SQLite and go to PostgreSQL, or the other way round. Stop the
    service before.
    """
    from licet.server.start import restore as run

    click.echo(run(config, file, replace))
