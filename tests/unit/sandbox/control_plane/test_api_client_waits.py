from __future__ import annotations

import pytest

from sandbox.control_plane import api_client
from sandbox.control_plane.api_client import ApiClient, ApiError

BUSY = (429, b'{"message": "storage is (re)initializing"}')


class Answering(ApiClient):
    """A client of an API server that gives these answers, the last one again and again."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self._answers, self._connection, self._url = list(answers), None, "https://127.0.0.1:1"
        self.asked = 0

    def _exchange(self, *_: object) -> tuple[int, bytes]:
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(api_client.time, "sleep", waits.append)
    monkeypatch.setattr(api_client.time, "monotonic", lambda: sum(waits))
    return waits


def test_what_the_server_asks_to_try_later_is_asked_again():
    client = Answering(BUSY, BUSY, (200, b'{"items": []}'))
    assert client.get("/apis/velero.io/v1/backups") == {"items": []}
    assert client.asked == 3


def test_a_server_that_stays_busy_is_told_of_after_half_a_minute(no_time_passes: list[float]):
    client = Answering(BUSY)
    with pytest.raises(ApiError, match="429 to GET /x: storage is") as refused:
        client.get("/x")
    assert refused.value.status == 429
    assert sum(no_time_passes) == pytest.approx(30.2, abs=0.3)


def test_any_other_refusal_is_final():
    client = Answering((409, b'{"reason": "AlreadyExists", "message": "there"}'))
    with pytest.raises(ApiError, match="there"):
        client.request("POST", "/x", {})
    assert client.asked == 1
