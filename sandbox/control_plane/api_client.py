import copy
import http.client
import json
import ssl
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from sandbox.errors import SandboxError

BUSY_SECONDS = 30.0
"""How long a request is made again while the API server has not begun it and asks to come back (429), as it does while
it opens the storage of a kind."""


class ApiError(SandboxError):
    """The API server refused a request, or could not be asked.

    Attributes:
        status: The HTTP status; 0 when there was no answer.
        reason: The reason in Kubernetes' words, such as ``NotFound``; empty when there was no answer.
    """

    def __init__(self, what: str, *, status: int, reason: str = "", where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.status = status
        self.reason = reason

    @classmethod
    def refused(cls, method: str, path: str, status: int, answer: bytes, *, where: str = "") -> Self:
        """What the API server's answer to a request says, be it Kubernetes' JSON or plain text."""
        reason, message = "", answer.decode("utf-8", "replace")[:500]
        try:
            details = json.loads(answer)
            reason, message = str(details.get("reason", "")), str(details.get("message", message))
        except (ValueError, AttributeError):
            pass  # health checks answer in plain text
        what = f"The API server answered {status} to {method} {path}: {message}"
        return cls(what, status=status, reason=reason, where=where)


class ApiClient:
    """A small client of the API server for the sandbox's own chores: one connection, one thread.

    It uses the standard library alone, since the supervisor lives as long as the sandbox and its memory counts, and
    finding out that a sandbox runs may not take longer than importing a larger client would.

    Args:
        url: The API server, as ``https://127.0.0.1:<port>``.
        ca: Its CA certificate.
        cert: The client certificate.
        key: The key of that certificate.
        timeout: Seconds to wait for an answer.
    """

    def __init__(self, url: str, *, ca: Path, cert: Path, key: Path, timeout: float = 10.0) -> None:
        parts = urllib.parse.urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 443
        self._url = url
        self._timeout = timeout
        self._connection: http.client.HTTPSConnection | None = None
        try:
            self._tls = ssl.create_default_context(cafile=str(ca))
            self._tls.load_cert_chain(str(cert), str(key))
        except OSError as error:
            raise ApiError(f"Cannot read the certificates: {error}", status=0, where=str(ca.parent)) from error

    def get(self, path: str) -> Any:
        """The JSON at a path.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        return self.request("GET", path)

    def text(self, path: str) -> str:
        """The text at a path, for health checks.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        return self._send("GET", path, None, {}).decode("utf-8", "replace")

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """Send a request and return the JSON of the answer.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        headers = {"Accept": accept}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = content_type
        return json.loads(self._send(method, path, data, headers) or b"null")

    def apply(self, path: str, body: dict[str, Any], *, manager: str) -> Any:
        """Apply an object on the server's side, taking over the fields that it names.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        query = urllib.parse.urlencode({"fieldManager": manager, "force": "true"})
        return self.request("PATCH", f"{path}?{query}", body, content_type="application/apply-patch+yaml")

    def watch(self, path: str, *, seconds: int) -> Iterator[dict[str, Any]]:
        """The events of a watch, which the server ends after some seconds. It has a connection of its own.

        Raises:
            ApiError: It was refused, or broke off.
        """
        connection = http.client.HTTPSConnection(self._host, self._port, context=self._tls, timeout=seconds + 10)
        separator = "&" if "?" in path else "?"
        try:
            connection.request("GET", f"{path}{separator}watch=true&timeoutSeconds={seconds}")
            response = connection.getresponse()
            if response.status >= 400:
                raise ApiError.refused("GET", path, response.status, response.read(), where=self._url)
            while line := response.readline():
                yield json.loads(line)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._silent(error) from error
        finally:
            connection.close()

    def copy(self) -> "ApiClient":
        """A client with the same credentials and a connection of its own, for another thread."""
        other = copy.copy(self)
        other._connection = None  # noqa: SLF001 - the same class
        return other

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> bytes:
        until = time.monotonic() + BUSY_SECONDS
        while True:
            status, answer = self._answer(method, path, data, headers)
            if status < 400:
                return answer
            if status != http.client.TOO_MANY_REQUESTS or time.monotonic() > until:
                raise ApiError.refused(method, path, status, answer, where=self._url)
            time.sleep(0.2)

    def _answer(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        fresh = self._connection is None
        try:
            return self._exchange(method, path, data, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if fresh:
                raise self._silent(error) from error
            try:  # the server may have closed a connection that had been idle; everything sent here can be repeated
                return self._exchange(method, path, data, headers)
            except (OSError, http.client.HTTPException) as again:
                self.close()
                raise self._silent(again) from again

    def _exchange(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, context=self._tls, timeout=self._timeout
            )
        self._connection.request(method, path, body=data, headers=headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def _silent(self, error: Exception) -> ApiError:
        return ApiError(
            f"The API server does not answer: {error}",
            status=0,
            where=self._url,
            fix="look at the sandbox's status and logs",
        )
