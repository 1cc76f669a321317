"""Lines that are `only_listed`: which ends are listed, and that what is not listed leaves nothing behind."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.flow.engine import has_kernel
from licet.flow.kernel import Kernel
from licet.flow.listed import Listed, Network, span_of
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.table import FlowTable, Limits
from licet.model.sieve import TRANSPORTS
from support.engines import NO_KERNEL, of_packets, outcome, sieves_for
from support.packets import CLIENT, SERVER, SERVER6, START_NS
from support.vectors import all_vectors, load_vectors, records

ENGINES = [
    pytest.param(False, id="kernel", marks=pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)),
    pytest.param(True, id="twin"),
]
CAPTURES = sorted((Path(__file__).parent.parent / "captures").glob("*.pcap"))
TIGHT = Limits(flows=12, matched=4, candidates=5, messages=24, streams=3)

Row = tuple[Network, str | None, int | None]


def network(text: str) -> Network:
    return ipaddress.ip_network(text)


def only(*texts: str, transport: str | None = None, port: int | None = None) -> Listed:
    return Listed(span_of(network(text), transport, port) for text in texts)


# So few addresses that prefixes nest, touch and hold what is asked for.
ADDRESSES = [
    *(ipaddress.ip_address("198.51.100.0") + low for low in range(8)),
    *(ipaddress.ip_address("2001:db8::") + low for low in range(8)),
    *(ipaddress.ip_address("::ffff:198.51.100.0") + low for low in range(3)),
    ipaddress.ip_address("::"), ipaddress.ip_address("0.0.0.0"), ipaddress.ip_address("255.255.255.255"),
    ipaddress.ip_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]
PORTS = (0, 1, 1194, 51_820, 65_535)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    address = draw(st.sampled_from(ADDRESSES))
    length = address.max_prefixlen - draw(st.sampled_from((0, 0, 0, 1, 2, 3, address.max_prefixlen)))
    prefix = ipaddress.ip_network((address, length), strict=False)
    return prefix, draw(st.sampled_from((None, *TRANSPORTS))), draw(st.sampled_from((None, *PORTS)))


def naive(listed: list[Row], address: ipaddress.IPv4Address | ipaddress.IPv6Address, transport: str, port: int) -> bool:
    """An IPv4-mapped address is the IPv4 address: no packet on the wire has one."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(
        _holds(prefix, address) and wanted in (None, transport) and number in (None, port)
        for prefix, wanted, number in listed
    )


def _holds(prefix: Network, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(prefix, ipaddress.IPv6Network) and isinstance(address, ipaddress.IPv4Address):
        address = ipaddress.ip_address((0xFFFF << 32) | int(address))
        assert isinstance(address, ipaddress.IPv6Address)
    elif isinstance(prefix, ipaddress.IPv4Network) and isinstance(address, ipaddress.IPv6Address):
        return False
    return address in prefix


@given(
    st.lists(rows(), max_size=12), st.sampled_from(ADDRESSES), st.sampled_from(TRANSPORTS), st.sampled_from(PORTS)
)
def test_what_is_listed_is_what_a_naive_look_up_finds(
    listed: list[Row], address: ipaddress.IPv4Address | ipaddress.IPv6Address, transport: str, port: int
) -> None:
    found = Listed(span_of(*row) for row in listed).has(address.packed, transport, port)
    assert found is naive(listed, address, transport, port)


def test_a_wide_prefix_behind_many_narrow_ones_is_still_found() -> None:
    """The search goes back no further than something before it reaches; a prefix that holds all others reaches."""
    narrow = [span_of(network(f"10.0.{low}.0/24"), "udp", 1) for low in range(200)]
    listed = Listed([*narrow, span_of(network("10.0.0.0/8"), "tcp", None)])
    end = ipaddress.ip_address("10.200.0.1").packed
    assert listed.has(end, "tcp", 443)
    assert not listed.has(end, "udp", 1)
    assert not listed.has(ipaddress.ip_address("11.0.0.0").packed, "tcp", 443)


def packets_of(file: str, name: str, **ends: str) -> list[Record]:
    return list(records(next(vector for vector in load_vectors(file) if vector.name == name), **ends))


# A conversation of each transport, with the port of its server.
CONVERSATIONS = [
    ("wireguard", "handshake", "udp", 51_820), ("openvpn", "tcp-plain", "tcp", None), ("esp", None, "esp", None),
]


def conversation(file: str, name: str | None, **ends: str) -> list[Record]:
    if name is not None:
        return packets_of(file, name, **ends)
    positive = next(one for one in load_vectors(file) if one.expect is not None and one.transport == "esp")
    return list(records(positive, **ends))


@pytest.mark.parametrize("twin", ENGINES)
@pytest.mark.parametrize(("server", "wide"), [(SERVER, "198.51.100.0/24"), (SERVER6, "2001:db8:b::/48")])
@pytest.mark.parametrize(("file", "name", "transport", "port"), CONVERSATIONS)
def test_a_listed_end_is_looked_at_and_any_other_is_not(
    file: str, name: str | None, transport: str, port: int | None, server: str, wide: str, twin: bool
) -> None:
    client = CLIENT if server == SERVER else "2001:db8:a::11"
    packets = conversation(file, name, client=client, server=server)
    everywhere = of_packets(packets, Limits(), twin=twin)
    assert everywhere[1], "no candidate: the test would hold nothing"
    for listed in (only(server), only(wide), only(server, transport=transport, port=port), only(client)):
        assert of_packets(packets, Limits(), twin=twin, listed=listed) == everywhere
    others = [only("203.0.113.1"), only(server, transport="ah"), Listed()]
    if port is not None:
        others.append(only(server, transport=transport, port=port + 1))
    for listed in others:
        counts, found = of_packets(packets, Limits(), twin=twin, listed=listed)
        assert found == []
        assert counts == everywhere[0], "what is not looked at is counted all the same"


@pytest.mark.parametrize("twin", ENGINES)
def test_what_is_not_listed_takes_no_room_from_what_is(twin: bool) -> None:
    """Streams, messages and flows that hold something are few; a thousand conversations that are not listed take none
    of them, and the listed one behind them is found."""
    limits = Limits(flows=5_000, matched=2, candidates=2, messages=24, streams=2)
    crowd: list[Record] = []
    for number in range(300):
        ends = {"client": f"192.0.2.{number % 250 + 1}", "server": f"203.0.113.{number % 250 + 1}"}
        crowd += packets_of("openvpn", "tcp-plain", **ends) + packets_of("wireguard", "handshake", **ends)
    packets = [*crowd, *packets_of("openvpn", "tcp-plain"), *packets_of("wireguard", "handshake")]
    packets = [packet._replace(ordinal=number) for number, packet in enumerate(packets, 1)]
    counts, found = of_packets(packets, limits, twin=twin, listed=only(SERVER))
    assert counts[-1] == {}, "something was evicted"
    assert len(found) == 2
    assert of_packets(packets, limits, twin=twin)[0][-1], "without the list, room runs out: the test would hold nothing"


@pytest.mark.parametrize("twin", ENGINES)
def test_no_byte_of_a_stream_that_is_not_listed_is_kept(twin: bool) -> None:
    """Where nothing may be looked at, no room for a stream is even asked for."""
    limits = Limits(streams=0)  # whoever asks for a stream is refused, and that is counted

    def refused(listed: Listed) -> int:
        if twin:
            table = FlowTable(sieves_for(listed), limits, listed)
            for packet in packets_of("openvpn", "tcp-plain"):
                table.add(packet)
            list(table.candidates())
            return table.counts.evicted["streams"]
        kernel = Kernel(ReadySieves(sieves_for(listed)), limits, listed=listed)
        for packet in packets_of("openvpn", "tcp-plain"):
            kernel.add(*packet)
        return kernel.counts()[-1].get("streams", 0)

    assert refused(only(SERVER)) > 0
    assert refused(only("203.0.113.1")) == 0


# Kernel and twin.

PACKETS = [
    packet for number, vector in enumerate(all_vectors())
    for packet in records(
        vector, client=f"192.0.2.{number % 200 + 1}", server=f"198.51.100.{number % 16}", cut_bytes=40
    )
]
SOME = st.lists(
    st.tuples(
        st.sampled_from(["198.51.100.0/28", "198.51.100.4/30", "198.51.100.7", "198.51.100.9", "192.0.2.16/28",
                         "::/0", "0.0.0.0/0", "2001:db8::/32", "203.0.113.0/24"]),
        st.sampled_from((None, *TRANSPORTS)), st.sampled_from((None, 500, 1194, 1723, 51_820)),
    ),
    max_size=6,
)


@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
@given(SOME, st.lists(st.tuples(st.integers(0, len(PACKETS) - 1), st.integers(0, 2**40)), max_size=200))
def test_kernel_and_twin_look_at_the_same_under_every_bound(
    chosen: list[tuple[str, str | None, int | None]], order: list[tuple[int, int]]
) -> None:
    listed = Listed(span_of(network(text), transport, port) for text, transport, port in chosen)
    packets = [PACKETS[index]._replace(ordinal=number, time_ns=START_NS + later)
               for number, (index, later) in enumerate(order, 1)]
    for limits in (TIGHT, Limits()):
        by_kernel = of_packets(packets, limits, twin=False, listed=listed)
        assert by_kernel == of_packets(packets, limits, twin=True, listed=listed)


@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_every_own_capture_gives_the_same_with_some_ends_listed(path: Path) -> None:
    chance = random.Random(path.stem)
    data = path.read_bytes()
    for listed in (Listed(), only("198.51.100.0/24", "2001:db8:b::/64"), only(f"198.51.100.{chance.choice((10, 20))}")):
        for limits in (None, TIGHT):
            by_kernel = outcome(data, twin=False, limits=limits, listed=listed)
            assert by_kernel == outcome(data, twin=True, limits=limits, listed=listed)
