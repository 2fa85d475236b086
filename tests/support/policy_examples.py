"""The good and bad examples that stand beside each rule, and the mutations that their comments ask for.

A bad example says what is found in it, one line each: `# finds: POD-001 spec.containers[0].image`.
A good one says what would break it: `# without: PATH` removes a field, `# with: PATH = JSON [and PATH = JSON]` sets
some; or, if nothing could, why: `# exempt: REASON`.
"""

import copy
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import policies
from policies.model import Resource
from policies.readers.manifests import read_yaml, resources_of

RULES = Path(policies.__file__).parent / "rules"
_STEP = re.compile(r'\[(?P<index>[0-9]+)\]|\["(?P<quoted>[^"]+)"\]|\.?(?P<plain>[A-Za-z0-9_-]+)')


@dataclass(frozen=True)
class Example:
    """One example file of a rule."""

    file: Path
    rule_folder: str
    document: dict[str, Any]
    finds: list[tuple[str, str]]
    mutations: list[str]
    exempt: str

    @property
    def label(self) -> str:
        return f"{self.file.parent.name}/{self.file.stem}"

    def resource(self) -> Resource:
        return resource_from(self.document)


def resource_from(document: dict[str, Any]) -> Resource:
    found = resources_of(document, "example.yaml:1")
    assert found is not None
    assert len(found) == 1
    return found[0]


def examples(prefix: str) -> list[Example]:
    """All examples whose file name begins with the prefix, `good-` or `bad-`."""
    return [_read(file) for file in sorted(RULES.glob(f"*/*/{prefix}*.yaml"))]


def mutated(example: Example, mutation: str) -> Resource:
    """The example with one mutation applied."""
    document = copy.deepcopy(example.document)
    verb, _, what = mutation.partition(": ")
    if verb == "without":
        _remove(document, _steps(what))
    else:
        for part in what.split(" and "):
            path, _, value = part.partition(" = ")
            _set(document, _steps(path), json.loads(value))
    return resource_from(document)


def _read(file: Path) -> Example:
    text = file.read_text()
    comments = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    [(_, document)] = read_yaml(text.encode(), str(file))
    finds = [tuple(line.removeprefix("finds: ").split(" ", 1)) for line in comments if line.startswith("finds: ")]
    return Example(
        file=file,
        rule_folder=file.parent.relative_to(RULES).as_posix(),
        document=document,
        finds=[(rule, path) for rule, path in finds],
        mutations=[line for line in comments if line.startswith(("with: ", "without: "))],
        exempt=next((line.removeprefix("exempt: ") for line in comments if line.startswith("exempt: ")), ""),
    )


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        assert match, f"no path: {path!r}"
        steps.append(int(match["index"]) if match["index"] else match["quoted"] or match["plain"])
        at = match.end()
    return steps


def _remove(document: Any, steps: list[str | int]) -> None:
    for step in steps[:-1]:
        document = document[step]
    del document[steps[-1]]


def _set(document: Any, steps: list[str | int], value: Any) -> None:
    for step in steps[:-1]:
        document = document.setdefault(step, {}) if isinstance(step, str) else document[step]
    document[steps[-1]] = value
