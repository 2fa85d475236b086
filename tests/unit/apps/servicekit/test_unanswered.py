import subprocess
import sys
import threading
import time

import pytest
from servicekit.unanswered import answered_within

NEVER = """
import threading
from servicekit.unanswered import answered_within
with answered_within(0.05, "the call"):
    threading.Event().wait()
"""


def test_a_call_that_never_returns_ends_the_process_with_1_and_is_named():
    done = subprocess.run([sys.executable, "-c", NEVER], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "the call" in done.stdout + done.stderr
    assert "never returned" in done.stdout + done.stderr


def test_a_call_that_returns_in_time_leaves_no_clock_behind():
    ended = []
    before = threading.active_count()
    with answered_within(0.05, "the call", lambda: ended.append(1)):
        pass
    time.sleep(0.1)
    assert ended == []
    assert threading.active_count() == before


def test_a_call_that_fails_in_time_leaves_no_clock_behind_either():
    ended = []
    with pytest.raises(ZeroDivisionError), answered_within(0.05, "the call", lambda: ended.append(1)):
        1 / 0  # noqa: B018 - any failure
    time.sleep(0.1)
    assert ended == []
