from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.control_plane.endpoints import write_text

CLIENT = "client"
"""The last hop: this process, at the other end of the WebSocket."""

_MICROSECONDS = 1_000


@dataclass(frozen=True)
class Hop:
    """One service on a price's way.

    Attributes:
        service: Its name.
        at: Epoch microseconds at which it was done with its part.
        ms: Milliseconds since the hop before it, or since the price was sent.
    """

    service: str
    at: int
    ms: float


@dataclass(frozen=True)
class Smoke:
    """One price that went through the whole path.

    Attributes:
        hops: Every service that it came through, in the order of time.
        total_ms: Milliseconds from sending the price to having the prediction.
        answer: The prediction.
        price: What was sent.
        traceparent: The trace that both carry.
    """

    hops: tuple[Hop, ...]
    total_ms: float
    answer: dict[str, Any]
    price: dict[str, Any]
    traceparent: str

    def lines(self) -> Iterator[str]:
        """The journey for people: a line for each hop, and the answer."""
        width = max(len(hop.service) for hop in self.hops)
        yield f"One price through the whole path ({self.price['symbol']} at {self.price['price']}):"
        for hop in self.hops:
            yield f"    {hop.service:<{width}}  {hop.ms:7.1f} ms"
        yield f"    {'in all':<{width}}  {self.total_ms:7.1f} ms"
        answer = self.answer
        yield (
            f"    prediction {answer['prediction']:.4f} with confidence {answer['confidence']:.2f}"
            f" by model version {answer['model_version']}"
        )

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "hops": [{"service": hop.service, "at": hop.at, "ms": hop.ms} for hop in self.hops],
            "total_ms": self.total_ms,
            "answer": self.answer,
            "price": self.price,
            "traceparent": self.traceparent,
        }

    def write(self, path: Path) -> None:
        """Write it down.

        Raises:
            SandboxError: The file cannot be written.
        """
        write_text(path, json.dumps(self.to_json(), indent=2) + "\n")


def smoke_of(price: dict[str, Any], sent_at: int, came_at: int, envelope: dict[str, Any]) -> Smoke:
    """What a prediction's envelope tells of its way.

    Args:
        price: What was sent.
        sent_at: Epoch microseconds at which it was.
        came_at: Epoch microseconds at which the prediction came.
        envelope: The prediction as stream-gateway sends it.
    """
    visited = [(str(hop["service"]), int(hop["at"])) for hop in envelope["hops"]]
    hops, before = [], sent_at
    for service, at in [*sorted(visited, key=lambda hop: hop[1]), (CLIENT, came_at)]:
        hops.append(Hop(service, at, round((at - before) / _MICROSECONDS, 3)))
        before = at
    total = round((came_at - sent_at) / _MICROSECONDS, 3)
    return Smoke(tuple(hops), total, envelope["value"], price, envelope["traceparent"])
