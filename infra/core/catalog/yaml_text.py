"""Reads YAML in which no key may stand twice: the second one would silently win."""

from collections.abc import Hashable
from typing import Any

import yaml


class UniqueKeyLoader(yaml.CSafeLoader):
    """A safe loader that refuses a mapping with one key twice, naming the key and its line."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping after checking that its keys are different.

        Raises:
            yaml.constructor.ConstructorError: when a key stands twice.
        """
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value} stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)
