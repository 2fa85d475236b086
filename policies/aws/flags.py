from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.aws.stores import Flag, nodes_at
from policies.model import Resource, Violation
from policies.rule import Types


def types_of(table: Mapping[str, object]) -> Types:
    """The types that a table lists, to apply a rule to."""
    return Types(frozenset(table))


def unset(table: Mapping[str, tuple[Flag, ...]], resource: Resource, says: str) -> Iterator[Violation]:
    """One violation for each flag of the resource that does not say yes.

    Args:
        table: The flags by type.
        resource: The resource.
        says: What a flag that is not set means, as the message puts it.
    """
    for flag in table[resource.type]:
        for node in nodes_at(resource.root, flag.path):
            if not node.exists():
                if not flag.missing_is_good:
                    yield Violation(node.path, f"{says}: {node.path} is not set")
            elif not flag.good(node):
                yield Violation(node.path, f"{says}: {node.path} is {node.shown()}")
