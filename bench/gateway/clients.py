"""Many WebSocket clients in one process, on bare sockets: connects them, counts and times what they get.

Run as a process: address, token, connections, messages to wait for. Prints `ready` once all have subscribed, and at the
end one JSON object with the figures.
"""

from __future__ import annotations

import json
import re
import resource
import select
import socket
import sys
import time
from dataclasses import dataclass, field

_WINDOW = 200
"""Handshakes under way at once: as many as a server's queue takes without a client noticing."""

_PATIENCE = 15.0
_AT = re.compile(rb'"at": ?([0-9.]+)')
_OFFSET = re.compile(rb'"offset": ?([0-9]+)')


@dataclass
class Connection:
    """One client."""

    socket: socket.socket
    open: bool = False
    subscribed: bool = False
    buffer: bytes = b""
    offsets: list[int] = field(default_factory=list)


class Crowd:
    """All clients of this process."""

    def __init__(self, host: str, port: int, token: str, count: int, messages: int) -> None:
        """Be so many clients, each of which gets so many messages."""
        self._address, self._token, self._count, self._messages = (host, port), token, count, messages
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._ready = self._begun = 0
        self.delays: list[float] = []
        self.lost_connections = 0

    def connect(self) -> float:
        """Connect and subscribe all; the seconds it took."""
        begun = time.perf_counter()
        while self._ready < self._count:
            while self._begun < self._count and self._begun - self._ready < _WINDOW:
                self._begin()
            self._turn(1.0)
            if time.perf_counter() - begun > 300:
                raise TimeoutError(f"{self._ready} of {self._count} clients after 300 s")
        return time.perf_counter() - begun

    def listen(self) -> None:
        """Take in every message, or what comes within 15 s of the last."""
        last = time.perf_counter()
        wanted = self._count * self._messages
        while len(self.delays) < wanted and time.perf_counter() - last < _PATIENCE:
            before = len(self.delays)
            self._turn(0.5)
            if len(self.delays) > before:
                last = time.perf_counter()

    def whole(self) -> int:
        """How many clients got every message, in order."""
        return sum(
            len(one.offsets) == self._messages
            and one.offsets == list(range(one.offsets[0], one.offsets[0] + self._messages))
            for one in self._connections.values()
        )

    def _begin(self) -> None:
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(self._address)
        self._connections[client.fileno()] = Connection(client)
        self._poll.register(client.fileno(), select.EPOLLOUT)
        self._begun += 1

    def _turn(self, seconds: float) -> None:
        for number, event in self._poll.poll(seconds, 1024):
            one = self._connections[number]
            if event & select.EPOLLOUT:
                one.socket.sendall(self._handshake())
                self._poll.modify(number, select.EPOLLIN)
            elif event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._read(number, one)

    def _handshake(self) -> bytes:
        lines = (
            "GET /ws/stream HTTP/1.1",
            "Host: gateway",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Authorization: Bearer {self._token}",
        )
        return "\r\n".join((*lines, "", "")).encode()

    def _read(self, number: int, one: Connection) -> None:
        try:
            data = one.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.lost_connections += 1
            self._poll.unregister(number)
            return
        now = time.time()
        one.buffer += data
        if not one.open:
            head, found, rest = one.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:20]:
                raise RuntimeError(head.decode())
            one.open, one.buffer = True, rest
            message = b'{"subscribe": {}}'
            one.socket.sendall(bytes((0x81, 0x80 | len(message))) + bytes(4) + message)
        self._frames(one, now)

    def _frames(self, one: Connection, now: float) -> None:
        while len(one.buffer) >= 2:
            length, begin = one.buffer[1] & 0x7F, 2
            if length == 126:
                length, begin = int.from_bytes(one.buffer[2:4], "big"), 4
            end = begin + length
            if len(one.buffer) < end or (begin == 4 and len(one.buffer) < 4):
                return
            kind, payload, one.buffer = one.buffer[0] & 0x0F, one.buffer[begin:end], one.buffer[end:]
            if kind == 9:
                one.socket.sendall(b"\x8a\x80" + bytes(4))
            elif kind == 1:
                self._message(one, payload, now)

    def _message(self, one: Connection, payload: bytes, now: float) -> None:
        if not one.subscribed:
            one.subscribed = True
            self._ready += 1
            return
        at, offset = _AT.search(payload), _OFFSET.search(payload)
        if at and offset:
            self.delays.append(now - float(at[1]))
            one.offsets.append(int(offset[1]))


def main(host: str, port: str, token: str, count: str, messages: str) -> None:
    """Be the clients."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(host, int(port), token, int(count), int(messages))
    seconds = crowd.connect()
    print("ready", flush=True)
    crowd.listen()
    delays = sorted(crowd.delays)
    figures = {
        "connect": seconds,
        "messages": len(delays),
        "whole": crowd.whole(),
        "lost_connections": crowd.lost_connections,
        "p50": delays[len(delays) // 2] if delays else 0.0,
        "p99": delays[int(len(delays) * 0.99)] if delays else 0.0,
        "max": delays[-1] if delays else 0.0,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
