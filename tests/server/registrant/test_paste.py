"""What can be read out of what somebody pastes, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Refused
from licet.server.registrant.paste import Pasted, PrivateKeyPasted, read_pasted
from server.world import key

KEY, OTHER = key("paste"), key("paste other")

CLIENT = f"""
[Interface]
Address = 10.9.0.2/32
DNS = 10.9.0.1

[Peer]  # the office
PublicKey = {KEY}
AllowedIPs = 0.0.0.0/0
Endpoint = vpn.example.net:51820
PersistentKeepalive = 25
"""
SERVER = f"""
[Interface]
ListenPort = 51821

[Peer]
PublicKey = {KEY}
AllowedIPs = 10.9.0.2/32

[Peer]
PublicKey = {OTHER}
AllowedIPs = 10.9.0.3/32
"""


@pytest.mark.parametrize(("text", "found"), [
    ("192.0.2.10:51820/udp", Pasted("192.0.2.10", "", 51820, "udp", "wireguard")),
    ("192.0.2.10:1194/udp openvpn", Pasted("192.0.2.10", "", 1194, "udp", "openvpn")),
    ("192.0.2.10:1194/udp", Pasted("192.0.2.10", "", 1194, "udp", "")),
    ("[2001:db8::10]:1194/TCP OpenVPN", Pasted("2001:db8::10", "", 1194, "tcp", "openvpn")),
    ("2001:DB8:0::10", Pasted("2001:db8::10")),
    ("192.0.2.10/esp ipsec-esp", Pasted("192.0.2.10", "", None, "esp", "ipsec-esp")),
    ("  192.0.2.10 \n", Pasted("192.0.2.10")),
    ("VPN.Example.net", Pasted("", "vpn.example.net")),
    ("vpn.example.net:51820", Pasted("", "vpn.example.net", 51820, "udp", "wireguard")),
    ("192.0.2.10:443/tcp sstp vpn.example.net", Pasted("192.0.2.10", "vpn.example.net", 443, "tcp", "sstp")),
    (KEY, Pasted(transport="udp", protocol="wireguard", public_key=KEY)),
    (f"wireguard:{KEY}", Pasted(transport="udp", protocol="wireguard", public_key=KEY)),
    (f"192.0.2.10:443/udp {KEY}", Pasted("192.0.2.10", "", 443, "udp", "wireguard", KEY)),
    (f"PublicKey = {KEY}", Pasted(transport="udp", protocol="wireguard", public_key=KEY)),
    (CLIENT, Pasted("", "vpn.example.net", 51820, "udp", "wireguard", KEY)),
    (SERVER, Pasted(port=51821, transport="udp", protocol="wireguard")),
])
def test_what_is_read(text: str, found: Pasted) -> None:
    assert read_pasted(text) == found


def test_the_keys_of_a_servers_clients_are_not_taken() -> None:
    assert KEY not in repr(read_pasted(SERVER))
    assert OTHER not in repr(read_pasted(SERVER))


@pytest.mark.parametrize("text", [
    "", "   \n# only a remark", "192.0.2.0/24", "192.0.2.10:0", "192.0.2.10:99999/udp", "192.0.2.300", "localhost",
    "nonsense", "192.0.2.10 192.0.2.11", f"{KEY} {OTHER}", "[Peer]\nAllowedIPs = 0.0.0.0/0",
    "[Interface]\nDNS = 192.0.2.53",
    f"{CLIENT}{CLIENT.replace('51820', '51821')}", "[Peer]\nEndpoint = 192.0.2.10:51820\nPublicKey = short",
    "192.0.2.10:51820/sctp", "x" * 9_000, "\n" * 300 + "192.0.2.10", "192.0.2.10%eth0", "http://192.0.2.10/",
])
def test_what_is_refused_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_pasted(text)
    assert not isinstance(refused.value, PrivateKeyPasted)
    assert len(str(refused.value)) > 20
    assert refused.value.field == "pasted"


@pytest.mark.parametrize("name", [
    "PrivateKey", "privatekey", "PRIVATEKEY", "Private Key", "private-key", "private_key", "PresharedKey",
    "-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----",
])
def test_a_private_key_stops_everything(name: str) -> None:
    for text in (f"{name} = {KEY}", f"192.0.2.10:51820/udp\n{name}={KEY}", f"{CLIENT}\n{name}: {KEY}"):
        with pytest.raises(PrivateKeyPasted) as refused:
            read_pasted(text)
        assert KEY not in str(refused.value)
        assert KEY not in repr(refused.value.__dict__)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Refused):
        found = read_pasted(text)
        assert found.address or found.name or found.public_key or found.port or found.protocol or found.transport


@given(st.lists(st.sampled_from([
    "[Peer]", "[Interface]", f"PublicKey = {KEY}", "Endpoint = 192.0.2.10:51820", "Endpoint = [::1", "ListenPort = 0",
    "ListenPort = 51820", "=", "[peer]", "PublicKey =", "Endpoint = a.b:1", "wireguard", "udp", "192.0.2.10",
]), max_size=8))
def test_any_mixture_of_lines_is_read_or_refused(lines: list[str]) -> None:
    with suppress(Refused):
        found = read_pasted("\n".join(lines))
        assert found.public_key in ("", KEY)
