"""`licet scan`: which tunnels are in these captures, and which of them are registered."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from licet.cli.options import Time, registry_options, say_if_stale

if TYPE_CHECKING:
    from licet.app.results import ScanResult

FORMATS = ("table", "jsonl", "csv", "parquet", "html")
SUGGESTIONS_MAX = 8


@click.command()
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE…")
@registry_options
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="table", show_default=True,
              help="What to write to standard output.")
@click.option("--since", "since_ns", type=Time(), metavar="TIME", help="Leave out packets before this time.")
@click.option("--until", "until_ns", type=Time(), metavar="TIME", help="Leave out packets from this time on.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if a tunnel is not registered or in conflict.")
@click.option("-j", "--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N",
              help="Spread files over N processes; the output is the same.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no closing line, no suggestions.")
def scan(
    captures: tuple[str, ...], registry_paths: tuple[str, ...], config_path: str | None, at_ns: int | None,
    format_name: str, since_ns: int | None, until_ns: int | None, exit_code: bool, jobs: int, quiet: bool,
) -> int:
    """Show the VPN tunnels in captures, and which of them are registered.

    CAPTURE is a pcap or pcapng file (also .gz or .zst), a folder of them, or - for standard input. Tunnels go to
    standard output; one closing line says what was read and what was not.

    \b
      licet scan office.pcap --registry registry.toml
      tcpdump -w - -i eth0 | licet scan - --registry registry.toml --format jsonl

    Exit status: 0 done, 1 findings (with --exit-code), 3 a capture could not be read to its end.
    """
    from licet.app.report.progress import open_progress
    from licet.app.scan import open_registries
    from licet.app.scan import scan as scan_captures
    from licet.capture.open import stored_bytes

    config = None
    if config_path is not None:
        from licet.app.config import load_config

        config = load_config(config_path)
    registries = open_registries(registry_paths, config)
    say_if_stale(registry_paths, config)
    with open_progress(None if quiet else stored_bytes(captures), quiet=quiet) as progress:
        result = scan_captures(
            captures, registries=registries, config=config, at_ns=at_ns, since_ns=since_ns, until_ns=until_ns,
            progress=progress, timelines=format_name == "html", ladders=False,
            jobs=jobs,
        )
    write_result(result, format_name)
    if format_name == "table" and not quiet:
        _suggest(result, registry_paths)
    sys.stdout.flush()
    _say_what_was_read(result, quiet)
    if any(capture.problem for capture in result.captures):
        return 3
    found = any(judged.verdict.verdict in ("unregistered", "conflict") for judged in result.tunnels)
    return 1 if exit_code and found else 0


def write_result(result: ScanResult, format_name: str) -> None:
    """Write a result to standard output in one of FORMATS."""
    out = sys.stdout
    if format_name == "jsonl":
        from licet.app.report.jsonl import write_jsonl

        write_jsonl(result, out)
    elif format_name == "csv":
        from licet.app.report.csv import write_csv

        write_csv(result, out)
    elif format_name == "parquet":
        from licet.app.report.parquet import write_parquet

        write_parquet(result, out)
    elif format_name == "html":
        from licet.app.report.html import write_html

        write_html(result, out)
    else:
        from licet.app.report.table import write_table

        write_table(result, out)


def _suggest(result: ScanResult, registry_paths: tuple[str, ...]) -> None:
    """The commands that would register what is not, ready to paste."""
    from licet.app.registry_edit import add_command

    file = next((path for path in registry_paths if path.endswith(".toml")), "registry.toml")
    strangers = [judged.tunnel for judged in result.tunnels if judged.verdict.verdict == "unregistered"]
    if not strangers:
        return
    click.echo("\nIs one of these yours? Register it, with who answers for it and until when:")
    for tunnel in strangers[:SUGGESTIONS_MAX]:
        click.echo(f"  {add_command(tunnel, file)}")
    if len(strangers) > SUGGESTIONS_MAX:
        click.echo(f"  … and {len(strangers) - SUGGESTIONS_MAX:,} more: `licet triage` walks through all of them.")


def _say_what_was_read(result: ScanResult, quiet: bool) -> None:
    """What was read and what was not; with --quiet only why a capture ended early."""
    from licet.app.report.summary import diagnostic_lines
    from licet.app.scan import has_kernel

    if not has_kernel() and not quiet:
        click.echo("licet runs without its compiled kernel: the same results, at a few ten thousand packets a second. "
                   "A C compiler at the time of installing brings it.", err=True)
    lines = diagnostic_lines(result)
    for line in lines[:-1] if quiet else lines:
        click.echo(line, err=True)
