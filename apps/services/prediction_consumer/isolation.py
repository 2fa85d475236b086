"""Finding the items because of which a service refuses a whole request."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Refused(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """A service will not take this request, however often it is sent.

    Attributes:
        status: the HTTP status.
        reason: what the service said.
        named: what it said of single items, by their place in the request.
    """

    def __init__(self, service: str, status: int, reason: str, named: dict[int, str] | None = None) -> None:
        """Keep what the service said."""
        super().__init__(f"{service} answers {status}: {reason}")
        self.service = service
        self.status = status
        self.reason = reason
        self.named = named or {}


def refusal(service: str, status: int, reason: str, document: Any, field: str) -> Refused:
    """Read a refusal: problem details (RFC 9457) whose ``errors`` name items as ``body.<field>.<place>``.

    An answer of another form is a refusal too; its items then have to be found by trying.
    """
    named: dict[int, str] = {}
    place = re.compile(rf"body\.{re.escape(field)}\.(\d+)(?:\.(.*))?")
    errors = document.get("errors") if isinstance(document, dict) else None
    for error in errors if isinstance(errors, list) else []:
        found = place.fullmatch(str(error.get("location", ""))) if isinstance(error, dict) else None
        if found:
            named.setdefault(int(found[1]), ": ".join(part for part in (found[2], str(error.get("message"))) if part))
    return Refused(service, status, reason, named)


async def isolating(items: Sequence[T], ask: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> list[R | Refused]:
    """Ask for all items at once; where that is refused, for fewer, until each is answered or refused by itself.

    Args:
        items: what to ask for.
        ask: asks for some of them: one result an item, in order. Raises ``Refused``; whatever else it raises ends all.

    Returns:
        One result or refusal an item, in order.
    """
    if not items:
        return []
    try:
        return list(await ask(items))
    except Refused as refused:
        named = {place: text for place, text in refused.named.items() if place < len(items)}
        if len(items) == 1:
            return [_single(refused, named.get(0))]
        if not named:
            half = len(items) // 2
            return [*await isolating(items[:half], ask), *await isolating(items[half:], ask)]
        rest = iter(await isolating([item for place, item in enumerate(items) if place not in named], ask))
        return [_single(refused, named[place]) if place in named else next(rest) for place in range(len(items))]


def _single(refused: Refused, said: str | None) -> Refused:
    return Refused(refused.service, refused.status, said or refused.reason)
