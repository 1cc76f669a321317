"""Random registries with everything that makes a look-up hard, a look-up that tries every record, and damage."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from licet.model.registration import Record
from licet.snapshot import Snapshot
from licet.snapshot.form import Header, read_header, write_form
from licet.snapshot.index import Index, Tie, build_columns, pack_index
from licet.snapshot.lines import read_lines, slices, whole_lines
from licet.snapshot.mapped import MappedLookup, MappedRecords, MappedSnapshot
from licet.snapshot.record_line import sort_key

UNTIL_NS = 1_800_000_000 * 1_000_000_000

# A few starts, so that networks nest, touch and repeat; and both ends of both kinds of addresses.
_V4_STARTS = tuple(int(ipaddress.IPv4Address(text)) for text in (
    "0.0.0.0", "0.0.0.1", "10.0.0.0", "10.0.1.0", "192.0.2.0", "223.255.255.255", "240.0.0.0", "255.255.255.255"))
_V6_STARTS = tuple(int(ipaddress.IPv6Address(text)) for text in (
    "::", "::1", "::1:0:0:0", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::", "fe80::1",
    "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))
NAMES = ("vpn.example.net", "a.example.net", "b.example.com")
HANDLES = ("SVC-7F3K", "SVC-0001", "SVC-0002", "AB-ZZ")


def _numbers(starts: Sequence[int], bits: int) -> st.SearchStrategy[int]:
    near = st.tuples(st.sampled_from(starts), st.integers(-3, 300)).map(lambda p: sum(p) % (1 << bits))
    return near | st.integers(0, (1 << bits) - 1)


v4_addresses = _numbers(_V4_STARTS, 32).map(ipaddress.IPv4Address)
v6_addresses = _numbers(_V6_STARTS, 128).map(ipaddress.IPv6Address).filter(lambda a: a.ipv4_mapped is None)
v4_lengths = st.sampled_from((8, 9, 16, 24, 25, 30, 31, 32, 32, 32, 32))
v6_lengths = st.sampled_from((16, 17, 32, 64, 65, 96, 127, 128, 128, 128, 128))
networks = st.one_of(
    st.tuples(v4_addresses, v4_lengths).map(lambda p: ipaddress.IPv4Network((int(p[0]), p[1]), strict=False)),
    st.tuples(v6_addresses, v6_lengths).map(lambda p: ipaddress.IPv6Network((int(p[0]), p[1]), strict=False)),
)


def network_text(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str | None:
    """As a snapshot writes it; None for what it cannot hold."""
    address = network.network_address
    if getattr(address, "ipv4_mapped", None) is not None:
        return None
    if network.num_addresses > 1:
        return str(network)
    return None if address.is_multicast or address.is_unspecified else str(address)


network_texts = networks.map(network_text).filter(lambda text: text is not None)


@st.composite
def _endpoints(draw: st.DrawFn) -> Record:
    transport = draw(st.sampled_from((None, "udp", "tcp")))
    port = None if transport is None else draw(st.sampled_from((1, 443, 51820, 65535)))
    return Record(draw(network_texts), transport, port, draw(st.sampled_from(("openvpn", "ipsec"))), None,
                  draw(st.none() | st.sampled_from(NAMES)), draw(st.sampled_from(HANDLES)), "ok", 0, UNTIL_NS)


_keys = st.builds(
    lambda number, handle: Record(None, None, None, "wireguard", mac1_key_of(number).hex(), None, handle, "ok", 0,
                                  UNTIL_NS),
    st.integers(0, 5), st.sampled_from(HANDLES))

record_lists = st.lists(_endpoints() | _keys, max_size=30, unique_by=sort_key)
addresses = v4_addresses | v6_addresses


def mac1_key_of(number: int) -> bytes:
    """A mac1 key that registries may hold."""
    return hashlib.blake2s(b"mac1----" + bytes([number]) * 32).digest()


def naive_at(records: Sequence[Record], address: str) -> list[Record]:
    """Every record that holds an address, by trying each: the longest prefix first, then in the order of lines."""
    wanted = ipaddress.ip_address(address)
    found = []
    for record in sorted(records, key=sort_key):
        if record.address is not None:
            network = ipaddress.ip_network(record.address)
            if network.version == wanted.version and wanted in network:
                found.append((-network.prefixlen, record))
    return [record for _, record in sorted(found, key=lambda pair: pair[0])]


def index_bytes(form: bytes) -> bytes:
    """The index of a canonical form, as its file holds it."""
    start = form.index(b"\n") + 1
    columns = build_columns(read_lines("feed", whole_lines(slices(form, start))), start)
    return b"".join(pack_index(columns, Tie(hashlib.sha256(form).digest(), len(form), 1, 2, 3)))


def mapped(records: Sequence[Record], damage: Callable[[bytes], bytes] = lambda raw: raw) -> Snapshot:
    """A snapshot of records that is looked up by its index, as it is or damaged. Raises DamagedIndex where that shows
    at once; later, the sound index takes its place."""
    form = write_form(Header(serial=1), records)
    sound = index_bytes(form)
    index = Index(memoryview(damage(sound)))
    snapshot = MappedSnapshot(index, lambda start, end: form[start:end], lambda: Index(memoryview(sound)))
    header, _ = read_header("feed", form[: form.index(b"\n")])
    return Snapshot.from_index(header, f"sha256:{index.tie.digest.hex()}", MappedRecords(snapshot),
                               MappedLookup(snapshot))
