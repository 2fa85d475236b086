"""AWS calls for one resource: repeated when that is safe, given up with an error that names service and resource."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.aws.connection import Connection
from sandbox.engine.providers.aws.failures import AwsError, Failure, classify
from sandbox.engine.values import Json

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long failing calls are repeated: exponential back-off with full jitter, as AWS recommends.

    Attributes:
        attempts: tries in all.
        first: upper bound of the first pause, in seconds; it doubles from pause to pause.
        longest: upper bound of any pause, in seconds.
    """

    attempts: int = 8
    first: float = 0.1
    longest: float = 3.0

    def pause(self, attempt: int) -> float:
        """Return the pause after a failed attempt (0 for the first), in seconds."""
        return random.uniform(0.2, 1.0) * min(self.longest, self.first * 2.0**attempt)  # noqa: S311 jitter


class Calls:
    """AWS as seen by the operations on one resource.

    Args:
        connection: the clients.
        urn: the resource, for error messages.
        patience: how often to try.
        cancelled: ends pauses early.
        hidden: values that no message may hold.
    """

    def __init__(
        self,
        connection: Connection,
        urn: str,
        patience: Patience,
        cancelled: threading.Event | None = None,
        hidden: Iterable[str] = (),
    ) -> None:
        self.region = connection.endpoint.region
        self.account = connection.endpoint.account
        self.partition = connection.endpoint.partition
        self.urn = urn
        self._connection = connection
        self._patience = patience
        self._cancelled = cancelled or threading.Event()
        self._hidden = [value for value in hidden if value]

    def call(self, service: str, operation: str, /, **parameters: Json) -> dict[str, Any]:
        """Call an operation that may be repeated, until it succeeds, fails for good or patience ends."""
        return self._repeat(lambda: self._send(service, operation, parameters), lambda: None)

    def get(self, service: str, operation: str, missing: Iterable[str], /, **parameters: Json) -> dict[str, Any] | None:
        """Call a repeatable operation; None when the error code is one of `missing`."""
        try:
            return self.call(service, operation, **parameters)
        except AwsError as error:
            if error.failure.code in missing:
                return None
            raise

    def once(self, service: str, operation: str, /, **parameters: Json) -> dict[str, Any]:
        """Call an operation that may not be repeated blindly: a creation inside `create_or_find`."""
        return self._send(service, operation, parameters)

    def pages(self, service: str, operation: str, items: str, token: str, /, **parameters: Json) -> Iterator[Any]:
        """Yield the items of all pages.

        Args:
            service: the service.
            operation: the listing operation.
            items: the answer's member with the items.
            token: request and answer names of the continuation token, as `NextMarker:Marker` or one name for both.
            **parameters: the first request.
        """
        answered, _, asked = token.partition(":")
        while True:
            page = self.call(service, operation, **parameters)
            yield from page.get(items, ())
            if not page.get(answered):
                return
            parameters[asked or answered] = page[answered]

    def create_or_find(self, create: Callable[[], T], find: Callable[[], T | None]) -> T:
        """Create a thing exactly once.

        After each failure that may have taken effect, `find` looks for the thing before `create` is tried again.
        """
        return self._repeat(create, find)

    def fail(self, message: str) -> ProviderError:
        """Return an error about this resource."""
        return ProviderError(f"{self.urn}: {self._scrub(message)}")

    def _repeat(self, action: Callable[[], T], find: Callable[[], T | None]) -> T:
        attempt = 0
        while True:
            try:
                return action()
            except AwsError as error:
                attempt += 1
                again = error.failure.transient and attempt < self._patience.attempts
                if not error.failure.transient and attempt == 1:
                    raise  # nothing before it can have taken effect
                if again:
                    self._wait(attempt, error.failure)
                found = find()
                if found is not None:
                    return found
                if not again:
                    raise

    def _wait(self, attempt: int, failure: Failure) -> None:
        if self._cancelled.wait(self._patience.pause(attempt - 1)):
            raise self._error(failure, "the run was stopped while this was being repeated")

    def _send(self, service: str, operation: str, parameters: dict[str, Json]) -> dict[str, Any]:
        client = self._connection.client(service)
        given = {key: value for key, value in parameters.items() if value is not None}
        failure: Failure
        try:
            return dict(getattr(client, operation)(**given))
        except Exception as error:  # noqa: BLE001 classify raises again what is not an AWS failure
            failure = classify(service, _pascal(operation), error, self._connection.endpoint.url)
        raise self._error(failure)

    def _error(self, failure: Failure, note: str = "") -> AwsError:
        status = f" (HTTP {failure.status})" if failure.status else ""
        tail = f"; {note}" if note else ""
        text = f"{failure.service} {failure.operation} failed: {failure.code}{status}: {failure.message}{tail}"
        return AwsError(f"{self.urn}: {self._scrub(text)}", failure)

    def _scrub(self, text: str) -> str:
        for value in self._hidden:
            text = text.replace(value, "[secret]")
        return text


def _pascal(operation: str) -> str:
    return "".join(part.capitalize() for part in operation.split("_"))
