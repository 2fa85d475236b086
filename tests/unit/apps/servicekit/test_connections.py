import asyncio
import socket
from typing import Any

from servicekit.connections import Joining, abort, abort_of


class Transport:
    """What is used of a transport."""

    def __init__(self, held: socket.socket) -> None:
        self._held, self.aborted = held, 0
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("close")

    def get_extra_info(self, name: str) -> Any:
        return {"socket": self._held}[name]

    def abort(self) -> None:
        self.aborted += 1


def test_what_is_aborted_waits_for_nobody_to_read_and_once_it_has_ended_nothing_breaks():
    one, other = socket.socketpair()
    with one, other:
        transport: Any = Transport(one)
        abort(transport)
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == bytes((1, 0, 0, 0, 0, 0, 0, 0))
    abort(transport)
    assert transport.aborted == 2


def test_under_another_server_there_is_nothing_to_abort():
    abort_of({"type": "http"})()
    abort_of({"type": "http", "state": {}})()


async def test_head_and_body_go_out_in_one_piece_and_what_comes_alone_before_the_loop_waits_again():
    with socket.socket() as held:
        transport: Any = Transport(held)
        joining = Joining(transport)
        joining.write(b"head")
        joining.write(b"body")
        assert transport.done == [b"headbody"]
        joining.write(b"")
        joining.write(b"event")
        assert transport.done == [b"headbody"]
        await asyncio.sleep(0)
        assert transport.done == [b"headbody", b"event"]
        joining.write(b"head of an answer without a body")
        joining.write(b"")
        await asyncio.sleep(0)
        assert transport.done[2:] == [b"head of an answer without a body"]


async def test_what_waits_is_sent_before_the_connection_is_closed_or_handed_over():
    with socket.socket() as held:
        transport: Any = Transport(held)
        for end in (Joining.close, Joining.accepted):
            joining = Joining(transport)
            joining.write(b"last")
            end(joining)
            await asyncio.sleep(0)
        assert transport.done == [b"last", "close", b"last"]
        assert joining.accepted() is transport
        assert joining.get_extra_info("socket") is held
