"""A small HTTP service, for tests of the host processes: told by its variables how to behave.

``GET /`` answers with the version; ``/env`` with the variables; ``/file?<path>`` with a file; ``/crash`` ends it;
``/say?<text>`` prints it; ``/hang`` makes ``/healthz`` fail; ``/slow?<seconds>`` takes its time. SIGTERM ends it once
every request is answered.
"""

import asyncio
import json
import os
import signal
import sys
import urllib.parse
from pathlib import Path


def append(path: Path, text: str) -> None:
    with path.open("a") as stream:
        stream.write(text)


class Service:
    def __init__(self) -> None:
        self.well = True
        self.busy = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self.stopping = asyncio.Event()

    async def answer(self, path: str, query: str) -> tuple[int, str]:
        if path == "/readyz":
            return (503 if os.environ.get("NEVER_READY") else 200), "ready"
        if path == "/healthz":
            return (200 if self.well else 500), "well"
        if path == "/env":
            return 200, json.dumps(dict(os.environ))
        if path == "/file":
            return 200, await asyncio.to_thread(Path(query).read_text)
        if path == "/append":
            name, text = query.split("&")
            await asyncio.to_thread(append, Path(name), text)
        if path == "/crash":
            print("crashing", flush=True)
            os._exit(3)
        if path == "/say":
            print(query, flush=True)
        if path == "/hang":
            self.well = False
        if path == "/slow":
            await asyncio.sleep(float(query))
        return 200, os.environ.get("VERSION", "0")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.busy += 1
        self.idle.clear()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            url = urllib.parse.urlsplit(head.split()[1])
            status, body = await self.answer(url.path, urllib.parse.unquote(url.query))
            data = body.encode()
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode())
            writer.write(data)
            await writer.drain()
        except asyncio.IncompleteReadError:
            pass  # a probe that only opened the port
        finally:
            self.busy -= 1
            if not self.busy:
                self.idle.set()
            writer.close()


async def main() -> None:
    service = Service()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, service.stopping.set)
    await asyncio.sleep(float(os.environ.get("START_SECONDS", "0")))
    server = await asyncio.start_server(service.serve, os.environ["LISTEN_HOST"], int(os.environ.get("PORT", "8080")))
    print("listening", os.environ["LISTEN_HOST"], flush=True)
    await service.stopping.wait()
    server.close()
    await service.idle.wait()
    print("stopped", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
