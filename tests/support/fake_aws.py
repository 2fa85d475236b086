"""AWS as a table of answers: what is not in it is an error of the test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.deploy.cloud.failures import Refusal

Answers = Mapping[str, Mapping[str, Any] | Refusal]


class FakeAws:
    """Answers calls by operation, and remembers them.

    Args:
        answers: for each operation what comes back, or the refusal that is raised.
        region: the region.
    """

    def __init__(self, answers: Answers, region: str = "us-east-1") -> None:
        self.region = region
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def call(self, service: str, operation: str, action: str, **parameters: Any) -> Mapping[str, Any]:
        """Answer one call."""
        assert action.partition(":")[0], f"{service} {operation} names no permission"
        self.asked.append((operation, parameters))
        answer = self._answers[operation]
        if isinstance(answer, Refusal):
            raise answer
        return answer


MISSING = Refusal("missing", "it is not there", "")
DENIED = Refusal("denied", "it is refused", "allow it")
