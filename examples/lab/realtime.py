"""Ordinary UDP that looks a little like a tunnel: DTLS, SIP with RTP, STUN and TURN. All of it by real programs."""

from __future__ import annotations

from lab.certificates import make_authority, make_identity
from lab.network import Network, Node
from lab.ordinary import listens
from lab.process import wait_until

PROGRAMS = {
    "openssl": "openssl",
    "sipp": "sip-tester",
    "turnserver": "coturn",
    "turnutils_stunclient": "coturn",
    "turnutils_uclient": "coturn",
}

# G.711, A-law: 8000 samples a second; 0xD5 is silence.
_SILENCE = b"\xd5"
_SAMPLES_PER_S = 8000


def speak_dtls(network: Network, client: Node, server: Node, port: int = 4433) -> None:
    """A DTLS 1.2 handshake and some lines both ways, with openssl's own server and client."""
    folder = network.work_folder("dtls")
    own = make_identity(folder, make_authority(folder), "www.example.net")
    place = f"{server.v4}:{port}"
    # Both ends speak what they read: a line every 0.3 s.
    serve = f"openssl s_server -dtls1_2 -accept {place} -cert {own.certificate} -key {own.key} -quiet"
    ask = f"openssl s_client -dtls1_2 -connect {place} -quiet"
    with network.program(server, "sh", "-c", f"(while sleep 0.3; do echo answer; done) | {serve}") as process:
        wait_until(lambda: listens(network, server, f":{port}"), f"openssl to listen on {port}", process=process)
        lines = "for i in 1 2 3 4; do sleep 0.3; echo question; done"
        # s_client says with its status that the other side was still there: that is no failure.
        network.run(client, "sh", "-c", f"({lines}) | timeout 5 {ask} >/dev/null 2>&1; true")


def place_call(network: Network, client: Node, server: Node) -> None:
    """One SIP call with a second of RTP, by sipp's own scenarios; the other end returns the sound."""
    folder = network.work_folder("sipp")
    (folder / "call.xml").write_text(_call_scenario(network, client))
    (folder / "silence.raw").write_bytes(_SILENCE * _SAMPLES_PER_S)
    common = "-nostdin -p 5060"
    with network.program(server, "sh", "-c", f"cd {folder} && exec sipp -sn uas -rtp_echo -i {server.v4} {common}"):
        wait_until(lambda: listens(network, server, ":5060"), "sipp to listen on 5060")
        call = f"cd {folder} && exec sipp -sf call.xml -m 1 -timeout 20 -i {client.v4} {common} {server.v4}:5060"
        network.run(client, "sh", "-c", call, timeout_s=30)


def _call_scenario(network: Network, client: Node) -> str:
    """sipp's scenario for a call with sound, with a second of silence in place of its recorded voices."""
    scenario = network.run(client, "sh", "-c", "sipp -sd uac_pcap || true")
    for recorded in ("pcap/g711a.pcap", "pcap/dtmf_2833_1.pcap"):
        scenario = scenario.replace(f'play_pcap_audio="{recorded}"', 'rtp_stream="silence.raw,1,8"')
    return scenario.replace("auto_media_port", "rtpstream_audio_port").replace('8000"/>', '1000"/>')


def relay(network: Network, client: Node, server: Node) -> None:
    """A STUN question, then data through a TURN relay: channels, so that ChannelData (0x40…) is on the wire."""
    folder = network.work_folder("turn")
    settings = ["-n", "-a", "-u", "lab:lab", "-r", "example.net", "--no-tls", "--no-dtls", "--no-cli", "-l", "stdout"]
    files = ["--pidfile", str(folder / "pid"), "--userdb", str(folder / "users")]
    with network.program(server, "turnserver", "-L", server.v4, "-E", server.v4, *settings, *files) as process:
        wait_until(lambda: listens(network, server, ":3478"), "turnserver to listen on 3478", process=process)
        network.run(client, "turnutils_stunclient", server.v4)
        # -y: both ends of the relayed talk are this client, so no third machine is needed.
        words = ["-y", "-u", "lab", "-w", "lab", "-m", "1", "-n", "3", server.v4]
        network.run(client, "turnutils_uclient", *words, timeout_s=30)
