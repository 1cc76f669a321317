"""`licet enforce plan|apply|status|off|run`: act on orders at one's own firewall, or see what would be done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from licet.errors import BadInput, LicetError

if TYPE_CHECKING:
    from licet.app.config import Config
    from licet.app.enforce.cycle import Computed
    from licet.app.enforce.state import Folder

config_option = click.option("--config", "config_path", required=True, metavar="FILE",
                             help="licet.toml with a table [enforce].")
REPORT_WAIT_S = 20.0  # for a registry that does not answer; what was applied is in force meanwhile

state_option = click.option("--state", "state_folder", metavar="DIR",
                            help="Folder of the enforcer.  [default: that of --config, else /var/lib/licet-enforce]")


@click.group()
def enforce() -> None:
    """Act on orders that two people signed, at the firewall of a network that you own.

    Nothing is done by default: without mode = "enforce" in licet.toml, every command here only shows. Registered
    endpoints are never enforced against, every rule has an end, and in doubt there is none.

    Where licet.toml names report_to and report_key, the registry is told what is enforced, never who met it.

    Exit status: 0 done, 1 the plan has changes (with --exit-code), 3 bad input, 5 the firewall refused.
    """


@enforce.command()
@config_option
@click.option("--format", "format_name", type=click.Choice(("text", "json", "artefact")), default="text",
              show_default=True, help="artefact: the file that the firewall would be given.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something would change.")
def plan(config_path: str, format_name: str, exit_code: bool) -> int:
    """Show what would change at the firewall, what is left out, and why."""
    from licet.app.enforce.cycle import difference, held_now, status_object
    from licet.app.enforce.plan_text import plan_lines

    config, folder, computed = _computed(config_path, keeps=False)
    if format_name == "artefact":
        click.echo(_artefact(computed), nl=False)
        return 0
    if format_name == "json":
        import json

        click.echo(json.dumps(status_object(computed, 0), ensure_ascii=False))
        return 0
    change = None
    try:
        change = difference(held_now(config, folder), computed.rules)
    except LicetError as error:
        click.echo(f"licet: the firewall could not be asked: {error}", err=True)
    for line in plan_lines(computed, change):
        click.echo(line)
    return 1 if exit_code and change is not None and (change.added or change.taken) else 0


@enforce.command()
@config_option
def apply(config_path: str) -> None:
    """Compute once and hand the set to the firewall, whole or not at all.

    In observe mode nothing is handed over. Where it was switched off, this switches it on again.
    """
    from licet.app.confirm.send import Reporter
    from licet.app.enforce.cycle import CarriedOut, carry_out, difference, held_now
    from licet.app.enforce.offs import noted_offs
    from licet.app.enforce.plan_text import plan_lines

    config, folder, _ = _loaded(config_path)
    noted_offs(folder)  # what a mark says is noted before it goes
    folder.switch_on()
    config, folder, computed = _computed(config_path)
    held = held_now(config, folder)
    in_force = carry_out(computed, folder, held)
    change = difference(held, computed.rules) if computed.acts else None
    for line in plan_lines(computed, change):
        click.echo(line)
    if computed.acts:
        click.echo(f"applied: {in_force} rules in force")
    reporter = Reporter(_say)
    reporter.tell(CarriedOut(computed, held, in_force))
    reporter.finish(REPORT_WAIT_S)


@enforce.command()
@click.option("--config", "config_path", metavar="FILE", help="licet.toml; only its folder of state is used.")
@state_option
def status(config_path: str | None, state_folder: str | None) -> None:
    """Show the last computation: mode, kind of network, rules, doubts; and whether the registry was told."""
    from licet.app.enforce.state import TOLD, Folder
    from licet.app.enforce.status_text import status_lines
    from licet.app.enforce.switch import default_folder

    folder = Folder(state_folder or _state_of(config_path) or default_folder())
    for line in status_lines(folder.object("status.json"), folder.is_off, folder.object(TOLD)):
        click.echo(line)


@enforce.command()
@click.option("--config", "config_path", metavar="FILE", help="licet.toml, where its folder of state is another one.")
@state_option
def off(config_path: str | None, state_folder: str | None) -> int:
    """Switch everything off, now. Needs no network, no configuration and nobody else.

    What was applied is taken away, and nothing is applied until somebody runs `licet enforce apply`. When that was is
    noted, and the registry is told with the next report. Without licet: nft delete table inet licet
    """
    from licet.app.enforce.switch import default_folder, switch_off

    folders = [folder for folder in (state_folder, _state_of(config_path), default_folder()) if folder]
    said, is_off = switch_off(list(dict.fromkeys(folders)))
    for line in said:
        click.echo(line, err=not is_off)
    return 0 if is_off else 5


@enforce.command()
@config_option
def run(config_path: str) -> int:
    """Compute and apply again and again, as a service. SIGHUP: at once. SIGTERM ends it; rules stay until their end.

    With report_to and report_key under [enforce], the registry is told of each computation; `licet enforce report`
    shows what. Where it cannot be told, that is said once, and enforcing goes on.
    """
    import gc

    from licet.app.confirm.send import Reporter
    from licet.app.enforce.service import run_service

    gc.enable()
    return run_service(config_path, _say, Reporter(_say).tell)


@enforce.command()
@config_option
def report(config_path: str) -> None:
    """Print what the registry would be told now, as JSON. Nothing is sent, and nothing done.

    No address is in it: endpoints are named by their handles in the log. `licet enforce run` and `apply` send it,
    signed with report_key, where licet.toml names report_to.
    """
    from licet.app.confirm.compose import compose
    from licet.app.confirm.counts import read_counts
    from licet.app.enforce.cycle import CarriedOut
    from licet.app.enforce.offs import noted_offs
    from licet.model.enforcer_report import signed_bytes

    _, folder, computed = _computed(config_path, keeps=False)
    counts = read_counts(folder, computed.at_ns)
    click.echo(signed_bytes(compose(CarriedOut(computed, (), 0), counts, noted_offs(folder))).decode())


def _say(text: str) -> None:
    click.echo(text, err=True)


def _loaded(config_path: str, keeps: bool = True) -> tuple[Config, Folder, int]:
    try:
        from licet.app.config import load_config
        from licet.app.enforce.service import now_ns
        from licet.app.enforce.state import folder_of
    except ImportError as error:
        raise BadInput(f"this needs a package that is not installed ({error.name}): pip install 'licet[log]'") from None
    config = load_config(config_path)
    return config, folder_of(config.enforce.state, keeps), now_ns()


def _computed(config_path: str, keeps: bool = True) -> tuple[Config, Folder, Computed]:
    config, folder, at_ns = _loaded(config_path, keeps)
    from licet.app.enforce.cycle import compute

    return config, folder, compute(config, folder, at_ns)


def _artefact(computed: Computed) -> str:
    from licet.app.catalogue import outputs

    output = next(one for one in outputs() if one.name == computed.config.enforce.output)
    return output.render(computed.decision.rules, computed.at_ns)


def _state_of(config_path: str | None) -> str | None:
    """The folder that a configuration names; None where it cannot be read, which must not stop anybody."""
    if config_path is None:
        return None
    try:
        from licet.app.config import load_config

        return load_config(config_path).enforce.state
    except Exception as error:  # whatever is broken, switching off goes on
        click.echo(f"licet: {os.path.basename(config_path)} cannot be used, and is not needed: {error}", err=True)
        return None


@enforce.command()
@config_option
@click.option("--registry", "registry", metavar="FILE", help="One of the registries of licet.toml.  [default: all]")
@click.option("--format", "format_name", type=click.Choice(("csv", "nftables", "pf", "suricata")), default="csv",
              show_default=True)
def permitted(config_path: str, registry: str | None, format_name: str) -> None:
    """Print what is permitted on this network, for its owner's firewall: it lets pass, and refuses nothing.

    Of an owned network alone, from its own register alone, scoped to its own prefixes.
    """
    config, _, at_ns = _loaded(config_path, keeps=False)
    from licet.app.enforce.permitted import permitted_list

    click.echo(permitted_list(config, registry, format_name, at_ns), nl=False)
