"""`licet watch`: the tunnels on a live link, window by window."""

from __future__ import annotations

import re
from typing import Any

import click

SECOND_NS = 1_000_000_000
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
FANOUT_MAX = 64


class Duration(click.ParamType[int]):
    """`10`, `10s`, `5m`, `2h`, `1d`, given to the command as nanoseconds. days_max: how long it may be."""

    name = "duration"

    def __init__(self, days_max: int) -> None:
        self._days_max = days_max

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,6})([smhd]?)", value.strip())
        if match is None or int(match[1]) == 0:
            self.fail(f"“{value}” is no duration; write 10s, 5m, 2h or 1d", param, ctx)
        seconds = int(match[1]) * _UNITS[match[2] or "s"]
        if seconds > self._days_max * _UNITS["d"]:
            self.fail(f"“{value}” is more than {self._days_max} d, which is the most", param, ctx)
        return seconds * SECOND_NS


@click.command()
@click.option("-i", "--interface", "interfaces", multiple=True, metavar="NAME",
              help="Interface to watch; may be repeated.  [default: those of --config]")
@click.option("--registry", "registry_paths", multiple=True, metavar="FILE",
              help="registry.toml or a snapshot to judge by; may be repeated.")
@click.option("--config", "config_path", metavar="FILE",
              help="licet.toml: your prefixes, registries, and whether the network is owned.")
@click.option("--every", "every_ns", type=Duration(1), default="10s", show_default=True, metavar="TIME",
              help="Length of a window.")
@click.option("--for", "for_ns", type=Duration(3_650), metavar="TIME", help="Stop after so long.  [default: never]")
@click.option("--write", "folder", metavar="DIR", help="Write each window as a Parquet file into this folder.")
@click.option("--format", "format_name", type=click.Choice(("table", "jsonl")),
              help="What to write to standard output.  [default: table on a terminal, else jsonl]")
@click.option("--fanout", type=click.IntRange(1, FANOUT_MAX), default=1, show_default=True, metavar="N",
              help="Share each interface between N processes.")
@click.option("--sensor", metavar="NAME", help="Name of this sensor in what is written.  [default: the host's name]")
@click.option("--user", metavar="NAME",
              help="User to become once the interfaces are open.  [default: who called sudo, else nobody]")
@click.option("--no-promiscuous", is_flag=True, help="Only frames for this machine, not all on the wire.")
@click.option("-q", "--quiet", is_flag=True, help="No closing line, no remarks.")
def watch(**options: Any) -> int:
    """Show the VPN tunnels on live interfaces, and which of them are registered.

    Needs the right to open packet sockets (root, or CAP_NET_RAW), and gives it up once they are open. It reads and
    sends nothing. Ctrl-C ends it; the last window is written.

    \b
      sudo licet watch -i eth0 --config licet.toml
      licet watch -i eth0 --config licet.toml --every 60s --write /var/lib/licet/windows

    Unless licet.toml says kind = "owned" under [network], only registered endpoints are looked at, and all else is
    counted without addresses. SIGHUP reads the registries again.

    Exit status: 0 done, 2 usage, 3 an interface or a file that cannot be used, 5 a process of --fanout ended early.
    """
    import gc

    from licet.app.watch.run import Plan, run

    gc.enable()  # The command line does without, for runs that end soon; this one may go on for months.
    return run(Plan(**options), lambda text: click.echo(text, err=True))
