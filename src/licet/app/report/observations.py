"""Windows of a watch as objects, `licet.observation/1`: one a row of JSON or Parquet (docs/formats.md).

kind `window`: what was read, and what was lost, in one window of one interface; `tunnel`: a tunnel in it, with its
verdict; `other`: what else the server of a tunnel served, not looked at; `transport`: all flows of a transport.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from licet import __version__
from licet.app.report.jsonl import tunnel_object
from licet.app.results import JudgedTunnel
from licet.app.watch.judging import JudgedWindow
from licet.app.watch.window import Other, Window
from licet.model.canonical import Json, time_text

SCHEMA = "licet.observation/1"


def observations(judged: JudgedWindow, sensor: str) -> Iterator[dict[str, Json]]:
    """The rows of a window, itself first. sensor: the name under which this machine watches."""
    window = judged.window
    yield _row("window", window, sensor, lost=window.lost, vlanTagged=window.tagged, skipped=_counts(window.skipped),
               evicted=_counts(window.evicted), problem=window.problem, flows=window.flows, packets=window.packets,
               bytes=window.bytes)
    for tunnel in judged.tunnels:
        yield _row("tunnel", window, sensor, **_tunnel(tunnel))
    for other in window.others:
        yield _row("other", window, sensor, **_other(other))
    for transport, (flows, packets, size) in sorted(window.transports.items()):
        yield _row("transport", window, sensor, endpoint={"address": None, "transport": transport, "port": None},
                   flows=flows, packets=packets, bytes=size)


def _row(kind: str, window: Window, sensor: str, **members: Json) -> dict[str, Json]:
    """What every row says first."""
    return {
        "schema": SCHEMA, "kind": kind, "sensor": sensor, "interface": window.interface,
        "windowStart": time_text(window.start_ns),
        # Whole seconds, but where a watch began or ended inside a window.
        "windowMilliseconds": (window.end_ns - window.start_ns) // 1_000_000,
        **members,
    }


def _tunnel(judged: JudgedTunnel) -> dict[str, Json]:
    """The members of `licet.tunnel/1` under the names that observations have."""
    tunnel = tunnel_object(judged)
    names = {"family": "tunnelProtocol", "first_seen": "firstSeen", "last_seen": "lastSeen", "judged_at": "judgedAt"}
    left_out = ("schema", "capture", "transport", "address", "port")
    endpoint: Json = {name: tunnel[name] for name in ("address", "transport", "port")}
    rest = {names.get(name, name): value for name, value in tunnel.items() if name not in left_out}
    return {"endpoint": endpoint, **rest, "classifierVersion": __version__}


def _other(other: Other) -> dict[str, Json]:
    endpoint = other.endpoint
    return {
        "endpoint": {"address": endpoint.address, "transport": endpoint.transport, "port": endpoint.port},
        "tunnelProtocol": "other", "clients": other.clients, "flows": other.flows, "packets": other.packets,
        "bytes": other.bytes,
    }


def _counts(counts: Mapping[str, int]) -> dict[str, Json]:
    return dict(counts)
