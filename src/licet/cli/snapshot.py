"""`licet snapshot build|show|verify`: the published form of a registry."""

from __future__ import annotations

import sys

import click

from licet.cli.options import Time


@click.group()
def snapshot() -> None:
    """Turn registry.toml into the form that is published and verified by its digest."""


@snapshot.command()
@click.argument("source", metavar="REGISTRY.TOML")
@click.option("-o", "--output", "out", required=True, metavar="FILE", help="The snapshot file; - for standard output.")
@click.option("--serial", type=click.IntRange(1), metavar="N",
              help="Its number.  [default: 1, or one more than FILE's if the records changed]")
@click.option("--published", "published_ns", type=Time(), metavar="TIME",
              help="Say in the header when it was published.")
def build(source: str, out: str, serial: int | None, published_ns: int | None) -> None:
    """Build a numbered snapshot; FILE is left untouched when nothing changed."""
    from licet.app.snapshot_build import build_snapshot

    built = build_snapshot(source, None if out == "-" else out, serial, published_ns)
    if out == "-":
        sys.stdout.buffer.write(built.form)
        return
    state = "built" if built.is_new else "unchanged"
    click.echo(f"{out} {state}: serial {built.snapshot.serial}, {len(built.snapshot.records):,} records, "
               f"{built.snapshot.digest}")


@snapshot.command()
@click.argument("file", metavar="FILE")
def show(file: str) -> None:
    """Show what a snapshot, or a registry.toml, holds: one line a record."""
    from licet.judge.words import record_place
    from licet.model.canonical import time_text
    from licet.snapshot import load

    loaded = load(file)
    click.echo(f"registry:  {loaded.registry or 'without a name'}")
    click.echo(f"serial:    {loaded.serial or 'none'}")
    if loaded.header.published_ns is not None:
        click.echo(f"published: {time_text(loaded.header.published_ns, 0)}")
    click.echo(f"digest:    {loaded.digest}")
    click.echo(f"records:   {len(loaded.records):,}")
    for record in loaded.records:
        period = f"{time_text(record.valid_from_ns, 0)} to {time_text(record.valid_until_ns, 0)}"
        name = f" {record.name}" if record.name else ""
        click.echo(f"{record.service:<18} {record.status:<10} {period}  {record_place(record)} {record.protocol}{name}")


@snapshot.command()
@click.argument("file", metavar="FILE")
@click.option("--digest", metavar="sha256:…", help="The digest that it must have.")
def verify(file: str, digest: str | None) -> None:
    """Check that a snapshot is in canonical form, and has the expected digest.

    Exit status: 0 it holds, 4 it does not.
    """
    from licet.app.snapshot_build import verify_snapshot

    checked = verify_snapshot(file, digest)
    serial = "no serial" if checked.serial is None else f"serial {checked.serial}"
    click.echo(f"{file} holds: {serial}, {len(checked.records):,} records, {checked.digest}")
