"""Who has the port that we wished for."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from alisa_desktop.server.access import LOOPBACK

SIGN = b"Alisa"
ASK_SECONDS = 2.0
READ_BYTES = 4096


async def is_alisa(port: int) -> bool:
    """Whether another Alisa answers at `port` of this machine; False also when nobody answers within 2 s."""
    writer: asyncio.StreamWriter | None = None
    answer = b""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(f"GET / HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode())
            while len(answer) < READ_BYTES and (more := await reader.read(READ_BYTES)):
                answer += more
    except (OSError, TimeoutError):
        pass
    finally:
        if writer:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    return SIGN in answer
