from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.smoke.client import PREDICTIONS, PRICES, PathClient, PathError, a_price
from sandbox.smoke.hosted import CONSUMER, FEATURES, FEED, GATEWAY, MODEL, Hosted
from sandbox.smoke.report import Smoke, smoke_of

SYMBOL, PRICE = "WTI", "61.2500"
READY_SECONDS = 180.0
"""How long the path may take to become ready; `up` has waited for the workloads before."""

ANSWER_SECONDS = 20.0
_LOOK_SECONDS = 0.25
_TELL_SECONDS = 5.0


class SmokeFailedError(SandboxError):
    """One price did not come through; the message names the hop, and where its log is."""


def run_smoke(
    host: Path,
    token: Callable[[], str],
    tell: Callable[[str], None],
    *,
    ready_seconds: float = READY_SECONDS,
    answer_seconds: float = ANSWER_SECONDS,
) -> Smoke:
    """Send one price through the whole path of a running sandbox, and wait for its prediction.

    Args:
        host: The directory of the sandbox's agent.
        token: Gives a bearer token that may write prices and read predictions; asked once the path is ready.
        tell: Told what is waited for.
        ready_seconds: How long the path may take to become ready.
        answer_seconds: How long the prediction may take.

    Raises:
        SmokeFailedError: Naming the hop that did not answer.
    """
    feed, gateway = _wait_until_ready(host, tell, ready_seconds)
    try:
        return asyncio.run(_journey(host, feed, gateway, token(), answer_seconds))
    except PathError as error:
        raise _failed(host, error) from error


def _wait_until_ready(host: Path, tell: Callable[[str], None], seconds: float) -> tuple[str, str]:
    begun = said_at = time.monotonic()
    said = ""
    while True:
        hosted = Hosted.read(host)
        missing = list(hosted.missing())
        feed, gateway = hosted.url(FEED), hosted.url(GATEWAY)
        if not missing and feed and gateway:
            return feed, gateway
        waits = ", ".join(missing) or "the addresses of price-feed and stream-gateway"
        if time.monotonic() - begun > seconds:
            hop = missing[0].split()[0] if missing else GATEWAY
            raise _failed(host, PathError(hop, f"the path is not ready after {seconds:.0f} s: it waits for {waits}"))
        if waits != said and time.monotonic() - said_at >= (_TELL_SECONDS if said else 1.0):
            tell(f"the path of prices waits for {waits}")
            said, said_at = waits, time.monotonic()
        time.sleep(_LOOK_SECONDS)


async def _journey(host: Path, feed: str, gateway: str, token: str, seconds: float) -> Smoke:
    price = a_price(SYMBOL, PRICE)
    async with PathClient(feed, gateway, token, [SYMBOL]) as client:
        sent_at, trace = await client.post(price)
        try:
            await client.seen(PRICES, trace, seconds)
        except TimeoutError as error:
            raise PathError(GATEWAY, f"the price is on Kafka, but did not come within {seconds:.0f} s") from error
        try:
            came_at, envelope = await client.seen(PREDICTIONS, trace, seconds)
        except TimeoutError as error:
            hop, reason = await asyncio.to_thread(_held_up_at, Hosted.read(host))
            raise PathError(hop, f"no prediction of it came within {seconds:.0f} s{reason}") from error
    return smoke_of(price, sent_at, came_at, envelope)


def _held_up_at(hosted: Hosted) -> tuple[str, str]:
    """Which service holds predictions up, by what prediction-consumer says of itself."""
    for pod in hosted.of(CONSUMER):
        for port in pod["ports"]:
            for check in _checks(pod["address"], port):
                reason = str(check.get("reason") or "")
                if reason:
                    hop = next((name for name in (FEATURES, MODEL, "kafka") if name in reason), CONSUMER)
                    return hop, f": {CONSUMER} says: {reason}"
    return CONSUMER, "; it says that nothing holds it up: the price may be in its dead-letter topic"


def _checks(address: str, port: int) -> list[dict[str, Any]]:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        checks: list[dict[str, Any]] = json.loads(connection.getresponse().read())["checks"]
    except (OSError, http.client.HTTPException) as error:
        return [{"reason": f"no answer from {address}:{port}: {error}"}]
    except (ValueError, KeyError, TypeError):
        return []
    finally:
        connection.close()
    return checks


def _failed(host: Path, error: PathError) -> SmokeFailedError:
    log = Hosted.read(host).log(error.hop)
    fix = f"look at its log: {log}" if log else "see what runs: sandbox status"
    return SmokeFailedError(f"One price did not come through the path: {error}", where=error.hop, fix=fix)
