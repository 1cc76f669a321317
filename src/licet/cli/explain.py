"""`licet explain`: why one tunnel got its verdict."""

from __future__ import annotations

import sys

import click

from licet.cli.options import registry_options, say_if_stale


@click.command()
@click.argument("capture", metavar="CAPTURE")
@click.argument("endpoint_text", metavar="ADDRESS:PORT/TRANSPORT")
@registry_options
@click.option("--find", "is_find", is_flag=True,
              help="Print queries for your own logs (tcpdump, nfdump, Zeek, Suricata) instead. None is run.")
def explain(
    capture: str, endpoint_text: str, registry_paths: tuple[str, ...], config_path: str | None, at_ns: int | None,
    is_find: bool,
) -> int:
    """Say in words why a tunnel got its verdict.

    Shows the packets that the verdict rests on as a ladder, the rule and the registration that decided, what would
    change it, and what cannot be known from the wire.

    \b
      licet explain office.pcap 192.0.2.10:51820/udp --registry registry.toml
      licet explain office.pcap 192.0.2.20/esp

    Exit status: 0 done, 3 no such tunnel, or the capture could not be read to its end.
    """
    from licet.app.explain import explain as explanation
    from licet.app.explain import find_tunnels
    from licet.app.queries import queries_text
    from licet.app.report.progress import open_progress
    from licet.app.report.summary import diagnostic_lines
    from licet.app.report.terminal import text_width, write_text
    from licet.app.scan import open_registries, scan
    from licet.capture.open import stored_bytes
    from licet.errors import Malformed
    from licet.model.endpoint import parse_endpoint

    try:
        endpoint = parse_endpoint(endpoint_text)
    except Malformed as error:
        raise click.BadParameter(str(error), param_hint="ADDRESS:PORT/TRANSPORT") from None
    config = None
    if config_path is not None:
        from licet.app.config import load_config

        config = load_config(config_path)
    registries = open_registries(registry_paths, config)
    say_if_stale(registry_paths, config)
    with open_progress(stored_bytes([capture])) as progress:
        result = scan([capture], registries=registries, config=config, at_ns=at_ns, progress=progress)
    tunnels = find_tunnels(result, endpoint)
    if is_find:
        write_text(queries_text(endpoint, tunnels[0].tunnel.capture), sys.stdout)
    else:
        width = text_width(sys.stdout)
        write_text("\n".join(explanation(judged, width) for judged in tunnels), sys.stdout)
    sys.stdout.flush()
    for line in diagnostic_lines(result):
        click.echo(line, err=True)
    return 3 if any(report.problem for report in result.captures) else 0
