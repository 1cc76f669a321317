"""The two ends of a QUIC connection with aioquic, run by `quic.py` as a program of its own.

    quic_peer.py serve ADDRESS PORT CERTIFICATE KEY
    quic_peer.py ask ADDRESS PORT

The client asks for a page as HTTP/0.9 over QUIC does, several times a connection. aioquic is no dependency of licet:
this file is run by a Python that has it (see `quic.py`).
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import Any

from aioquic.asyncio import connect, serve  # type: ignore[import-not-found]
from aioquic.quic.configuration import QuicConfiguration  # type: ignore[import-not-found]

_ALPN = ["hq-interop"]
_PAGE = b"<p>An ordinary page.</p>\n".ljust(1500)
_QUESTIONS = 4


async def _serve(address: str, port: int, certificate: str, key: str) -> None:
    """Answer until stopped."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=_ALPN)
    configuration.load_cert_chain(certificate, key)
    await serve(address, port, configuration=configuration, stream_handler=_start_answer)
    print("ready", flush=True)
    await asyncio.Event().wait()


_answers: set[asyncio.Task[None]] = set()


def _start_answer(reader: Any, writer: Any) -> None:
    # The task is kept, or it could be collected before it is done.
    task = asyncio.ensure_future(_answer(reader, writer))
    _answers.add(task)
    task.add_done_callback(_answers.discard)


async def _answer(reader: Any, writer: Any) -> None:
    await reader.readline()
    writer.write(_PAGE)
    writer.write_eof()


async def _ask(address: str, port: int) -> None:
    configuration = QuicConfiguration(is_client=True, alpn_protocols=_ALPN, verify_mode=ssl.CERT_NONE)
    configuration.server_name = "www.example.net"
    async with connect(address, port, configuration=configuration) as connection:
        for _ in range(_QUESTIONS):
            reader, writer = await connection.create_stream()
            writer.write(b"GET /\r\n")
            writer.write_eof()
            await reader.read()
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(_serve(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]))
    else:
        asyncio.run(_ask(sys.argv[2], int(sys.argv[3])))
