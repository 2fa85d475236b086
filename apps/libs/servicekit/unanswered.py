"""Calls into a library that may never return: a thread that waits there cannot be woken, so the process ends."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from servicekit.logs import get_logger

logger = get_logger(__name__)


def end_process() -> None:
    """End with 1, as after any failure, without waiting for threads: one of them never comes back."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


@contextmanager
def answered_within(seconds: float, what: str, end: Callable[[], None] = end_process) -> Iterator[None]:
    """End the process unless the body is done in time.

    librdkafka's `send_offsets_to_transaction` has no time-out of its own: it waits without end for a group coordinator
    whose connection was lost in a certain moment (confluentinc/librdkafka, issues 5456 and 5511). The transaction stays
    open meanwhile, and hides from readers whatever is written after it. The next start closes it.

    Args:
        seconds: for the whole body.
        what: that is waited for, as the log names it.
        end: how the process ends; called from another thread.
    """

    def give_up() -> None:
        logger.error("a call never returned; the process ends", call=what, seconds=seconds)
        end()

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
