import random
from collections.abc import Iterator

import pytest
from aiohttp import web

from sandbox.engine.providers.kubernetes import Connection
from sandbox.inventory import Inventory, diff
from tests.support.faulty_proxy import FaultyProxy
from tests.support.kills import undisturbed
from tests.support.moto import Spoil, proxy
from tests.support.stack_driver import StackDriver, driven, explain

pytestmark = pytest.mark.soak

SHARE = 0.1


@pytest.fixture(scope="module")
def driver() -> Iterator[StackDriver]:
    with driven() as made:
        yield made


@pytest.fixture(scope="module")
def wanted(driver: StackDriver) -> Inventory:
    return undisturbed(driver)[0]


@pytest.mark.parametrize("seed", range(20))
def test_with_a_tenth_of_all_calls_failing_an_up_succeeds_or_fails_cleanly_and_then_converges(
    driver: StackDriver, wanted: Inventory, seed: int
) -> None:
    emptied = driver.run("destroy")
    assert emptied.ok, explain(emptied)
    chance = random.Random(seed)
    with FaultyProxy(Connection.of(driver.endpoints)) as api, proxy(driver.endpoints.moto_url) as aws:
        api.fault = lambda _: _kubernetes_fault(chance)
        aws.rule = lambda _: _aws_fault(chance)
        disturbed = driver.run("apply", endpoints=driver.through(api_url=api.url, moto_url=aws.url))
    if not disturbed.ok:
        assert explain(disturbed) != "no error was told"
        assert "Traceback" not in explain(disturbed)
    calm = driver.run("apply")
    assert calm.ok, explain(calm)
    assert diff(wanted, driver.inventory()) == []


def _kubernetes_fault(chance: random.Random) -> web.Response | float | None:
    if chance.random() >= SHARE:
        return None
    kind = chance.choice(["busy", "broken", "slow"])
    if kind == "slow":
        return 2.0
    status = {"busy": 429, "broken": 500}[kind]
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": "made to fail"}
    return web.json_response(body, status=status, headers={"Retry-After": "1"} if status == 429 else {})


def _aws_fault(chance: random.Random) -> Spoil | None:
    if chance.random() >= SHARE:
        return None
    faults: list[Spoil] = ["500-before", "500", "429", "hang-up"]
    return chance.choice(faults)
