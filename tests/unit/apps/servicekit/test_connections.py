import socket
from typing import Any

from servicekit.connections import abort, abort_of


class Transport:
    """What is used of a transport."""

    def __init__(self, held: socket.socket) -> None:
        self._held, self.aborted = held, 0

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
