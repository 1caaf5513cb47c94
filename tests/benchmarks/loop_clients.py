"""The listeners of `loop`: `loop_clients.py ADDRESS NUMBER` connects, says so, and tells what was heard at the end."""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


async def main(address: str, number: int) -> None:
    """Listen with `number` clients until the server closes."""
    clients = [await connect(address) for _ in range(number)]
    print(json.dumps({"connected": len(clients)}), flush=True)
    heard = await asyncio.gather(*map(_listen, clients))
    print(json.dumps({"ends": [ends for ends, _ in heard], "frames": [frames for _, frames in heard]}), flush=True)


async def _listen(client: ClientConnection) -> tuple[int, int]:
    ends = frames = 0
    try:
        while True:
            ends += await client.recv() == "[END]"
            frames += 1
    except ConnectionClosed:
        return ends, frames


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
