"""What a prediction-consumer does when what it needs is away, slow or talks nonsense, and with what it cannot read."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.price_services import UNKNOWN, UNLUCKY, PriceServices

if TYPE_CHECKING:
    from tests.integration.services.prediction_consumer.conftest import PricePath, Start

pytestmark = pytest.mark.integration


def value(symbol: str = "WTI", price: str = "70.10") -> bytes:
    return b'{"symbol":"%s","price":"%s","currency":"USD","traded_at":"2026-01-31T12:00:00Z"}' % (
        symbol.encode(),
        price.encode(),
    )


def test_poison_goes_to_the_dead_letters_with_its_reason_and_the_rest_is_predicted(
    start: Start, path: PricePath, services: PriceServices
):
    path.write(value(), b"{no", value(UNKNOWN), value(price=str(UNLUCKY)), None, value("GAS"), value(price="1.23456"))
    process = start(path)
    letters = path.dead_letters(5)
    said = sorted(dict(letter.headers())["reason"].decode() for letter in letters)
    assert [text[:44] for text in said] == [
        "commodity-prices: not JSON: unexpected chara"[:44],
        "commodity-prices: price = '1.23456': must be",
        "feature-server has no features of the symbol",
        "model-server answers 422: price: unlucky",
        "the record has no value",
    ]
    by_value = {letter.value(): dict(letter.headers()) for letter in letters}
    origin = by_value[b"{no"]
    assert origin["topic"] == path.input.encode()
    assert {origin["partition"], origin["offset"]} <= {b"0", b"1", b"2", b"3", b"4", b"5", b"6"}
    assert sum(path.predictions(2).values()) == 2
    assert process.metric("dead_letters_written_total", kind="unreadable") == 3
    assert all(token and token.startswith("Bearer ey") for token in services.tokens)


def test_a_record_as_large_as_a_client_may_send_is_cut_for_the_dead_letters_and_holds_nothing_up(
    start: Start, path: PricePath
):
    path.write(b"x" * 999_900, value())
    start(path)
    [letter] = path.dead_letters(1)
    assert len(letter.value()) == 512 * 1024
    assert dict(letter.headers())["truncated"] == b"999900"
    assert sum(path.predictions(1).values()) == 1


def test_with_a_service_away_it_waits_says_so_and_loses_nothing(start: Start, path: PricePath, services: PriceServices):
    services.status = 503
    process = start(path)
    path.write(*[value()] * 50)
    reason = process.wait_for_reason("loop", "paused")
    assert "feature-server" in reason
    assert "503 as the test wants it" in reason
    services.status = 0
    assert path.predictions(50) == path.expected()
    process.wait_until_ready()
    assert process.metric("batches_held_up_total", service="feature-server") >= 1
    assert process.process.poll() is None


def test_with_a_slow_service_it_gives_up_each_answer_in_time_and_loses_nothing(
    start: Start, path: PricePath, services: PriceServices
):
    services.delay = 30
    process = start(path, features_timeout_seconds=0.2)
    path.write(*[value()] * 20)
    # An answer would come after half a minute and be a sound one: the reason can only be the time-out.
    process.wait_for_reason("loop", "no answer within 0.2 s")
    services.delay = 0
    assert path.predictions(20) == path.expected()


def test_malformed_answers_are_not_believed_and_nothing_is_lost(start: Start, path: PricePath, services: PriceServices):
    services.garbage = [b"[]", b"{", b'{"names": ["a"], "rows": [], "missing": []}', b"null", b'{"names": 5}']
    start(path)
    path.write(*[value()] * 20)
    assert path.predictions(20) == path.expected()
    assert services.garbage == []


def test_a_second_process_of_the_same_name_fences_the_first_which_ends_with_1(
    start: Start, path: PricePath, services: PriceServices
):
    first = start(path)
    first.wait_until_ready()
    second = start(path)
    second.wait_until_ready()
    path.write(*[value()] * 300)
    assert first.end() == 1, "it learns of it with the next transaction"
    assert path.predictions(300) == path.expected()
    assert any("taken over" in str(line.get("reason")) for line in first.log)
    assert second.process.poll() is None


def test_a_stop_hands_the_partitions_over_at_once_and_ends_with_0(start: Start, path: PricePath):
    first, second = start(path, "a"), start(path, "b")
    for each in (first, second):
        each.wait_until_ready()
    path.write(*[value()] * 100)
    first.process.send_signal(signal.SIGTERM)
    path.write(*[value()] * 100)
    assert first.end() == 0
    assert path.predictions(200, seconds=5) == path.expected()
