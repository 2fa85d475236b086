import asyncio

import pytest
from model_server import keeper as keeper_module
from model_server.keeper import Keeper
from model_server.measures import Measures
from model_server.sources import SourceUnavailableError
from prometheus_client import CollectorRegistry

from tests.support.price_models import FakeSource, champion, fake_model


class World:
    def __init__(self, source: FakeSource) -> None:
        self.source, self.now, self.metrics = source, 0.0, CollectorRegistry()
        self.keeper = Keeper(source, Measures(self.metrics), poll_seconds=10, retry_seconds=60, clock=lambda: self.now)

    def serving(self, alias: str = "champion") -> str | None:
        loaded = getattr(self.keeper.serving, alias)
        return loaded.version if loaded else None

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.get_sample_value(name, labels) or 0.0


async def test_the_named_champion_comes_into_service():
    world = World(FakeSource(**champion("7")))
    with pytest.raises(LookupError, match="the champion of the test's models is being loaded"):
        await world.keeper.ready()
    await world.keeper.refresh()
    await world.keeper.ready()
    assert world.serving() == "7"
    assert world.metric("model_serving", alias="champion", version="7") == 1


async def test_a_version_in_service_is_not_loaded_again():
    world = World(FakeSource(**champion()))
    await world.keeper.refresh()
    await world.keeper.refresh()
    assert world.source.loads == [("champion", "1")]


async def test_a_new_version_takes_over_and_the_old_ones_metric_goes():
    world = World(FakeSource(**champion("1")))
    await world.keeper.refresh()
    before = world.keeper.serving
    world.source.models = champion("2")
    await world.keeper.refresh()
    assert world.serving() == "2"
    assert before.champion is not None
    assert before.champion.version == "1", "a request under way keeps what it began with"
    assert world.metric("model_serving", alias="champion", version="1") == 0
    assert world.metric("model_swaps_total", alias="champion") == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [("files are damaged", "files are damaged"), (fake_model(0.7, probed_up=0.9), "self-test of SIM-NYISO-J")],
    ids=["unreadable", "self-test"],
)
async def test_a_version_that_fails_is_not_taken_and_the_old_one_goes_on(bad: object, reason: str):
    world = World(FakeSource(**champion("1")))
    await world.keeper.refresh()
    world.source.models = {"champion": ("2", bad)}  # type: ignore[dict-item]
    await world.keeper.refresh()
    remark = await world.keeper.ready()
    assert remark
    assert remark.startswith("version 1 goes on: version 2 was refused: ")
    assert reason in remark
    assert world.serving() == "1"
    failure = world.keeper.failures["champion"]
    assert failure.version == "2"
    assert reason in failure.reason
    assert world.metric("model_load_failures_total", alias="champion") == 1


async def test_a_version_that_failed_is_tried_again_after_its_time_and_not_before():
    world = World(FakeSource(champion=("1", "damaged")))
    for world.now in (0, 10, 50):
        await world.keeper.refresh()
    assert world.source.loads == [("champion", "1")]
    world.now = 61
    world.source.models = champion("1")
    await world.keeper.refresh()
    assert world.serving() == "1"
    assert world.keeper.failures == {}


async def test_after_a_version_that_failed_another_is_tried_at_once():
    world = World(FakeSource(champion=("1", "damaged")))
    await world.keeper.refresh()
    world.source.models = champion("2")
    await world.keeper.refresh()
    assert world.serving() == "2"


async def test_a_source_that_is_away_changes_nothing_in_service():
    world = World(FakeSource(**champion("1")))
    await world.keeper.refresh()
    world.source.away = SourceUnavailableError("MLflow is away")
    await world.keeper.refresh()
    assert await world.keeper.ready() == "version 1 goes on: the source was asked in vain: MLflow is away"
    assert world.serving() == "1"
    assert world.metric("model_source_failures_total") == 2
    world.source.away = None
    await world.keeper.refresh()
    assert world.keeper.failures == {}


async def test_without_a_champion_it_is_not_ready_and_says_what_to_do():
    world = World(FakeSource())
    await world.keeper.refresh()
    with pytest.raises(LookupError, match="no version is the champion; run model-training"):
        await world.keeper.ready()


async def test_a_champion_that_nobody_names_any_more_goes_on():
    world = World(FakeSource(**champion("1")))
    await world.keeper.refresh()
    world.source.models = {}
    await world.keeper.refresh()
    assert world.serving() == "1"
    assert "no version is the champion" in world.keeper.failures["champion"].reason


async def test_a_challenger_comes_and_goes():
    world = World(FakeSource(**champion("1"), challenger=("2", fake_model(0.4))))
    await world.keeper.refresh()
    assert (world.serving(), world.serving("challenger")) == ("1", "2")
    del world.source.models["challenger"]
    await world.keeper.refresh()
    assert (world.serving(), world.serving("challenger")) == ("1", None)


async def test_a_mistake_in_a_poll_ends_neither_the_polling_nor_the_service(monkeypatch: pytest.MonkeyPatch):
    world = World(FakeSource(**champion("1")))
    polls = 0
    done = asyncio.Event()

    async def refresh() -> None:
        nonlocal polls
        polls += 1
        if polls == 3:
            done.set()
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(keeper_module.logger, "exception", lambda _event: None, raising=False)
    monkeypatch.setattr(world.keeper, "refresh", refresh)
    world.keeper._poll_seconds = 0
    async with world.keeper.running():
        await asyncio.wait_for(done.wait(), timeout=5)
    assert polls >= 3
