"""What goes wrong with a request, and how it is told to a person."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.engine.provider import ProviderError
from sandbox.engine.values import Json

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_SHORTEST_SCRUBBED = 4
_UNTYPED = "failed to create typed patch object"
"""How the server begins to say that a manifest has a field its schema does not know; it calls that an error 500."""


@dataclass(frozen=True)
class Cause:
    """One reason in a refusal: the field it is about (may be empty), the message, the machine-readable kind."""

    field: str
    message: str
    reason: str = ""


class RefusedError(ProviderError):
    """The API server answered with an error.

    Attributes:
        code: the HTTP status.
        reason: the machine-readable reason of the Status object, such as `Conflict`; empty when there was none.
        details_kind: what the Status is about, such as `namespaces`.
        causes: the single reasons.
        text: the server's own message.
        retry_after: seconds that the server asks us to wait; 0 when it does not say.
    """

    def __init__(self, action: str, url: str, code: int, status: Json) -> None:
        body = status if isinstance(status, dict) else {}
        details = body.get("details") or {}
        self.code = code
        self.retry_after = 0.0
        self.reason: str = body.get("reason") or ""
        self.details_kind: str = details.get("kind") or ""
        self.causes = tuple(
            Cause(cause.get("field") or "", cause.get("message") or "", cause.get("reason") or "")
            for cause in details.get("causes") or ()
        )
        self.text: str = body.get("message") or (status if isinstance(status, str) else "") or "no message"
        super().__init__(_explain(action, url, self))

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a moment later."""
        if self.code == 409 and self.reason == "Conflict":
            return not self.field_conflicts
        return self.code in _TRANSIENT and not self.text.startswith(_UNTYPED)

    @property
    def field_conflicts(self) -> tuple[Cause, ...]:
        """The causes that name a field owned by another field manager."""
        return tuple(cause for cause in self.causes if cause.reason == "FieldManagerConflict")

    @property
    def namespace_missing(self) -> bool:
        """Whether the object's namespace does not exist, or is about to go."""
        going = self.code == 403 and "is being terminated" in self.text
        return going or (self.code == 404 and self.details_kind == "namespaces")


class UnreachableError(ProviderError):
    """The API server could not be reached, or kept failing for longer than the retry budget."""


def _explain(action: str, url: str, error: RefusedError) -> str:
    conflicts = error.field_conflicts
    if conflicts:
        lines = [f"  {cause.field}: {cause.message}" for cause in conflicts]
        return (
            f"{action}: somebody else manages fields of the existing object at {url}:\n"
            + "\n".join(lines)
            + "\n  To fix it: delete that object, or remove those fields from it, and run again."
        )
    head = f"{action}: refused by {url} ({error.code}{' ' + error.reason if error.reason else ''})"
    if not error.causes:
        return f"{head}: {error.text}"
    lines = [f"  {cause.field}: {cause.message}" if cause.field else f"  {cause.message}" for cause in error.causes]
    # a server may leave the field of its only cause empty and name it in the message alone
    detail = "\n".join(lines) if any(cause.field for cause in error.causes) else f"  {error.text}"
    return f"{head}:\n{detail}"


def unreachable(action: str, url: str, cause: str, seconds: float) -> UnreachableError:
    """Say that the server could not be reached, for how long it was tried, and what to do."""
    return UnreachableError(
        f"{action}: the API server at {url} did not answer properly for {seconds:.0f} s; last: {cause}. "
        "To fix it: see whether the sandbox still runs (its status and logs name the part that ended), "
        "start it again and repeat the command; what was done already is kept."
    )


def untrusted(action: str, url: str, cause: str) -> UnreachableError:
    """Say that the server's certificate, or ours, is not accepted; trying again cannot help."""
    return UnreachableError(
        f"{action}: no trust between this sandbox and {url}: {cause}. "
        "To fix it: something else listens there, or its certificates are of another sandbox; stop and start this one."
    )


def secret_texts(body: Json) -> list[str]:
    """List the texts of a Secret manifest that no message may show, plain and base64; empty for other kinds."""
    if not isinstance(body, dict) or body.get("kind") != "Secret":
        return []
    texts: set[str] = set()
    for encoded in (body.get("data") or {}).values():
        if isinstance(encoded, str):
            texts.add(encoded)
            try:
                texts.add(base64.b64decode(encoded, validate=True).decode())
            except ValueError:
                continue
    texts.update(value for value in (body.get("stringData") or {}).values() if isinstance(value, str))
    return sorted((text for text in texts if len(text) >= _SHORTEST_SCRUBBED), key=len, reverse=True)


def scrub(message: str, secrets: Iterable[str]) -> str:
    """Replace every secret text in a message."""
    for secret in secrets:
        message = message.replace(secret, "[secret]")
    return message
