"""Price in to prediction at a WebSocket client, through every service of the local stack that runs on this machine."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys

from bench.report import line
from sandbox.control_plane.lifecycle import admin_client, status
from sandbox.paths import SandboxPaths
from sandbox.smoke.client import PREDICTIONS, PathClient, a_price
from sandbox.smoke.hosted import FEED, GATEWAY, Hosted
from sandbox.smoke.identity import smoke_token
from sandbox.smoke.report import Smoke, smoke_of

PRICES = 500
RATE = 25
"""Prices a second: more than one at a time is under way, as on a busy day."""

LIMIT = 250.0
"""Milliseconds that 95 of 100 may take."""

NAME = os.environ.get("BENCH_SANDBOX", "local")
"""The sandbox that is measured."""
_SYMBOL = "WTI"
_SECONDS = 30.0


def main() -> None:
    """Print the latencies; says so where the sandbox (`local`, or the one that BENCH_SANDBOX names) does not run."""
    endpoints = status(NAME).endpoints
    hosted = Hosted.read(SandboxPaths.of(NAME).host)
    feed, gateway = hosted.url(FEED), hosted.url(GATEWAY)
    if endpoints is None or feed is None or gateway is None:
        print(f"not measured: the path of prices does not run in the sandbox {NAME!r}; start it: make up")
        return
    token = smoke_token(admin_client(endpoints))
    taken, lost = asyncio.run(_measure(feed, gateway, token))
    if lost:
        sys.exit(f"{lost} of {PRICES} prices led to no prediction within {_SECONDS:g} s")
    name = f"price in to prediction at the client, {PRICES} prices, {RATE}/s:"
    hundredths = statistics.quantiles([smoke.total_ms for smoke in taken], n=100, method="inclusive")
    line(f"{name} p50", hundredths[49], "ms")
    line(f"{name} p95", hundredths[94], "ms", against="limit", limit=LIMIT)
    line(f"{name} p99", hundredths[98], "ms")
    for service in [hop.service for hop in taken[0].hops]:
        each = [hop.ms for smoke in taken for hop in smoke.hops if hop.service == service]
        line(f"  to {service}: p50", statistics.median(each), "ms")


async def _measure(feed: str, gateway: str, token: str) -> tuple[list[Smoke], int]:
    async with PathClient(feed, gateway, token, [_SYMBOL]) as client:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        journeys = []
        for number in range(PRICES):
            await asyncio.sleep(max(0.0, begun + number / RATE - loop.time()))
            journeys.append(asyncio.create_task(_journey(client, 60 + number % 100 / 100)))
        results = await asyncio.gather(*journeys)
    taken = [smoke for smoke in results if smoke is not None]
    return taken, len(results) - len(taken)


async def _journey(client: PathClient, price: float) -> Smoke | None:
    sent = a_price(_SYMBOL, f"{price:.4f}")
    sent_at, trace = await client.post(sent)
    try:
        came_at, envelope = await client.seen(PREDICTIONS, trace, _SECONDS)
    except TimeoutError:
        return None
    return smoke_of(sent, sent_at, came_at, envelope)
