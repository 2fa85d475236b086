import asyncio
from collections.abc import Awaitable, Callable

import pytest
from servicekit.health import Check, CheckReport, Health


async def passes() -> None:
    return None


async def raises() -> None:
    raise RuntimeError("cannot reach redis://app:canary@cache")


async def hangs() -> None:
    await asyncio.sleep(60)


async def ignores_cancellation() -> None:
    for _ in range(3):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)


Probe = Callable[[], Awaitable[str | None]]


def check(probe: Probe = passes, name: str = "dep", timeout: float = 0.1) -> Check:
    return Check(name=name, target="dep:1", probe=probe, timeout_seconds=timeout)


async def test_a_service_whose_checks_pass_is_ready():
    report = await Health([check(name="a"), check(name="b")]).readiness()
    assert report.status == "ready"
    assert [(one.name, one.ok, one.reason) for one in report.checks] == [("a", True, None), ("b", True, None)]


async def test_a_service_without_checks_is_ready():
    assert (await Health([]).readiness()).status == "ready"


async def test_one_failing_check_makes_it_not_ready_and_gives_the_reason_without_its_secret():
    report = await Health([check(), check(raises, name="cache")]).readiness()
    assert report.status == "not_ready"
    assert report.checks[0].ok
    assert report.checks[1].reason == "cannot reach redis://***@cache"


async def test_a_remark_of_a_check_that_passes_is_given_without_its_secret():
    async def passes_with_a_remark() -> str:
        return "the old version goes on, redis://app:canary@cache is away"

    report = await Health([check(passes_with_a_remark)]).readiness()
    assert (report.status, report.checks[0].ok) == ("ready", True)
    assert report.checks[0].reason == "the old version goes on, redis://***@cache is away"


async def test_an_exception_without_text_is_named_by_its_type():
    async def silent() -> None:
        raise KeyError

    assert (await Health([check(silent)]).readiness()).checks[0].reason == "KeyError"


@pytest.mark.parametrize("probe", [hangs, ignores_cancellation])
async def test_a_check_that_hangs_is_given_up_at_its_time_out(probe: Probe):
    # The probe would sleep for a minute, so that an answer at all means that it was given up.
    report = await asyncio.wait_for(Health([check(probe)]).readiness(), 30)
    assert report.checks[0].reason == "no answer within 0.1 s from dep:1"


async def test_checks_run_side_by_side():
    everybody = asyncio.Barrier(10)

    async def meets_the_others() -> None:
        await everybody.wait()

    checks = [check(meets_the_others, name=str(number), timeout=30) for number in range(10)]
    assert (await Health(checks).readiness()).status == "ready", "one after the other, none would meet another"


async def test_a_probe_that_cancels_itself_is_a_failure():
    async def gives_up() -> None:
        raise asyncio.CancelledError

    assert (await Health([check(gives_up)]).readiness()).checks[0].reason == "the check of dep:1 was cancelled"


async def test_a_stopping_service_says_so_and_asks_nothing_of_its_dependencies():
    asked = []

    async def ask() -> None:
        asked.append(1)

    health = Health([check(ask)])
    health.stop()
    report = await health.readiness()
    assert (report.status, report.checks, asked) == ("stopping", [], [])


async def test_every_result_is_told_to_the_listener():
    told: list[CheckReport] = []
    await Health([check(), check(raises, name="cache")], on_report=told.append).readiness()
    assert [(one.name, one.ok) for one in told] == [("dep", True), ("cache", False)]
