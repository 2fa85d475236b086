"""The whole difference of two renderings as the lines of a diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from sandbox.deploy.compare.changes import ResourceChange

_CONTEXT = 2


def diff_lines(changes: Iterable[ResourceChange]) -> Iterator[list[str]]:
    """Yield the lines of each changed resource: what it is, then its inputs as YAML with `+` and `-` before them."""
    for change in changes:
        yield [f"@@ {change.op} {change.address} @@", *_lines(change)]


def _lines(change: ResourceChange) -> Iterator[str]:
    compared = difflib.unified_diff(_yaml(change.old), _yaml(change.new), n=_CONTEXT, lineterm="")
    for index, line in enumerate(compared):
        if index > 1 and not line.startswith("@@"):  # the first two name files, and there are none
            yield line


def _yaml(inputs: Mapping[str, Any]) -> list[str]:
    if not inputs:
        return []
    return yaml.dump(dict(inputs), Dumper=_Dumper, sort_keys=True, width=110, allow_unicode=False).splitlines()


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as several lines, so that a diff of it says which of them differ."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 the base class' signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
