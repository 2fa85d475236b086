"""Helpers of rules that look at a whole stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from policies.environments import environment_of
from policies.model import Resource, Stack, Violation
from policies.unknown import UnknownValueError

_Subject = TypeVar("_Subject")

_PASSING = frozenset({"local", "dev"})
"""The environments whose data can be made again."""


def of_types(stack: Stack, tokens: Iterable[str]) -> list[Resource]:
    """The resources of the stack that have one of the type tokens, in their order."""
    wanted = frozenset(tokens)
    return [resource for resource in stack.resources if resource.type in wanted]


def judged(resources: Iterable[Resource], check: Callable[[Resource], Iterable[Violation]]) -> Iterator[Violation]:
    """Ask a check about each resource in turn; its violations name the resource.

    A value that is not yet known ends the check for its resource only. What is not known is said once, at the end, so
    that it hides nothing about the others.

    Args:
        resources: What is judged.
        check: Yields the violations of one resource.

    Raises:
        UnknownValueError: After everything else, if any resource could not be judged; its path names the first of them.
    """
    return judged_each(((resource, resource) for resource in resources), check)


def judged_each(
    subjects: Iterable[tuple[Resource, _Subject]], check: Callable[[_Subject], Iterable[Violation]]
) -> Iterator[Violation]:
    """The same for things that are not resources themselves but are found in one."""
    unknown: list[str] = []
    for resource, subject in subjects:
        try:
            for violation in check(subject):
                yield violation if violation.resource else replace(violation, resource=resource)
        except UnknownValueError as error:
            unknown.append(f"{resource.address}: {error.path}")
    if unknown:
        others = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise UnknownValueError(f"{unknown[0]}{others}")


def keeps_data(stack: Stack) -> bool:
    """Whether the stack's environment holds data that cannot be made again.

    `local` and `dev` do not; every other name counts as if it did, as the level of rules does.
    """
    return environment_of(stack.name) not in _PASSING
