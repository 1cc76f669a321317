"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from licet.app.config import Config


class Time(click.ParamType[int]):
    """An RFC 3339 time or a date, given to the command as nanoseconds since the epoch."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from licet.model.canonical import parse_time

        if isinstance(value, int):
            return value
        try:
            return parse_time(value)
        except ValueError:
            self.fail(f"“{value}” is no time; write 2026-03-01 or 2026-03-01T12:00:00Z", param, ctx)


def registry_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--registry, --config and --at: against what, and as of when, tunnels are judged."""
    for option in (
        click.option("--at", "at_ns", type=Time(), metavar="TIME",
                     help="Judge registrations as of this time.  [default: when the tunnel was last seen]"),
        click.option("--config", "config_path", metavar="FILE",
                     help="licet.toml: your prefixes and registries. None is read unless named."),
        click.option("--registry", "registry_paths", multiple=True, metavar="FILE",
                     help="registry.toml, a snapshot or a synced folder to judge by; may be repeated."),
    ):
        command = option(command)
    return command


def say_if_stale(registry_paths: Sequence[str], config: Config | None = None) -> None:
    """On standard error, a sentence for each registry that was synced and may no longer be the newest."""
    paths = (*registry_paths, *([] if config is None else [source.path for source in config.registries]))
    if not paths:
        return
    import time

    from licet.app.snapshot_status import stale_lines

    for line in stale_lines(paths, time.time_ns()):
        click.echo(line, err=True)
