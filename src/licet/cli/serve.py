"""`licet serve` and `licet run-due`: the registry service and its clock."""

from __future__ import annotations

import click


@click.command()
@click.option("--init", "kind", type=click.Choice(["owned", "public"]),
              help="Make the registry: of a network that you own, or for the public.  [default: public]")
@click.option("--check", "check_only", is_flag=True, help="Say what is wrong with this installation, and stop.")
@click.option("--invite-officer", is_flag=True,
              help="Print a link by which another officer signs up, and stop: for when no second one can confirm.")
@click.option("--demo", is_flag=True,
              help="Fill the registry with invented services, letters and orders, for a look around.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where to listen.")
@click.option("--config", metavar="FILE", help="licet.toml.  [default: the one in this folder, if there is one]")
def serve(kind: str | None, check_only: bool, invite_officer: bool, demo: bool, host: str, port: int,
          config: str | None) -> int:
    """Run the registry: apply, prove, be registered, be found.

    In an empty folder it makes a working registry on SQLite, in ./licet-data, and prints a link by which its first
    officer signs up. Stop it with Ctrl-C; start it again, and it goes on.
    """
    from licet.app.order.invented import invented_people
    from licet.server.start import Options, check
    from licet.server.start import invite_officer as invite
    from licet.server.start import serve as run

    if invite_officer:
        click.echo(invite(config))
        return 0
    # Who signs the orders of a demonstration is somebody here: the registry has no key that could.
    options = Options(host, port, kind, demo, config, invented_people if demo else None)
    if not check_only:
        run(options, click.echo)
        return 0
    problems = check(options)
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(problems)} problem{'s' * (len(problems) > 1)}" if problems else "nothing is wrong", err=True)
    return 3 if problems else 0


@click.command("run-due")
@click.option("--config", metavar="FILE", help="licet.toml.  [default: the one in this folder, if there is one]")
def run_due(config: str | None) -> None:
    """Do what is due in the registry: expiry, reminders, rechecks, and what is overdue; publish and mail.

    For a timer; running it twice is the same as once. `licet serve` does it by itself every minute.
    """
    from licet.server.start import run_due as run

    click.echo(run(config))
