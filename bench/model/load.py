"""An even stream of requests: each has its moment, and its latency counts from it even when it had to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

CONNECTIONS = 32


@dataclass
class Result:
    """What came of a stream.

    Attributes:
        milliseconds: latency of each request, sorted.
        failures: requests that were not answered with 200.
    """

    milliseconds: list[float]
    failures: int

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds that so many percent of the requests did not exceed."""
        place = min(len(self.milliseconds) - 1, int(len(self.milliseconds) * percent / 100))
        return self.milliseconds[place]


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> int:
        """Send a request and read the whole answer; returns its status."""
        self.writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        for header in lines[1:]:
            name, _, value = header.partition(b":")
            if name == b"content-length":
                await self._reader.readexactly(int(value))
        return int(lines[0].split(b" ")[1])


async def stream(port: int, requests: Sequence[bytes], *, per_second: float, seconds: float) -> Result:
    """Send the requests in turn, evenly, on a pool of connections that are kept open."""
    idle: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(_Connection(*await asyncio.open_connection("127.0.0.1", port)))
    result = Result([], 0)
    begun = time.perf_counter() + 0.1

    async def one(number: int) -> None:
        due = begun + number / per_second
        await asyncio.sleep(due - time.perf_counter())
        connection = await idle.get()
        status = await connection.ask(requests[number % len(requests)])
        idle.put_nowait(connection)
        result.milliseconds.append((time.perf_counter() - due) * 1000)
        result.failures += status != 200

    await asyncio.gather(*(one(number) for number in range(int(per_second * seconds))))
    while not idle.empty():
        idle.get_nowait().writer.close()
    result.milliseconds.sort()
    return result


def request(path: str, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """A POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
