"""`licet report`: the transparency report of a registry, from its database or from its log alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from licet.cli.log import make_trust

if TYPE_CHECKING:
    from datetime import datetime

    from licet.app.transparency.count import Report

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--from", "first", required=True, type=DAY, metavar="DAY", help="First day, UTC: 2026-01-01.")
@click.option("--to", "last", required=True, type=DAY, metavar="DAY", help="Last day, UTC, included.")
@click.option("--format", "format_name", type=click.Choice(("text", "json", "csv")), default="text", show_default=True)
@click.option("--from-log", "place", metavar="PLACE",
              help="Count from a log alone: the URL of one or of a mirror, or a folder. Needs --key.")
@click.option("--key", metavar="KEY", help="With --from-log: the log's verifier key, or a file with it.")
@click.option("--witness", "witnesses", multiple=True, metavar="KEY",
              help="With --from-log: key of a witness, or a file with it; may be repeated.")
@click.option("--quorum", type=click.IntRange(0), metavar="N",
              help="With --from-log: how many of the witnesses must have cosigned.  [default: all]")
@click.option("--config", metavar="FILE", help="licet.toml.  [default: the one in this folder, if there is one]")
def report(first: datetime, last: datetime, format_name: str, place: str | None, key: str | None,
           witnesses: tuple[str, ...], quorum: int | None, config: str | None) -> None:
    """Count what a registry did between two days: each number with its unit, its query and its entries.

    Without --from-log it counts in the registry of this folder. Both ways give the same bytes, so that anybody can
    check the report that a registry published:

    \b
      licet report --from 2026-01-01 --to 2026-12-31 --format json
      licet report --from 2026-01-01 --to 2026-12-31 --format json \\
          --from-log https://registry.example.net/log --key log.key

    Exit status: 0 counted, 4 the log does not hold, 5 it cannot be reached.
    """
    if (place is None) is not (key is None):
        raise click.UsageError("--from-log and --key go together")
    if place is None and (witnesses or quorum is not None):
        raise click.UsageError("--witness and --quorum are for --from-log")
    if place is not None and key is not None:
        trust = make_trust(key, witnesses, quorum)
        from licet.app.transparency.count import Period
        from licet.app.transparency.from_log import report_from_log

        _write(report_from_log(place, trust, Period(first.date(), last.date())), format_name)
    else:
        from licet.server.start import count_report

        _write(count_report(config, first.date(), last.date()), format_name)


def _write(found: Report, format_name: str) -> None:
    from licet.app.transparency.write import report_csv, report_json, report_text

    if format_name == "json":
        click.echo(report_json(found), nl=False)
    elif format_name == "csv":
        click.echo(report_csv(found).encode(), nl=False)
    else:
        for line in report_text(found):
            click.echo(line)
