"""`licet keys`: make keys, and hold the ceremony by which a registry's snapshots can be trusted (docs/keys.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from licet.errors import BadInput

if TYPE_CHECKING:
    from datetime import datetime

    from licet.app.tuf_ceremony import Described

DAYS = click.IntRange(1, 3_650)
NEEDS = "this needs a package that is not installed ({name}): pip install 'licet[{extra}]'"


@click.group()
def keys() -> None:
    """Make keys, and decide by them whose signatures count.

    A key is made once, on the machine that uses it, in a file that only its owner can read. `docs/keys.md` leads
    through the ceremony: who makes which key, in which order lists are signed, and what is lost with each.
    """


@keys.command("new-log")
@click.option("--name", required=True, metavar="NAME",
              help="The log's name for ever: its address without https://, such as registry.example.net/log.")
@click.option("-o", "--output", "path", default="log_key", show_default=True, metavar="FILE",
              help="The private key, mode 0600.")
def new_log(name: str, path: str) -> None:
    """Make the key of a log, and print the verifier key that is published.

    Whoever has FILE can sign in the name of the log; without it, the log ends and another begins. Publish what is
    printed where it cannot be changed together with the log.
    """
    try:
        from licet.app.log_key import new_log_key
    except ImportError as error:
        raise BadInput(NEEDS.format(name=error.name, extra="log")) from None
    key = new_log_key(name, path)
    click.echo(str(key.verifier))
    click.echo(f"{path} written: keep a copy offline, and let nobody else read it", err=True)


def passphrase_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--passphrase-file: for machines without anybody at the keyboard."""
    return click.option("--passphrase-file", metavar="FILE", help="Read the passphrase from the first line of FILE.  "
                        "[default: ask]")(command)


@keys.command()
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The private key, mode 0600.")
@click.option("--online", is_flag=True, help="For a server: without a passphrase.")
@passphrase_option
def new(path: str, online: bool, passphrase_file: str | None) -> None:
    """Make a key for signing snapshots, and print its public half.

    A person's key is sealed by a passphrase and stays on the person's own machine; hand on what is printed. The key of
    a server (--online) has none, since nobody is there to type it.
    """
    _require_tuf()
    from licet.app.tuf_keys import new_key

    passphrase = None if online else _passphrase(passphrase_file, is_new=True)
    key = new_key(path, passphrase)
    click.echo(key.public_text)
    click.echo(f"{path} written: " + ("it stays on the server that publishes" if online else "keep a copy in another "
               "place, on paper or on a stick; without the passphrase it is of no use to anybody"), err=True)


def group_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whose keys sign a list."""
    for option in (
        click.option("--days", type=DAYS, default=365, show_default=True, help="How long it holds."),
        click.option("--online-key", "online", multiple=True, metavar="KEY",
                     help="Of the server that publishes: the line that `keys new` printed, or a file with it."),
    ):
        command = option(command)
    return command


@keys.command("root")
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The draft.")
@click.option("--after", metavar="ROOT.JSON", help="The root before it; what is not named here stays as it is there.")
@click.option("--root-key", "root", multiple=True, metavar="KEY", help="Of who signs the next root; once for each.")
@click.option("--root-threshold", type=click.IntRange(1), metavar="N", help="How many of them.  [default: most]")
@click.option("--policy-key", "policy", multiple=True, metavar="KEY", help="Of who signs the policy; once for each.")
@click.option("--policy-threshold", type=click.IntRange(1), metavar="N", help="How many of them.  [default: most]")
@group_options
def draft_root(path: str, after: str | None, root: tuple[str, ...], root_threshold: int | None,
               policy: tuple[str, ...], policy_threshold: int | None, online: tuple[str, ...], days: int) -> None:
    """Draft a root: whose keys sign what. Nobody has signed it yet.

    The first names all groups. A later one names only what changes, and is signed by enough holders of the one before
    too, so that whoever trusts that one follows.
    """
    _require_tuf()
    from licet.app import tuf_ceremony as ceremony

    groups = (ceremony.group_of(root, root_threshold, "root"), ceremony.group_of(policy, policy_threshold, "policy"),
              ceremony.group_of(online, None, "online"))
    _say(path, ceremony.draft_root(path, after, *groups, ceremony.expiry(_now(), days)))


@keys.command("policy")
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The draft.")
@click.option("--after", metavar="TARGETS.JSON", help="The list before it; what is not named here stays.")
@click.option("--policy", metavar="POLICY.TOML", help="The policy that it publishes.")
@group_options
def draft_policy(path: str, after: str | None, policy: str | None, online: tuple[str, ...], days: int) -> None:
    """Draft the policy keys' list: who may publish registrations, and the policy. Nobody has signed it yet."""
    _require_tuf()
    from licet.app import tuf_ceremony as ceremony

    group = ceremony.group_of(online, None, "online")
    _say(path, ceremony.draft_policy(path, after, group, policy, ceremony.expiry(_now(), days)))


@keys.command("sign")
@click.argument("path", metavar="FILE")
@click.option("--key", "key_path", required=True, metavar="KEY", help="Your private key.")
@click.option("--root", metavar="ROOT.JSON", help="For the count of who signed: the root before a root, or the root "
              "that names the policy keys.")
@click.option("--policy", metavar="POLICY.TOML", help="The policy that a list publishes, to be shown before you sign.")
@click.option("--yes", is_flag=True, help="Do not ask whether this is what you want to sign.")
@passphrase_option
def add_signature(path: str, key_path: str, root: str | None, policy: str | None, yes: bool,
                  passphrase_file: str | None) -> None:
    """Sign a draft of a root or of the policy keys' list, after it was shown.

    FILE is replaced by the same with your signature; hand it to the next holder.
    """
    _require_tuf()
    from licet.app.tuf_ceremony import add_signature_to, describe
    from licet.app.tuf_keys import open_key

    shown = describe(path, root)
    _say(path, shown)
    _say_policy(path, policy, bool(shown.files))
    if not yes:
        click.confirm("Sign this?", abort=True, err=True)
    key = open_key(key_path, lambda: _passphrase(passphrase_file))
    add_signature_to(path, key)
    click.echo(f"{path} has your signature")
    found = describe(path, root)
    _say_standings(found)
    if found.standings and not any(key.public_text in one.signed for one in found.standings):
        click.echo("your key is none of those that count here: nothing came of it", err=True)


@keys.command()
@click.argument("path", metavar="FILE")
@click.option("--root", metavar="ROOT.JSON", help="As for `keys sign`.")
def show(path: str, root: str | None) -> None:
    """Say in words what a root or a list of the policy keys holds and who signed it; of a key, its public half."""
    _require_tuf()
    from licet.app.tuf_ceremony import describe
    from licet.app.tuf_keys import public_half

    line = public_half(path)
    if line is not None:
        click.echo(line)
        return
    _say(path, describe(path, root))


@keys.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE…")
@click.option("--to", "folder", default="licet-data/tuf", show_default=True, metavar="DIR",
              help="The folder of the published snapshots.")
@click.option("--policy", metavar="POLICY.TOML", help="The policy that a list names.")
def install(paths: tuple[str, ...], folder: str, policy: str | None) -> None:
    """Bring a root, a list of the policy keys, or both, to the server that publishes.

    What is not signed by enough is refused. The service takes it up within a minute.
    """
    _require_tuf()
    from licet.app.tuf_ceremony import install as bring

    for line in bring(paths, folder, policy):
        click.echo(line)


def _say(path: str, found: Described) -> None:
    kind = "root" if found.kind == "root" else "list of the policy keys"
    click.echo(f"{path}: {kind}, number {found.version}, holds until {found.expires:%Y-%m-%dT%H:%M:%SZ}")
    if found.starter:
        click.echo("its keys were made by a server for a start or a demonstration")
    for group in found.holders:
        click.echo(f"{group.role}: {group.threshold} of {len(group.keys)}")
        for key in group.keys:
            click.echo(f"  {key}")
    for name, digest in found.files:
        click.echo(f"publishes {name}, {digest}")
    _say_standings(found)
    if found.kind == "root" and found.standings and not any(one.lacking for one in found.standings):
        click.echo(f"fingerprint {found.fingerprint}")


def _say_policy(path: str, policy: str | None, publishes_one: bool) -> None:
    """The networks of a policy: nobody should sign a digest alone."""
    from licet.app.tuf_ceremony import networks_of

    if policy is None:
        if publishes_one:
            click.echo("what is in the policy is not shown: give its file with --policy", err=True)
        return
    for network in networks_of(path, policy):
        click.echo(f"network “{network.name}”: {network.kind}, {len(network.prefixes)} prefixes, "
                   f"{len(network.never_block)} places never blocked")
        for words, people in (("signs orders", network.signers), ("decides appeals", network.reviewers),
                              ("signs decisions", network.adjudicators)):
            for person in people:
                click.echo(f"  {words}: {person.code} {person.key}")


def _say_standings(found: Described) -> None:
    for one in found.standings:
        state = "enough" if not one.lacking else f"{one.lacking} more needed"
        click.echo(f"signed by {len(one.signed)} of {one.threshold} of {one.by}: {state}")
        for key in one.signed:
            click.echo(f"  {key}")


def _passphrase(path: str | None, is_new: bool = False) -> str:
    if path is None:
        entered: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=is_new, err=True)
        return entered
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline(4_096).rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: the passphrase cannot be read: {error}") from None


def _require_tuf() -> None:
    try:
        import licet.app.tuf_ceremony  # noqa: F401
    except ImportError as error:
        raise BadInput(NEEDS.format(name=error.name, extra="tuf")) from None


def _now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC)
