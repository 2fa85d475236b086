import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.engine.pace import Pace


def test_a_few_registrations_return_at_once() -> None:
    pace = Pace()
    with pace.registration():
        assert pace.beat() == 0.0


def test_many_registrations_share_a_beat_that_grows_with_them_and_has_a_limit() -> None:
    pace = Pace()
    beats = []
    for count in (51, 200, 400, 5000):
        pace._under_way = count
        beats.append(pace.beat())
    assert beats == sorted(beats)
    assert beats[0] > 0.0
    assert beats[-1] == 0.2


def test_every_registration_ends_and_is_counted_off_even_when_it_fails() -> None:
    pace = Pace()
    gate = threading.Barrier(80)

    def register(number: int) -> None:
        with pace.registration():
            gate.wait(timeout=30)
            if number % 2:
                raise ValueError(number)

    with ThreadPoolExecutor(80) as pool:
        ends = [pool.submit(register, number) for number in range(80)]
    for number, end in enumerate(ends):
        if number % 2:
            with pytest.raises(ValueError, match=str(number)):
                end.result()
        else:
            end.result()
    assert pace._under_way == 0
