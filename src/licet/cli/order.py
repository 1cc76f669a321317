"""`licet order draft|check|sign|show`: from what was seen to an order that two people signed. Nothing here enforces."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from licet.cli.options import Time, say_if_stale

if TYPE_CHECKING:
    from licet.app.order.draft import Wish

POLICY_OPTION = click.option("--policy", "policy_path", required=True, metavar="FILE",
                             help="policy.toml: who may sign.")
NETWORK_OPTION = click.option("--network", "network_name", default="", metavar="NAME",
                              help="Which network of the policy.  [default: the only one]")
REGISTRY_OPTION = click.option("--registry", "registry_paths", multiple=True, metavar="FILE",
                               help="registry.toml or a snapshot; may be repeated.")
AT_OPTION = click.option("--at", "at_ns", type=Time(), metavar="TIME", help="As of this time.  [default: now]")


@click.group()
def order() -> None:
    """Draft an order against exact endpoints, run it dry, sign it, show it.

    A person drafts and two people sign, each on their own machine, with their own SSH keys. Nothing is blocked by any
    of these commands. An order ends by itself, and everybody whom it is about can appeal.
    """


@order.command()
@click.argument("seen_paths", nargs=-1, required=True, metavar="SCAN.jsonl…")
@POLICY_OPTION
@NETWORK_OPTION
@REGISTRY_OPTION
@click.option("--endpoint", "endpoints", multiple=True, metavar="ENDPOINT", help="Against this one; may be repeated.")
@click.option("--all", "everything", is_flag=True, help="Against all tunnels that are certain and not registered.")
@click.option("--author", "author_path", required=True, metavar="KEY.pub", help="The key with which you will sign it.")
@click.option("--texts", "texts_path", metavar="FILE", help="A TOML file with the order's words.")
@click.option("--set", "settings", multiple=True, metavar="NAME=TEXT", help="One of its words; may be repeated.")
@click.option("--begin", "begin_ns", type=Time(), metavar="TIME",
              help="No effect before; sooner than the notice only in an open case.  [default: after the notice]")
@click.option("--end", "end_ns", type=Time(), metavar="TIME", help="None from then on.  [default: the longest]")
@AT_OPTION
@click.option("-o", "--output", "out_path", default="order.json", show_default=True, metavar="FILE")
def draft(
    seen_paths: tuple[str, ...], policy_path: str, network_name: str, registry_paths: tuple[str, ...],
    endpoints: tuple[str, ...], everything: bool, author_path: str, texts_path: str | None, settings: tuple[str, ...],
    begin_ns: int | None, end_ns: int | None, at_ns: int | None, out_path: str,
) -> int:
    """Draft an order from tunnels that were seen.

    SCAN.jsonl is the output of `licet scan --format jsonl` or `licet watch --format jsonl`, judged by the registry that
    --registry names. On a terminal you are asked for what is missing; what the limits refuse is refused, in words.
    """
    from licet.app.order.check import against_draft, rests_on_open_case
    from licet.app.order.clock import now_ns
    from licet.app.order.draft import choose, missing
    from licet.app.order.draft import draft as make_draft
    from licet.app.order.files import load_network, load_public_key, save_order
    from licet.app.order.seen import read_seen
    from licet.app.scan import open_registries
    from licet.model.endpoint import parse_endpoint

    network = load_network(policy_path, network_name)
    registries = open_registries(registry_paths)
    if not registries:
        raise click.UsageError("name the registry by which these tunnels were judged: --registry FILE")
    say_if_stale(registry_paths)
    at_ns = now_ns() if at_ns is None else at_ns
    wish = _wish(texts_path, settings, begin_ns, end_ns, load_public_key(author_path).key_id)
    chosen = choose([one for path in seen_paths for one in read_seen(path)], [*map(parse_endpoint, endpoints)],
                    everything)
    wish = _ask_for(wish, missing(wish))
    file = make_draft(chosen, wish, network, registries[0].snapshot.ref.digest, at_ns)
    if _refused(against_draft(file, network, registries, at_ns)):
        return 3
    save_order(out_path, file)
    if rests_on_open_case(file, network):
        click.echo("licet: it takes effect before a notice of its own: the registry takes it only while its case is "
                   "open, by an earlier order on the same ground and quoted text of which people were told", err=True)
    click.echo(f"{file.order.puid} is drafted in {out_path}, against {len(chosen)} endpoint(s). Next: "
               f"`licet order sign {out_path}`, then `licet order check`.")
    return 0


def _wish(texts_path: str | None, settings: tuple[str, ...], begin_ns: int | None, end_ns: int | None,
          author: str) -> Wish:
    from licet.app.order.draft import Wish
    from licet.app.order.texts import read_settings, read_texts

    texts, ends = ({}, {}) if texts_path is None else read_texts(texts_path)
    more, of_all = read_settings(settings)
    return Wish({**texts, **more}, {**ends, "": {**ends.get("", {}), **of_all}}, begin_ns, end_ns, author)


def _ask_for(wish: Wish, missing: list[tuple[str, str]]) -> Wish:
    """On a terminal, ask for what a draft still has to say."""
    from dataclasses import replace

    if not missing or not sys.stdin.isatty():
        return wish
    texts = dict(wish.texts)
    for name, what in missing:
        texts[name] = click.prompt(f"{name}: {what}", err=True)
    return replace(wish, texts=texts)


def _refused(problems: Iterable[object]) -> bool:
    """Say what stands against it, one a line on standard error."""
    from licet.app.report.words import printable

    found = list(problems)
    for one in found:
        click.echo(f"licet: {printable(str(one))}", err=True)
    return bool(found)


@order.command()
@click.argument("path", metavar="ORDER.json")
@click.argument("rows_paths", nargs=-1, required=True, metavar="WINDOWS…")
@POLICY_OPTION
@NETWORK_OPTION
@REGISTRY_OPTION
@click.option("--name", "names", multiple=True, metavar="ADDRESS=NAME", help="A name of an address, such as its PTR.")
@click.option("--format", "format_name", type=click.Choice(("text", "json")), default="text", show_default=True)
@AT_OPTION
def check(
    path: str, rows_paths: tuple[str, ...], policy_path: str, network_name: str, registry_paths: tuple[str, ...],
    names: tuple[str, ...], format_name: str, at_ns: int | None,
) -> int:
    """Run an order dry: what would it have met?

    WINDOWS is the folder of `licet watch --write`, or a file of `licet watch --format jsonl`; the last seven days are
    read. The report is attached to ORDER.json, for the second person to sign. Exit status 3 where it met a registered
    endpoint, other tenants, or what is never blocked: such an order ends here.
    """
    import json

    from licet.app.order.check import run_dry
    from licet.app.order.clock import now_ns
    from licet.app.order.files import load_network, load_order, save_order
    from licet.app.order.show import impact_lines
    from licet.app.scan import open_registries

    file, network = load_order(path), load_network(policy_path, network_name)
    if file.order.approver:
        raise click.UsageError("the second person signed it with its dry run: draft a new order")
    at_ns = now_ns() if at_ns is None else at_ns
    say_if_stale(registry_paths)
    known: dict[str, list[str]] = {}
    for one in names:
        address, _, name = one.partition("=")
        known.setdefault(address, []).append(name)
    file, report, problems = run_dry(file, network, open_registries(registry_paths), rows_paths, known, at_ns)
    save_order(path, file)
    click.echo(json.dumps(report) if format_name == "json" else "\n".join(impact_lines(report)))
    return 3 if _refused(problems) else 0


@order.command()
@click.argument("path", metavar="ORDER.json")
@POLICY_OPTION
@NETWORK_OPTION
@click.option("--key", "key_path", required=True, metavar="FILE",
              help="Your SSH key; ssh-keygen asks for its passphrase.")
@click.option("--yes", is_flag=True, help="Sign without being asked; what is signed is still shown.")
@AT_OPTION
def sign(path: str, policy_path: str, network_name: str, key_path: str, yes: bool, at_ns: int | None) -> int:
    """Sign an order, as its author, as the second person, or as whom the policy names.

    Shows exactly what is signed, and has `ssh-keygen -Y sign` do it (namespace licet-order; licet-decision for an
    adjudicator). The file then goes to the second person's machine, or to the registry.
    """
    from licet.app.order.check import against_signing, broken_signatures
    from licet.app.order.clock import now_ns
    from licet.app.order.files import load_network, load_order, load_public_key, save_order
    from licet.app.order.show import show_lines
    from licet.app.order.signing import prepared, role_of
    from licet.app.order.signing import sign as sign_file
    from licet.model.canonical import sha256_digest
    from licet.model.order import signed_bytes

    file, network, key = load_order(path), load_network(policy_path, network_name), load_public_key(key_path)
    at_ns = now_ns() if at_ns is None else at_ns
    role = role_of(file, key, network)
    file = prepared(file, role, key, at_ns)
    if _refused(against_signing(file, network, at_ns)):
        return 3
    if _refused(broken_signatures(file, network)):
        return 4
    message = signed_bytes(file.order, role)
    click.echo("\n".join(show_lines(file, at_ns)), err=True)
    click.echo(f"\nYou sign as the {role}, with {key.fingerprint}, these {len(message):,} bytes, and nothing else:\n",
               err=True)
    click.echo(message.decode(), err=True)
    click.echo(f"\n{sha256_digest(message)}", err=True)
    if not yes and not click.confirm("Sign it?", err=True):
        click.echo("Nothing was signed.", err=True)
        return 3
    save_order(path, sign_file(file, role, key, key_path))
    click.echo(f"{file.order.puid} is signed by its {role}.")
    return 0


@order.command()
@click.argument("path", metavar="ORDER.json")
@click.option("--format", "format_name", type=click.Choice(("text", "ticket", "json")), default="text",
              show_default=True)
@AT_OPTION
def show(path: str, format_name: str, at_ns: int | None) -> None:
    """Show an order: its stages, its clock, what it says, its dry run; or print it as a ticket for a change."""
    from licet.app.order.clock import now_ns
    from licet.app.order.files import load_order
    from licet.app.order.show import show_lines, ticket_lines
    from licet.model.order import file_bytes

    file = load_order(path)
    at_ns = now_ns() if at_ns is None else at_ns
    if format_name == "json":
        click.echo(file_bytes(file).decode(), nl=False)
        return
    lines = ticket_lines if format_name == "ticket" else show_lines
    click.echo("\n".join(lines(file, at_ns)))
