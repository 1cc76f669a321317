"""`licet replay`: does a verdict stand when it is computed again?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from licet.errors import BadInput

if TYPE_CHECKING:
    from licet.app.replay import Claim


@click.command()
@click.argument("verdict", metavar="VERDICT.json")
@click.argument("capture", metavar="CAPTURE")
@click.option("--registry", "registry_paths", multiple=True, metavar="FILE",
              help="The registry that the verdict was judged by; may be repeated.")
@click.option("--config", "config_path", metavar="FILE", help="The licet.toml that it was judged with, if any.")
@click.option("--log", "log", metavar="PLACE",
              help="Judge by the snapshot that the verdict names, as this log (URL or folder) has it.")
@click.option("--key", metavar="KEY", help="With --log: the log's verifier key, or a file with it.")
@click.option("--published", metavar="URL",
              help="With --log: where the registry is.  [default: the log's address without /log]")
def replay(verdict: str, capture: str, registry_paths: tuple[str, ...], config_path: str | None, log: str | None,
           key: str | None, published: str | None) -> int:
    """Compute a verdict again and say whether it stands.

    VERDICT.json holds one line of `licet scan --format jsonl`, or is - for standard input. The capture is scanned
    again and judged as of the verdict's own time; family, grade, verdict, registration, evidence and the digests of
    registry and rules are compared.

    \b
      licet scan office.pcap --registry registry.toml --format jsonl | head -1 > verdict.json
      licet replay verdict.json office.pcap --registry registry.toml
      licet replay verdict.json office.pcap --log https://registry.example.net/log --key log.key

    Exit status: 0 it stands, 3 an input cannot be read, 4 it does not stand, or not what was published, 5 the log or
    the registry cannot be reached.
    """
    import tempfile

    from licet.app.replay import load_claim
    from licet.app.replay import replay as compute_again
    from licet.app.replay_text import replay_text
    from licet.app.report.terminal import text_width, write_text
    from licet.app.scan import open_registries

    if verdict == capture == "-":
        raise click.UsageError("VERDICT.json and CAPTURE cannot both be standard input")
    if (log is None) is not (key is None) or (published is not None and log is None):
        raise click.UsageError("--log and --key go together, and --published with them")
    claim = load_claim(verdict)
    config = None
    if config_path is not None:
        from licet.app.config import load_config

        config = load_config(config_path)
    with tempfile.TemporaryDirectory(prefix="licet-") as folder:
        if log is not None and key is not None:
            path = os.path.join(folder, "logged.snapshot")
            with open(path, "wb") as file:
                file.write(_logged(claim, log, key, published))
            registry_paths = (*registry_paths, path)
        outcome = compute_again(claim, [capture], open_registries(registry_paths, config), config)
    write_text(replay_text(outcome, text_width(sys.stdout)), sys.stdout)
    return 0 if outcome.stands else 4


def _logged(claim: Claim, log: str, key: str, published: str | None) -> bytes:
    """The snapshot that a verdict names, from the log."""
    if claim.serial is None:
        raise BadInput("the verdict names no numbered snapshot: give its registry with --registry")
    try:
        from licet.app.log import make_trust
        from licet.app.published.logged_snapshot import fetch_logged_snapshot
    except ImportError as error:
        raise BadInput(f"this needs a package that is not installed ({error.name}): pip install 'licet[log]'") from None
    return fetch_logged_snapshot(log, make_trust(key), claim.serial, published)
