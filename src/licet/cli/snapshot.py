"""`licet snapshot build|show|verify|sync`: the published form of a registry."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from licet.cli.options import Time
from licet.errors import BadInput, LicetError

if TYPE_CHECKING:
    from datetime import datetime

    from licet.app.snapshot_sync import Synced


@click.group()
def snapshot() -> None:
    """The published form of a registry: make it, show it, verify it, and keep a copy of one up to date."""


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
    """Show what a snapshot, a registry.toml, or a synced folder holds: one line a record."""
    from licet.judge.words import record_place
    from licet.model.canonical import time_text
    from licet.snapshot import load

    loaded = load(file)
    click.echo(f"registry:  {loaded.registry or 'without a name'}")
    click.echo(f"serial:    {loaded.serial or 'none'}")
    if loaded.header.published_ns is not None:
        click.echo(f"published: {time_text(loaded.header.published_ns, 0)}")
    click.echo(f"digest:    {loaded.digest}")
    _show_status(file, loaded.digest)
    click.echo(f"records:   {len(loaded.records):,}")
    for record in loaded.records:
        period = f"{time_text(record.valid_from_ns, 0)} to {time_text(record.valid_until_ns, 0)}"
        name = f" {record.name}" if record.name else ""
        click.echo(f"{record.service:<18} {record.status:<10} {period}  {record_place(record)} {record.protocol}{name}")


def _show_status(file: str, digest: str) -> None:
    """What is known of a snapshot that was synced."""
    import time

    from licet.app.snapshot_status import read_status, stale_lines
    from licet.model.canonical import time_text

    status = read_status(file)
    if status is None:
        return
    click.echo(f"from:      {status.url}, verified at {time_text(status.synced_ns, 0)}")
    if digest != status.digest:
        click.echo("state:     not what was synced: something else wrote this file; sync again")
    elif status.is_stale(time.time_ns()):
        click.echo(f"state:     stale since {time_text(status.valid_until_ns, 0)}")
    else:
        click.echo(f"state:     known to be the newest until {time_text(status.valid_until_ns, 0)}")
    for line in stale_lines((file,), time.time_ns()):
        click.echo(line, err=True)


@snapshot.command()
@click.argument("url", metavar="URL")
@click.argument("folder", metavar="DIR")
@click.option("--root", metavar="ROOT",
              help="The first time: the registry's root.json, or its fingerprint sha256:…; not from URL.")
def sync(url: str, folder: str, root: str | None) -> None:
    """Keep a copy of a registry up to date in DIR, and verify every step.

    URL is where a registry, or a mirror, publishes its snapshots: https://registry.example.net/tuf. Nothing in it is
    believed but what the root that you trust leads to; an older state, or parts of two, are refused. What DIR holds
    stays as it was until something newer was verified. Then:

    \b
      licet scan office.pcap --registry DIR

    Exit status: 0 DIR holds the newest snapshot, 4 what URL shows was refused, 5 it cannot be reached.
    """
    import time
    from datetime import UTC, datetime

    try:
        from licet.app.snapshot_sync import sync as bring
    except ImportError as error:
        raise BadInput(f"this needs a package that is not installed ({error.name}): pip install 'licet[tuf]'") from None
    at = datetime.fromtimestamp(time.time(), UTC)
    try:
        done = bring(url, folder, root, at)
    except LicetError:
        _say_what_stays(folder)
        raise
    _say_what_came(done, folder, at)


def _say_what_came(done: Synced, folder: str, at: datetime) -> None:
    from licet.model.canonical import moment_ns, time_text

    status = done.status
    way = {"unchanged": "unchanged", "whole": "as a whole", "deltas": "by deltas"}[done.how]
    click.echo(f"{folder}: number {status.serial}, {done.records:,} records, {way}; {done.bytes_moved:,} bytes came")
    hours = (status.valid_until_ns - moment_ns(at)) // 3_600_000_000_000
    until = time_text(status.valid_until_ns, 0)
    click.echo(f"known to be the newest until {until}, {hours} h from now; sync again before")
    if done.is_starter:
        click.echo("the keys of this registry's root were made by its server for a start or a demonstration: they "
                   "prove that all of it is from that server, and no more", err=True)


def _say_what_stays(folder: str) -> None:
    """After a refusal: what can still be used."""
    from licet.app.snapshot_status import read_status
    from licet.model.canonical import time_text

    try:
        status = read_status(folder)
    except LicetError:
        return
    if status is not None:
        click.echo(f"{folder} stays as it was: number {status.serial}, known to be the newest until "
                   f"{time_text(status.valid_until_ns, 0)}", err=True)


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
