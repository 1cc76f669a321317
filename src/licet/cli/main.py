"""The command `licet`: one face, one place where errors become a sentence and an exit status.

Exit status: 0 done, 1 findings (only with --exit-code), 2 usage, 3 bad input, 4 verification failed, 5 unreachable,
130 interrupted. Modules of this room import Click and nothing heavier at the top: `licet --help` is most people's
first call. What a command needs is imported when it runs.
"""

from __future__ import annotations

import gc
import os
import sys

import click

from licet import __version__
from licet.cli.backup import backup, restore
from licet.cli.config import config
from licet.cli.demo import demo
from licet.cli.enforce import enforce
from licet.cli.explain import explain
from licet.cli.keys import keys
from licet.cli.log import log
from licet.cli.lookup import lookup
from licet.cli.order import order
from licet.cli.proof import proof
from licet.cli.registry import registry
from licet.cli.replay import replay
from licet.cli.report import report
from licet.cli.scan import scan
from licet.cli.serve import run_due, serve
from licet.cli.snapshot import snapshot
from licet.cli.triage import triage
from licet.cli.watch import watch
from licet.errors import LicetError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="licet")
def licet() -> None:
    """Is this tunnel permitted here?

    licet shows which VPN tunnels in a capture belong to registered services. It names services, never people; it looks
    at handshakes, never at content; it observes, and does nothing unless the owner of a network says so.

    Start with `licet demo`, then `licet scan CAPTURE`.
    """


licet.add_command(demo)
licet.add_command(scan)
licet.add_command(watch)
licet.add_command(explain)
licet.add_command(config)
licet.add_command(lookup)
licet.add_command(registry)
licet.add_command(snapshot)
licet.add_command(proof)
licet.add_command(triage)
licet.add_command(replay)
licet.add_command(enforce)
licet.add_command(log)
licet.add_command(report)
licet.add_command(order)
licet.add_command(keys)
licet.add_command(serve)
licet.add_command(run_due)
licet.add_command(backup)
licet.add_command(restore)


def run() -> None:
    """Entry point of the console script. Never shows a traceback for what a user or a file did."""
    # What a run makes is reachable until its end; walking it in search of cycles took a fifth of a large scan.
    gc.disable()
    try:
        status = licet.main(prog_name="licet", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        status = 130
    except click.ClickException as error:
        error.show()
        status = 2
    except LicetError as error:
        click.echo(f"licet: {error}", err=True)
        status = error.exit_status
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        status = 130
    except (BrokenPipeError, SystemExit):
        # The reader (`head`, a pager) has seen enough. Click makes a SystemExit of it, and of nothing else here, while
        # a command is at work. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    _leave(status if isinstance(status, int) else 0)


def _leave(status: int) -> None:
    """End the process without taking everything apart first: after a large scan that is a tenth of a second."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 3  # A full disk behind a redirection, for one; what was not written is not done.
    os._exit(status)
