"""A PBX that cannot be connected to is one answer, whatever it does instead."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from pbx.ari.transport import CannotConnect, WebSocketTransport
from pbx.settings import PbxSettings


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-something\r\n"])
async def test_a_pbx_that_dies_or_refuses_while_it_is_connected_to_cannot_be_connected_to(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = PbxSettings(ari_address=address, ari_password=SecretStr("s"), spool=Path("/s"), sounds=Path("/s"))
        with pytest.raises(CannotConnect, match=address):
            await WebSocketTransport.connect(settings, "ivr")
