import pytest
from servicekit.breaker import CircuitBreaker, CircuitOpen
from servicekit.retry import Backoff


def test_waits_double_up_to_the_longest_and_are_drawn_from_the_upper_half_of_each_step():
    waits = Backoff(1, 5).waits(lambda low, high: (low, high))  # type: ignore[arg-type, return-value]
    assert [next(waits) for _ in range(4)] == [(0.5, 1), (1, 2), (2, 4), (2.5, 5)]


@pytest.mark.parametrize(("first", "most"), [(0, 1), (2, 1)])
def test_waits_that_make_no_sense_are_refused(first: float, most: float):
    with pytest.raises(ValueError, match="must be above 0"):
        Backoff(first, most)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def use(breaker: CircuitBreaker, error: Exception | None = None) -> None:
    async with breaker.guard():
        if error:
            raise error


async def broken(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker("db", failures=2, open_seconds=5, counts=(OSError,), clock=clock)
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            await use(breaker, OSError("away"))
    return breaker


async def test_what_fails_again_and_again_is_not_asked_for_a_while():
    clock = Clock()
    breaker = await broken(clock)
    clock.now = 2.0
    with pytest.raises(CircuitOpen, match=r"db failed too often; it is tried again in 3\.0 s") as caught:
        await use(breaker)
    assert (breaker.state, caught.value.retry_after) == ("open", 3.0)


async def test_after_the_while_one_call_is_the_trial_and_closes_it_again():
    clock = Clock()
    breaker = await broken(clock)
    clock.now = 5.0
    assert breaker.state == "half_open"
    async with breaker.guard():
        with pytest.raises(CircuitOpen):
            await use(breaker)
    assert breaker.state == "closed"
    await use(breaker)


async def test_a_trial_that_fails_opens_it_anew():
    clock = Clock()
    breaker = await broken(clock)
    clock.now = 5.0
    with pytest.raises(OSError, match="away"):
        await use(breaker, OSError("away"))
    assert breaker.state == "open"


async def test_a_trial_that_is_answered_closes_it_whatever_the_answer_is():
    clock = Clock()
    breaker = CircuitBreaker("db", failures=1, open_seconds=5, counts=(OSError,), answers=(KeyError,), clock=clock)
    with pytest.raises(OSError, match="away"):
        await use(breaker, OSError("away"))
    clock.now = 5.0
    with pytest.raises(KeyError):
        await use(breaker, KeyError("404"))
    assert breaker.state == "closed"


async def test_only_failures_of_the_dependency_in_a_row_count():
    breaker = CircuitBreaker("db", failures=2, counts=(OSError,))
    for error in (OSError("1"), None, OSError("2"), ValueError("3"), ValueError("4")):
        if error is None:
            await use(breaker)
        else:
            with pytest.raises(type(error)):
                await use(breaker, error)
    assert breaker.state == "closed"


@pytest.mark.parametrize(("failures", "seconds"), [(0, 1), (1, 0)])
def test_a_breaker_that_makes_no_sense_is_refused(failures: int, seconds: float):
    with pytest.raises(ValueError, match="must be at least 1"):
        CircuitBreaker("db", failures=failures, open_seconds=seconds)
