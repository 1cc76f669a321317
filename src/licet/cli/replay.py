"""`licet replay`: does a verdict stand when it is computed again?"""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("verdict", metavar="VERDICT.json")
@click.argument("capture", metavar="CAPTURE")
@click.option("--registry", "registry_paths", multiple=True, metavar="FILE",
              help="The registry that the verdict was judged by; may be repeated.")
@click.option("--config", "config_path", metavar="FILE", help="The licet.toml that it was judged with, if any.")
def replay(verdict: str, capture: str, registry_paths: tuple[str, ...], config_path: str | None) -> int:
    """Compute a verdict again and say whether it stands.

    VERDICT.json holds one line of `licet scan --format jsonl`, or is - for standard input. The capture is scanned
    again and judged as of the verdict's own time; family, grade, verdict, registration, evidence and the digests of
    registry and rules are compared.

    \b
      licet scan office.pcap --registry registry.toml --format jsonl | head -1 > verdict.json
      licet replay verdict.json office.pcap --registry registry.toml

    Exit status: 0 it stands, 3 an input cannot be read, 4 it does not stand.
    """
    from licet.app.replay import load_claim
    from licet.app.replay import replay as compute_again
    from licet.app.replay_text import replay_text
    from licet.app.report.terminal import text_width, write_text
    from licet.app.scan import open_registries

    if verdict == capture == "-":
        raise click.UsageError("VERDICT.json and CAPTURE cannot both be standard input")
    claim = load_claim(verdict)
    config = None
    if config_path is not None:
        from licet.app.config import load_config

        config = load_config(config_path)
    outcome = compute_again(claim, [capture], open_registries(registry_paths, config), config)
    write_text(replay_text(outcome, text_width(sys.stdout)), sys.stdout)
    return 0 if outcome.stands else 4
