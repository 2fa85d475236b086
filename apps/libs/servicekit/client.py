"""Calls from one service to another: time-outs, tries, a breaker, token and trace, each thought of once."""

import asyncio
import math
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from servicekit.auth.tokens import TokenSource
from servicekit.breaker import CircuitBreaker, CircuitOpen
from servicekit.retry import Backoff
from servicekit.tracing import fail, request_headers, span

_PASSING = frozenset({429, 502, 503, 504})
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_LONGEST_RETRY_AFTER = 5.0


class ServiceUnavailable(Exception):  # noqa: N818 - it is a state that is met, not a mistake
    """A service gave no answer that can be used, after all tries; the message says which and why.

    Attributes:
        retry_after: seconds after which it may be worth another look; None where unknown.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """Say what happened."""
        super().__init__(message)
        self.retry_after = retry_after


class ServiceRefused(Exception):  # noqa: N818 - it is an answer, not a mistake
    """A service answered that the request is wrong (4xx): trying again does not mend it.

    Attributes:
        status: of the answer.
        detail: what the service said.
        document: the answer's JSON, which may name the fields that are at fault; None where it is none.
    """

    def __init__(self, name: str, status: int, detail: str, document: Any = None) -> None:
        """Say which service, and what it answered."""
        super().__init__(f"{name} answered {status}: {detail}")
        self.status, self.detail, self.document = status, detail, document


class ServiceClient:
    """Speaks JSON to one service over kept connections.

    A call that is idempotent (every method but POST and PATCH, or where the caller says so) is tried again after a
    time-out, a lost connection and 429, 502, 503 and 504; others only where no connection was made.
    """

    def __init__(
        self,
        base_url: str,
        token_source: TokenSource | None,
        *,
        name: str | None = None,
        timeout_seconds: float = 2.0,
        attempts: int = 3,
        backoff: Backoff | None = None,
        breaker: CircuitBreaker | None = None,
        connections: int = 64,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        """Speak to the service at a URL; opens no connection yet.

        Args:
            base_url: scheme, host and port.
            token_source: who calls; None for services without a door.
            name: of the service in messages; its host by default.
            timeout_seconds: for each try as a whole.
            attempts: tries in all.
            backoff: waits between tries; 0.05 s to 1 s by default.
            breaker: guards the service; one of its own by default, which opens after 10 failures in a row; a
                refusal is an answer, and ends the row.
            connections: held at most.
            transport: another one in tests.
            sleep: waits; another one in tests.
        """
        self.name = name or httpx.URL(base_url).host
        self._source, self._attempts, self._sleep = token_source, attempts, sleep
        self._timeout = timeout_seconds
        self._backoff = backoff or Backoff(0.05, 1.0)
        self._breaker = breaker or CircuitBreaker(
            self.name, failures=10, counts=(ServiceUnavailable,), answers=(ServiceRefused,)
        )
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON that a path answers; see :meth:`call`."""
        return await self.call("GET", path, headers=headers)

    async def post(
        self, path: str, body: Any, *, idempotent: bool = False, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON that a path answers to a body; see :meth:`call`."""
        return await self.call("POST", path, body, idempotent=idempotent, headers=headers)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idempotent: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON of an answer; None where it has no body.

        Raises:
            ServiceRefused: the service said 4xx, other than 429.
            ServiceUnavailable: no answer after all tries, 5xx, or the breaker is open.
            NoToken: there is no token to show.
        """
        again = method in _IDEMPOTENT if idempotent is None else idempotent
        waits = self._backoff.waits()
        for remaining in range(self._attempts - 1, -1, -1):
            try:
                async with self._breaker.guard():
                    return await self._try(method, path, body, headers, self._attempts - 1 - remaining)
            except CircuitOpen as error:
                raise ServiceUnavailable(str(error), error.retry_after) from error
            except ServiceUnavailable as error:
                never_sent = isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)
                if not remaining or not (again or never_sent):
                    raise
                await self._sleep(max(next(waits), min(error.retry_after or 0.0, _LONGEST_RETRY_AFTER)))
        raise AssertionError("unreachable: the last try returns or raises")

    async def _try(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None, before: int) -> Any:
        sent = {"accept": "application/json", **(headers or {})}
        if self._source is not None:
            sent["authorization"] = f"Bearer {self._source.token()}"
        content = None
        if body is not None:
            content, sent["content-type"] = orjson.dumps(body), "application/json"
        try:
            # Named by the method alone: a path may hold what is asked for.
            with span(method, SpanKind.CLIENT, self._attributes(method, path, before)) as asking:
                sent = {**request_headers(), **sent}
                async with asyncio.timeout(self._timeout):
                    answer = await self._client.request(method, path, content=content, headers=sent)
                asking.set_attribute("http.response.status_code", answer.status_code)
                if answer.status_code >= 400:
                    fail(asking, str(answer.status_code))
        except (httpx.HTTPError, TimeoutError) as error:
            reason = str(error) or f"no answer within {self._timeout:g} s"
            raise ServiceUnavailable(f"{self.name}: {method} {path}: {reason}") from error
        return self._read(answer, f"{method} {path}")

    def _attributes(self, method: str, path: str, before: int) -> dict[str, AttributeValue]:
        url = self._client.base_url.join(path).copy_with(query=None, fragment=None, userinfo=b"")
        port = url.port or (443 if url.scheme == "https" else 80)
        attributes: dict[str, AttributeValue] = {
            "http.request.method": method,
            "server.address": url.host,
            "server.port": port,
            "url.full": str(url),
        }
        if before:
            attributes["http.request.resend_count"] = before
        return attributes

    def _read(self, answer: httpx.Response, what: str) -> Any:
        if answer.status_code in _PASSING or answer.status_code >= 500:
            told = f"{self.name}: {what}: {answer.status_code} {_detail(answer)}"
            raise ServiceUnavailable(told, _retry_after(answer))
        if answer.status_code >= 400:
            raise ServiceRefused(self.name, answer.status_code, _detail(answer), _document(answer))
        try:
            return orjson.loads(answer.content) if answer.content else None
        except orjson.JSONDecodeError as error:
            raise ServiceUnavailable(f"{self.name}: {what}: the answer is no JSON: {error}") from error


def _document(answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None


def _detail(answer: httpx.Response) -> str:
    document = _document(answer)
    detail = document.get("detail") if isinstance(document, dict) else None
    return str(detail) if detail else answer.reason_phrase


def _retry_after(answer: httpx.Response) -> float | None:
    try:
        seconds = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
