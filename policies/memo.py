from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from policies.model import Resource
from policies.unknown import UnknownValueError

_Item = TypeVar("_Item")


def found_once(resource: Resource, name: str, find: Callable[[Resource], Iterable[_Item]]) -> Iterator[_Item]:
    """What a search of one resource finds, searched for once however many rules ask.

    Args:
        resource: What is searched.
        name: What is found, as the key under which it is kept.
        find: The search; a function of the resource alone.

    Raises:
        UnknownValueError: After everything that was found before it, if the search ended with one.
    """
    kept: tuple[list[_Item], str | None] | None = resource.memo.get(name)
    if kept is None:
        kept = resource.memo[name] = _searched(resource, find)
    items, unknown = kept
    yield from items
    if unknown is not None:
        raise UnknownValueError(unknown)


def _searched(resource: Resource, find: Callable[[Resource], Iterable[_Item]]) -> tuple[list[_Item], str | None]:
    items: list[_Item] = []
    try:
        for item in find(resource):
            items.append(item)  # noqa: PERF402 - what was found before an unknown value counts
    except UnknownValueError as error:
        return items, error.path
    return items, None
