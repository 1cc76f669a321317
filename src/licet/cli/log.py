"""`licet log checkpoint|prove|verify|verify-proof`: check the public record, with nothing but a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from licet.errors import BadInput

if TYPE_CHECKING:
    from licet.app.log import ProvenEntry, Trust
    from licet.app.published.difference import Comparison

DIFFERENCES_SHOWN = 100


def trust_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The log's key, and the witnesses that are relied on."""
    for option in (
        click.option("--quorum", type=click.IntRange(0), metavar="N",
                     help="How many of the witnesses must have cosigned.  [default: all]"),
        click.option("--witness", "witnesses", multiple=True, metavar="KEY",
                     help="Key of a witness, or a file with it; may be repeated."),
        click.option("--key", required=True, metavar="KEY",
                     help="The log's verifier key (NAME+ID+BASE64), or a file with it."),
    ):
        command = option(command)
    return command


@click.group()
def log() -> None:
    """Check the public log of a registry.

    PLACE is the URL of a log or of a mirror, or a folder. Nothing in it is believed before it is verified with the key
    that the registry published elsewhere.

    Exit status: 0 it holds, 4 it does not, 5 it cannot be reached.
    """


@log.command()
@click.argument("place", metavar="PLACE")
@trust_options
@click.option("--since", multiple=True, metavar="FILE", help="A checkpoint that the newest must continue.")
def checkpoint(place: str, key: str, witnesses: tuple[str, ...], quorum: int | None, since: tuple[str, ...]) -> None:
    """Print the newest checkpoint, verified.

    Keep it: with --since FILE, here or at `licet log verify`, it shows later that the log continues it. Here a few
    hashes are enough for that, however long the log is.

    \b
      licet log checkpoint https://registry.example.net/log --key log.key --since kept > new && mv new kept
    """
    trust = make_trust(key, witnesses, quorum)
    from licet.app.log import read_checkpoint_of

    click.echo(str(read_checkpoint_of(place, trust, since).note), nl=False)


@log.command()
@click.argument("place", metavar="PLACE")
@trust_options
@click.option("--since", multiple=True, metavar="FILE", help="A checkpoint that the log must continue.")
@click.option("--published", metavar="URL", help="Also compare what the registry at URL says with its log.")
@click.option("--snapshots", type=click.IntRange(1), default=2, show_default=True, metavar="N",
              help="With --published: how many of the newest snapshots.")
@click.option("--patience", type=click.FloatRange(0), default=150, show_default=True, metavar="SECONDS",
              help="With --published: how long the log may be late for the pages.")
@click.option("--format", "format_name", type=click.Choice(("text", "json")), default="text", show_default=True)
def verify(place: str, key: str, witnesses: tuple[str, ...], quorum: int | None, since: tuple[str, ...],
           published: str | None, snapshots: int, patience: float, format_name: str) -> int:
    """Replay a whole log: hashes, signatures, moves, chains, bodies; and count what is in it.

    With --published, snapshot, directory and look-up of the registry are held against what the log leads to, and what
    they say differently is named.

    \b
      licet log verify https://registry.example.net/log --key log.key
      licet log verify ./mirror --key log.key --since last-month.checkpoint
      licet log verify ./mirror --key log.key --published https://registry.example.net
    """
    import json

    trust = make_trust(key, witnesses, quorum)
    from licet.app.log import verified_json, verify_log

    comparison = None
    if published is None:
        verified = verify_log(place, trust, since)
    else:
        from licet.app.published.compare import compare_published

        verified, comparison = compare_published(place, trust, since, published, snapshots=snapshots,
                                                 patience_s=patience, tell=lambda line: click.echo(line, err=True))
    found = {**verified_json(verified), **({} if comparison is None else {"published": comparison.as_json()})}
    status = 4 if comparison is not None and comparison.differences else 0
    if format_name == "json":
        click.echo(json.dumps(found, ensure_ascii=False))
        return status
    cosigned: Any = found["cosigned_by"]
    click.echo(f"{found['origin']} holds: {found['entries']:,} entries, root {found['root']}")
    click.echo(f"cosigned by {', '.join(cosigned) or 'nobody whose key was given'}")
    click.echo(f"{found['bodies']:,} bodies kept apart, {found['redacted']:,} redacted, each with a reason")
    subjects: Any = found["subjects"]
    for kind, states in subjects.items():
        click.echo(f"{kind}: {', '.join(f'{count:,} {state}' for state, count in states.items())}")
    if comparison is not None:
        _say_published(comparison)
    return status


@log.command()
@click.argument("place", metavar="PLACE")
@click.argument("handle", metavar="[HANDLE]", required=False)
@trust_options
@click.option("--index", type=click.IntRange(0), metavar="N", help="Prove entry N instead, counted from 0.")
@click.option("-o", "--output", "out", default="-", metavar="FILE", help="Where to write.  [default: standard output]")
def prove(place: str, handle: str | None, key: str, witnesses: tuple[str, ...], quorum: int | None, index: int | None,
          out: str) -> None:
    """Write a proof that an entry is in the log: the last one about HANDLE.

    The file proves it offline, to anybody who has the log's key (`licet log verify-proof`).
    """
    if (handle is None) is (index is None):
        raise click.UsageError("name a HANDLE, or an entry by --index")
    trust = make_trust(key, witnesses, quorum)
    from licet.app.log import prove as prove_entry

    raw, proven = prove_entry(place, trust, handle, index)
    with click.open_file(out, "wb") as file:
        file.write(raw)
    _say(proven, err=True)


@log.command("verify-proof")
@click.argument("file", metavar="FILE")
@trust_options
@click.option("--entry", "shows_entry", is_flag=True, help="Print the entry itself, as its leaf holds it.")
def verify_proof(file: str, key: str, witnesses: tuple[str, ...], quorum: int | None, shows_entry: bool) -> None:
    """Check a proof file with nothing but the log's key: no network, no log."""
    trust = make_trust(key, witnesses, quorum)
    from licet.app.log import verify_proof_file

    proven = verify_proof_file(file, trust)
    if shows_entry:
        click.echo(proven.leaf)
        return
    _say(proven, err=False)


def make_trust(key: str, witnesses: tuple[str, ...], quorum: int | None) -> Trust:
    """What the options say. Raises BadInput, also where a package is missing."""
    try:
        from licet.app import log as logs
    except ImportError as error:
        raise BadInput(f"this needs a package that is not installed ({error.name}): pip install 'licet[log]'") from None
    return logs.make_trust(key, witnesses, quorum)


def _say_published(comparison: Comparison) -> None:
    click.echo(f"published: {comparison.snapshots} snapshots, {comparison.services:,} services in the newest, "
               f"{comparison.listed:,} of the directory, {comparison.lookups} look-ups compared")
    for difference in comparison.differences[:DIFFERENCES_SHOWN]:
        click.echo(f"differs: {difference}")
    if len(comparison.differences) > DIFFERENCES_SHOWN:
        click.echo(f"differs: … and {len(comparison.differences) - DIFFERENCES_SHOWN:,} more (--format json)")
    if not comparison.differences:
        click.echo("all of it is what the log says")


def _say(proven: ProvenEntry, err: bool) -> None:
    entry = proven.entry
    moved = f"{entry.before or 'nothing'} → {entry.after}"
    reason = f" ({entry.reason})" if entry.reason else ""
    click.echo(f"proven: entry {proven.index:,} of {proven.checkpoint.size:,} in {proven.checkpoint.origin}", err=err)
    click.echo(f"{entry.time} {entry.kind} {entry.subject}: {entry.event}, {moved}{reason}", err=err)
