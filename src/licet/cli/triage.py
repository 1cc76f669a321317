"""`licet triage`: go through what is not registered, one key for each network."""

from __future__ import annotations

import os
import sys

import click

from licet.cli.options import registry_options, say_if_stale
from licet.cli.registry import FILE_OPTION


class TerminalConsole:
    """Questions on standard error; answers as single keys from a terminal, or as lines from anything else."""

    def say(self, text: str) -> None:
        click.echo(text, nl=False, err=True)

    def key(self, prompt: str) -> str:
        if not sys.stdin.isatty():
            return self.line(prompt.removesuffix(": "), "")
        self.say(prompt)
        answer = click.getchar()
        if answer in ("\x04", ""):
            raise EOFError
        self.say(f"{answer}\n" if answer.isprintable() else "\n")
        return answer

    def line(self, prompt: str, default: str) -> str:
        self.say(f"{prompt} [{default}]: " if default else f"{prompt}: ")
        answer = sys.stdin.readline()
        if not answer:
            raise EOFError
        if not sys.stdin.isatty():
            self.say("\n")
        return answer.strip() or default


@click.command()
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE…")
@registry_options
@FILE_OPTION
@click.option("--holders", "holders_path", metavar="CSV",
              help="prefix,holder: names to group by, instead of /24 or /48.")
def triage(
    captures: tuple[str, ...], registry_paths: tuple[str, ...], config_path: str | None, at_ns: int | None, path: str,
    holders_path: str | None,
) -> None:
    """Go through the tunnels that are not registered, one key for each network they are in.

    What is yours or a vendor's is written to the registry file at once. Nothing is blocked by any answer. Answers may
    also come as lines on standard input.
    """
    from licet.app.config import load_config
    from licet.app.holders import Holders, read_holders
    from licet.app.scan import open_registries, scan
    from licet.app.triage import Outcome, groups_of, summary
    from licet.app.triage import triage as walk
    from licet.errors import BadInput
    from licet.judge import Registry
    from licet.snapshot import Snapshot
    from licet.snapshot.form import Header

    if "-" in captures:
        raise click.UsageError("standard input is where your answers come from; name a capture file")
    holders = Holders() if holders_path is None else read_holders(holders_path)
    config = None if config_path is None else load_config(config_path)
    if config is not None and config.network_kind == "public":
        raise BadInput("triage is for owned networks: on a public one nobody lists the tunnels that are not registered")
    known = [source.path for source in config.registries] if config else []
    judging = list(registry_paths)
    if os.path.exists(path) and not any(os.path.realpath(path) == os.path.realpath(other) for other in judging + known):
        judging.append(path)
    say_if_stale(judging, config)
    # Without any registry nothing would be determined; here the one that is about to be written stands for it, empty.
    registries = open_registries(judging, config) or (Registry(Snapshot(Header(), ())),)
    result = scan(captures, registries=registries, config=config, at_ns=at_ns)
    for report in result.captures:
        if report.problem:
            click.echo(f"licet: {report.path}: {report.problem}", err=True)
    outcome, groups = Outcome(), groups_of(result, holders)
    if not groups:
        click.echo("No tunnel here needs an answer.", err=True)
    try:
        walk(groups, TerminalConsole(), path, outcome)
    finally:
        click.echo(summary(outcome, path), nl=False)
