"""Kill rounds: a command is killed at a random moment, run once more, and compared with an undisturbed run."""

from __future__ import annotations

import random
import signal
import subprocess
import time

from sandbox.inventory import Inventory, diff
from tests.support.stack_driver import StackDriver, explain


def undisturbed(driver: StackDriver) -> tuple[Inventory, float]:
    """Deploy without disturbance; returns the inventory and the seconds it took."""
    begin = time.monotonic()
    result = driver.cli("up")
    assert result.returncode == 0, result.stderr
    return driver.inventory(), time.monotonic() - begin


def kill_up(driver: StackDriver, wanted: Inventory, seconds: float, chance: random.Random) -> str:
    """Kill an `up` of an empty sandbox at a random moment, run `up` once, compare, and empty the sandbox again."""
    moment = _kill(driver, "up", chance.uniform(0.1, seconds))
    result = driver.cli("up")
    assert result.returncode == 0, f"after a kill at {moment}: {result.stderr}"
    assert diff(wanted, driver.inventory()) == [], f"after a kill at {moment}"
    plan = driver.run("plan")
    assert plan.ok, explain(plan)
    assert plan.changes == 0, f"after a kill at {moment}: {[step.urn for step in plan.steps if step.op != 'same']}"
    return moment


def kill_destroy(driver: StackDriver, wanted: Inventory, chance: random.Random) -> str:
    """Kill a `down` at a random moment, run `up` once, and compare."""
    moment = _kill(driver, "down", chance.uniform(1.5, 10.0))
    driver.endpoints = driver.where.start(lambda _: None)
    result = driver.cli("up")
    assert result.returncode == 0, f"after a kill of down at {moment}: {result.stderr}"
    assert diff(wanted, driver.inventory()) == [], f"after a kill of down at {moment}"
    return moment


def _kill(driver: StackDriver, command: str, after: float) -> str:
    process = driver.begin(command)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return f"{after:.2f} s"
    return f"its end, before {after:.2f} s"
