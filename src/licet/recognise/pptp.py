"""PPTP (RFC 2637): a control connection over TCP and enhanced GRE for data.

Control messages: length 2, type 1, magic cookie 1A2B3C4D, control type 2, reserved 2. Certain: a start-control request
and its reply. Data: GRE version 1 with a key and ethertype 880B; likely, and certain where its call ids were agreed on
the control connection of the same address pair (`links.py`). Left out: host and vendor names, user names.
"""

from __future__ import annotations

from typing import NamedTuple

from licet.model.evidence import Step
from licet.model.flow import Flow, Message, Stream
from licet.model.sieve import ALONE, Line, Test
from licet.recognise.base import Finding, Recogniser, Registered, evidence, step

COOKIE = bytes.fromhex("1a2b3c4d")
START_REQUEST, START_REPLY, CALL_REQUEST, CALL_REPLY = 1, 2, 7, 8
_NAMES = {
    START_REQUEST: "start-control request", START_REPLY: "start-control reply", 3: "stop request", 4: "stop reply",
    5: "echo request", 6: "echo reply", CALL_REQUEST: "outgoing-call request", CALL_REPLY: "outgoing-call reply",
    9: "incoming-call request", 10: "incoming-call reply", 11: "incoming-call connected", 12: "call clear",
    13: "call disconnected", 14: "error notify", 15: "set link info",
}
CONTROL_BYTES_MIN, CONTROL_BYTES_MAX = 12, 256
CONTROL_MESSAGES_MAX = 32

SIEVE = (
    Line("control", "tcp", ALONE, (Test(0, b"\0"), Test(2, b"\0\x01" + COOKIE)), keep_bytes=1_024, quota=1, enough=1),
    # Key present, version 1, PPP inside (RFC 2637 §4.1).
    Line("data", "gre", ALONE, (Test(0, b"\x20", b"\x20"), Test(1, b"\x01\x88\x0b", b"\x07\xff\xff")), keep_bytes=8,
         quota=2, enough=1, shortest=8),
)


class _Control(NamedTuple):
    """call_ids: the sender's own, and the peer's where the message repeats it (RFC 2637 §2.7, §2.8)."""

    message: Message
    kind: int
    call_ids: tuple[int, ...]


def recognise(flow: Flow, registered: Registered) -> Finding | None:
    """Control over TCP, data in GRE."""
    return _control(flow) if flow.transport == "tcp" else _data(flow)


def _control(flow: Flow) -> Finding | None:
    controls = [control for stream in flow.kept.streams() for control in _messages(stream)]
    controls.sort(key=lambda control: control.message.packet)
    if not controls:
        return None
    call_ids = tuple(sorted({number for control in controls for number in control.call_ids}))
    ties = (("pptp-calls", call_ids),)
    for request in controls:
        for reply in controls:
            if (
                request.kind == START_REQUEST and reply.kind == START_REPLY
                and reply.message.forward is not request.message.forward
                and reply.message.packet >= request.message.packet
            ):
                to_server = request.message.forward
                steps = [
                    step(request.message, _NAMES[START_REQUEST], to_server, value="start of control"),
                    step(reply.message, _NAMES[START_REPLY], to_server, request.message, "start of control"),
                ]
                found = evidence("pptp", None, "pptp/control@1", "start-control-reply", steps, certain=True)
                return Finding((found,), to_server, ties=ties)
    return _one_sided(flow, controls, ties)


def _one_sided(
    flow: Flow, controls: list[_Control], ties: tuple[tuple[str, tuple[int, ...]], ...]
) -> Finding:
    """Control messages without the start of both: likely. The end that asked for control, or for TCP, is the client."""
    ways = {control.message.forward is (control.kind == START_REQUEST)
            for control in controls if control.kind in (START_REQUEST, START_REPLY)}
    to_server = ways.pop() if len(ways) == 1 else flow.syn_forward
    steps: list[Step] = [
        step(control.message, _NAMES.get(control.kind, "control"), to_server) for control in controls[:3]
    ]
    found = evidence("pptp", None, "pptp/control@1", None, steps, certain=False)
    return Finding((found,), to_server, ties=ties)


def _messages(stream: Stream) -> list[_Control]:
    """Cut a direction into control messages, as far as every one is well-formed."""
    found: list[_Control] = []
    data, at = stream.data, 0
    for _ in range(CONTROL_MESSAGES_MAX):
        length = int.from_bytes(data[at : at + 2], "big")
        if not CONTROL_BYTES_MIN <= length <= CONTROL_BYTES_MAX or data[at + 2 : at + 8] != b"\0\x01" + COOKIE:
            break
        packet, time_ns = stream.mark_at(at)
        kind = int.from_bytes(data[at + 8 : at + 10], "big")
        ids: tuple[int, ...] = ()
        if kind in (CALL_REQUEST, CALL_REPLY) and len(data) >= at + 16:
            ids = (int.from_bytes(data[at + 12 : at + 14], "big"),)
        found.append(_Control(Message("control", stream.forward, packet, time_ns, length, b""), kind, ids))
        at += length
    return found


def _data(flow: Flow) -> Finding | None:
    """Enhanced GRE. Its key's lower half is the receiver's call id (RFC 2637 §4.1)."""
    messages = flow.kept.messages()
    call_ids = tuple(sorted({int.from_bytes(message.data[6:8], "big") for message in messages}))
    ways = len({message.forward for message in messages})
    steps = [step(message, "PPP in GRE", None) for message in messages[:2]]
    found = evidence("pptp", None, "pptp/gre-data@1", "ethertype-880b", steps, certain=False)
    return Finding((found,), None, ties=(("gre-calls", call_ids), ("ways", (ways,))))


RECOGNISER = Recogniser("pptp", ("pptp",), SIEVE, recognise)
