"""The peer: a bare server of the library that the gateway speaks WebSocket with, and its own broadcast; nothing else.

Run as a process: messages to send, one a second, once a line came on standard input. Prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(messages: int) -> None:
    """Serve until all messages are sent and standard input is closed."""
    clients: set[ServerConnection] = set()

    async def stay(client: ServerConnection) -> None:
        await client.recv()
        await client.send(json.dumps({"subscribed": {}}))
        clients.add(client)
        try:
            await client.wait_closed()
        finally:
            clients.discard(client)

    async with serve(stay, "127.0.0.1", 0, compression=None, backlog=2048) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for offset in range(messages):
            broadcast(clients, json.dumps({"offset": offset, "value": {"at": time.time(), "fill": "x" * 200}}))
            await asyncio.sleep(1)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
