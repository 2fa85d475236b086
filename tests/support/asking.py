"""Requests without a pause from several sides, while something else goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def asking(ask: Callable[[], str], sides: int = 3) -> Iterator[list[str]]:
    """Ask until the block ends; yields what was answered so far.

    Args:
        ask: asks once, and says what was answered or what went wrong; an error of the network becomes its text.
        sides: how many ask at a time.
    """
    answers: list[str] = []
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            try:
                answers.append(ask())
            except OSError as error:
                answers.append(f"failed: {error!r}")

    askers = [threading.Thread(target=go_on) for _ in range(sides)]
    for asker in askers:
        asker.start()
    try:
        yield answers
    finally:
        stop.set()
        for asker in askers:
            asker.join()
