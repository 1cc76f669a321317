"""`licet demo`: the main job on a capture that ships with licet. No root, no network, a few seconds."""

from __future__ import annotations

import os
import sys

import click

FOLDER = "licet-demo"


@click.command()
@click.option("-o", "--output", default=FOLDER, show_default=True, metavar="FOLDER",
              help="Where to put the capture, its registry and the report.")
def demo(output: str) -> None:
    """Scan a small capture of real VPN programs and write its report.

    The capture was taken in an office of our own making: WireGuard, OpenVPN and strongSwan with ordinary traffic around
    them. It shows all four verdicts, and a service that was recognised by its key at an address nobody registered.
    """
    from licet.app.report.html import write_html
    from licet.app.report.summary import diagnostic_lines
    from licet.app.report.table import write_table
    from licet.app.scan import open_registries, scan
    from licet.errors import BadFile

    capture, registry, report = (os.path.join(output, name) for name in ("office.pcap", "registry.toml", "report.html"))
    try:
        _copy_office(output)
        result = scan([capture], registries=open_registries([registry]))
        with open(report, "w", encoding="utf-8") as out:
            write_html(result, out)
    except OSError as error:
        raise BadFile(output, f"the demo cannot be written there: {error.strerror}") from None
    write_table(result, sys.stdout)
    _say_what_is_next(capture, registry, report)
    sys.stdout.flush()
    for line in diagnostic_lines(result):
        click.echo(line, err=True)


def _copy_office(folder: str) -> None:
    """Put the capture and the registry where the user can play with them; an edited registry is made anew."""
    import shutil
    from pathlib import Path

    from licet.app import demo as office

    source = Path(office.__file__).parent
    os.makedirs(folder, exist_ok=True)
    for name in ("office.pcap", "registry.toml"):
        shutil.copyfile(source / name, os.path.join(folder, name))


def _say_what_is_next(capture: str, registry: str, report: str) -> None:
    click.echo(f"\nThe same as a page to read and to print: {report}")
    click.echo("What to try next:")
    for command, purpose in (
        (f"licet explain {capture} 203.0.113.24:51820/udp --registry {registry}",
         "why this verdict, with a ladder"),
        (f"licet lookup 203.0.113.66 --registry {registry}", "ask the registry about an address"),
        (f"licet triage {capture} --registry {registry}", "write down what is yours, one key each"),
        ("licet scan YOUR.pcap", "the tunnels in a capture of yours"),
    ):
        click.echo(f"  {command}\n      {purpose}")
