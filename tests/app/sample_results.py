"""Results built by hand for the tests of every output: one of each verdict, family, class and awkward case."""

from __future__ import annotations

from dataclasses import replace

from licet.app.results import CaptureReport, JudgedTunnel, ScanResult
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.model.evidence import CERTAIN, LIKELY, Evidence, Step
from licet.model.family import FAMILIES
from licet.model.tunnel import Timeline, Tunnel
from licet.model.verdict import CONFLICT, REGISTERED, UNDETERMINED, UNREGISTERED, SnapshotRef, Verdict

START_NS = 1_772_366_400_000_000_000  # 2026-03-01T12:00:00Z
SECOND_NS = 1_000_000_000
SNAPSHOT = SnapshotRef(12, "sha256:" + "3f" * 32)
POLICY = "sha256:" + "a7" * 32
CAPTURE = "office.pcap"


def step(packet: int, seconds: float, forward: bool, name: str, length: int, **more: object) -> Step:
    """One message; the server end is the one that did not begin unless `to_server` says otherwise."""
    to_server = more.pop("to_server", forward)
    return Step(packet, START_NS + int(seconds * SECOND_NS), forward, to_server, name, length, **more)  # type: ignore[arg-type]


def evidence(
    family: str, rule: str, link: str | None, *steps: Step, grade: str = CERTAIN, variant: str | None = None
) -> Evidence:
    return Evidence(family, variant, grade, rule, link, tuple(one.packet for one in steps), steps)


WIREGUARD = evidence(
    "wireguard", "wireguard/handshake@1", "receiver-index",
    step(1, 0, True, "handshake initiation", 148),
    step(2, 0.0213, False, "handshake response", 92, echoes=1, value="sender index"),
    step(3, 0.0309, True, "transport data", 32, echoes=2, value="sender index"),
)
OPENVPN = evidence(
    "openvpn", "openvpn/hard-reset@1", "session-id",
    step(11, 3.5, True, "hard reset from client", 54),
    step(12, 3.521, False, "hard reset from server", 66, echoes=11, value="session id"),
    variant="tls-auth",
)
IKE = evidence(
    "ipsec-ike", "ike/exchange@1", "spi-pair",
    step(40, 9, True, "IKE_SA_INIT request", 464),
    step(41, 9.08, False, "IKE_SA_INIT response", 472, echoes=40, value="initiator SPI"),
    step(42, 9.2, True, "IKE_AUTH request", 368, echoes=41, value="responder SPI"),
    variant="ikev2",
)
ESP = evidence(
    "ipsec-esp", "esp/protocol@1", "ip-protocol-number",
    step(50, 10, True, "ESP", 120, to_server=None), step(51, 10.5, False, "ESP", 120, to_server=None), grade=LIKELY,
)
PPTP = evidence(
    "pptp", "pptp/control@1", "start-control-reply",
    step(60, 12, True, "Start-Control-Connection-Request", 156),
    step(61, 12.04, False, "Start-Control-Connection-Reply", 156, echoes=60, value="request"),
)
GRE = evidence(
    "gre", "gre/protocol@1", "ip-protocol-number", step(70, 13, True, "GRE", 88, to_server=None), grade=LIKELY,
)
AH = evidence("ipsec-ah", "ah/ike-link@1", "ike-of-same-pair", step(80, 14, True, "AH", 100))
EVIDENCE = {one.family: one for one in (WIREGUARD, OPENVPN, IKE, ESP, PPTP, GRE, AH)}


def make_tunnel(server: str | None, found: Evidence, **changes: object) -> Tunnel:
    """A tunnel at `192.0.2.10:51820/udp` or the like, with plausible counts."""
    endpoint: Endpoint | None = parse_endpoint(server) if server else None
    known = FAMILIES.get(found.family)
    tunnel = Tunnel(
        CAPTURE, endpoint, endpoint.transport if endpoint else "udp", found.family, found.variant,
        known.tunnel_class if known else "vpn", found.grade, "client" if found.grade == CERTAIN else None,
        2, 3, 1204, 988_112, START_NS, START_NS + 600 * SECOND_NS, (found,),
    )
    tunnel = tunnel._replace(**changes)  # type: ignore[arg-type]
    return tunnel._replace(timeline=spread(tunnel.bytes, len(found.rule)))


def spread(size_bytes: int, seed: int) -> Timeline:
    """Sixty columns of ten seconds that add up to the size, uneven but always the same."""
    weights = [1 + (i * seed * 7919 + i * i * 31) % 23 + (40 if 20 < (i + seed) % 60 < 34 else 0) for i in range(60)]
    parts = [size_bytes * weight // sum(weights) for weight in weights]
    return Timeline(START_NS, 10, (size_bytes - sum(parts[1:]), *parts[1:]))


def judge(tunnel: Tunnel, word: str, reason: str = "", title: str = "", **changes: object) -> JudgedTunnel:
    verdict = Verdict(
        word, reason or f"This is the reason for {word}.", "SVC-7F3K" if word in (REGISTERED, CONFLICT) else None,
        (), tunnel.last_seen_ns, SNAPSHOT, POLICY,
    )
    operator = "Example Logistics" if title else ""
    return JudgedTunnel(tunnel, verdict._replace(**changes), title, operator)  # type: ignore[arg-type]


def make_report(**changes: object) -> CaptureReport:
    report = CaptureReport(
        CAPTURE, None, 12_048, 377, 25_881_120, {"not IP": 9, "truncated": 3}, {"flows": 0},
        spread(25_881_120, 11),
    )
    return replace(report, **changes)  # type: ignore[arg-type]


def make_result(*tunnels: JudgedTunnel, **changes: object) -> ScanResult:
    return replace(ScanResult(tunnels, (make_report(),), 0.41), **changes)  # type: ignore[arg-type]


def full_result() -> ScanResult:
    """Every verdict, every family, both classes with an address, IPv6 in full length, a name in another script."""
    tunnels = full_tunnels()
    rest = spread(17_281_120, 11).bytes
    columns = tuple(rest[i] + sum(judged.tunnel.timeline.bytes[i] for judged in tunnels) for i in range(60))
    return make_result(*tunnels, captures=(make_report(bytes=sum(columns), timeline=Timeline(START_NS, 10, columns)),))


def full_tunnels() -> tuple[JudgedTunnel, ...]:
    return (
        judge(make_tunnel("192.0.2.10:51820/udp", WIREGUARD), REGISTERED, title="Staff remote access"),
        judge(
            make_tunnel("192.0.2.11:1194/udp", OPENVPN, bytes=4_188_112, clients=31), REGISTERED,
            title="Werkzeugbau Müller – Fernzugriff",
        ),
        judge(
            make_tunnel("192.0.2.12:500/udp", IKE, bytes=28_112), CONFLICT,
            "192.0.2.12 is registered as SVC-7F3K for openvpn on port 1194, not for IKE (IPsec) on port 500.",
        ),
        judge(make_tunnel("198.51.100.7:443/udp", WIREGUARD, bytes=2_400_000, clients=1204), UNREGISTERED),
        judge(make_tunnel("198.51.100.9:1723/tcp", PPTP, bytes=0), UNREGISTERED),
        judge(make_tunnel("198.51.100.20/esp", ESP), UNDETERMINED, "The grade is likely, not certain."),
        judge(make_tunnel("198.51.100.21/gre", GRE), UNDETERMINED, "GRE is carriage, not by itself a VPN."),
        judge(make_tunnel("198.51.100.22/ah", AH), UNREGISTERED),
        judge(
            make_tunnel("[2001:db8:1111:2222:3333:4444:5555:6666]:51820/udp", WIREGUARD), REGISTERED,
            title="東京支社リモートアクセスサービス（全社員向け）",
            informs=("registered with the national register as SVC-9A1B, not on this network's register",),
        ),
    )


HOSTILE_NAME = "\x1b[2J\x1b]0;owned\x07<script>alert('x')</script>\u202egnp.exe\r\n=1+1" + "x" * 300


def hostile_result() -> ScanResult:
    """Names and paths that attack a terminal, a page and a spreadsheet."""
    capture = "=cmd|'/c calc'!A0\x1b[31m\udc80" + "y" * 200
    nasty = WIREGUARD._replace(rule="wireguard/<b>@1", variant="\x1b[0m<i>" + "v" * 80)
    return make_result(
        judge(
            make_tunnel("192.0.2.10:51820/udp", nasty, capture=capture), CONFLICT, HOSTILE_NAME, HOSTILE_NAME,
            registration="-SVC" + "z" * 200, informs=(HOSTILE_NAME,),
        ),
        captures=(make_report(path=capture, problem=HOSTILE_NAME, skipped={HOSTILE_NAME: 2}),),
        notes=(HOSTILE_NAME,),
    )
