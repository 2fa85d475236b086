"""What is not there is an answer; every other refusal is an error."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.control_plane.api_client import ApiError
from sandbox.recovery.requests import delete, exists


class Refusing:
    def __init__(self, status: int) -> None:
        self.status = status

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def request(self, _method: str, path: str) -> Any:
        if self.status != 200:
            raise ApiError(path, status=self.status)
        return {}


def test_what_is_there_exists_and_can_be_deleted():
    assert exists(Refusing(200), "/api/v1/nodes/a")
    delete(Refusing(200), "/api/v1/nodes/a")


def test_what_is_not_there_does_not_exist_and_need_not_be_deleted():
    assert not exists(Refusing(404), "/api/v1/nodes/a")
    delete(Refusing(404), "/api/v1/nodes/a")


@pytest.mark.parametrize("question", [exists, delete])
def test_a_refusal_is_not_taken_for_an_absence(question: Any):
    with pytest.raises(ApiError):
        question(Refusing(403), "/api/v1/nodes/a")
