"""What many threads ask for at the same time is looked for once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from policies.once import once


def test_callers_that_come_before_the_first_is_done_wait_for_what_it_finds():
    begun, go_on, calls = threading.Event(), threading.Event(), []

    @once
    def read(name: str) -> list[str]:
        calls.append(name)
        begun.set()
        go_on.wait(5)
        return [name]

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(read, "a-file") for _ in range(4)]
        assert begun.wait(5)
        go_on.set()
        found = [answer.result(5) for answer in answers]
    assert calls == ["a-file"]
    assert all(one is found[0] for one in found)


def test_what_failed_is_tried_again():
    answers = iter([ValueError("no such file"), None])

    @once
    def read() -> str:
        if error := next(answers):
            raise error
        return "text"

    with pytest.raises(ValueError, match="no such file"):
        read()
    assert read() == "text"
