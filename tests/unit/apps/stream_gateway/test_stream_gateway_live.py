"""Reading the present through failures."""

import asyncio
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from servicekit.kafka_errors import KafkaFailure
from servicekit.reader import Batch
from stream_gateway.live import LiveReader

from tests.support.gateway import gateway, record
from tests.support.spans import recorded_spans
from tests.support.tokens import Issuer


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


class Flaky:
    """A reader that fails whenever it is told to, else gives a batch: an empty one by default."""

    batch = Batch([], {})

    def __init__(self, fails: Iterator[bool]) -> None:
        self._fails = fails

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def partitions(self, topics: Sequence[str]) -> dict[str, list[int]]:
        return {topic: [0] for topic in topics}

    async def assign(self, _offsets: Any) -> None:
        return None

    async def read(self, _most: int) -> Batch:
        await asyncio.sleep(0)
        if next(self._fails):
            raise KafkaFailure("the broker is away")
        return self.batch


async def test_a_failure_long_after_another_is_waited_for_as_briefly_as_the_first(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    slept: list[float] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 6:
            done.set()
            await asyncio.Event().wait()

    monkeypatch.setattr("stream_gateway.live.asyncio", SimpleNamespace(sleep=sleep))
    fails = iter([True, True, True, True, True, False, True])
    reading = asyncio.create_task(LiveReader(gateway(issuer).hub, lambda: cast("Any", Flaky(fails)), ["prices"]).run())
    await asyncio.wait_for(done.wait(), 10)
    reading.cancel()
    assert slept[4] >= 0.8, "failures in a row are waited for longer and longer"
    assert slept[5] <= 0.1


async def test_a_batch_on_its_way_to_clients_is_one_span_with_links_and_silence_is_none(issuer: Issuer):
    done = asyncio.Event()

    def fails() -> Iterator[bool]:
        yield False
        reader.batch = Batch([], {})
        yield False
        done.set()
        yield False
        yield from iter(lambda: False, None)

    reader = Flaky(fails())
    made = [b"00-%032x-%016x-01" % (number, number) for number in (1, 2)]
    reader.batch = Batch([record("prices", 0, at, headers={"traceparent": text}) for at, text in enumerate(made)], {})
    with recorded_spans() as spans:
        hub = gateway(issuer).hub
        reading = asyncio.create_task(LiveReader(hub, lambda: cast("Any", reader), ["prices"]).run())
        await asyncio.wait_for(done.wait(), 10)
        reading.cancel()
    assert (spans.only.name, spans.only.parent) == ("process prices", None)
    assert [link.context.trace_id for link in spans.only.links] == [1, 2]
