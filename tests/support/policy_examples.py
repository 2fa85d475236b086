"""The good and bad examples that stand beside each rule, and the mutations that their comments ask for.

A bad example says what is found in it, one line each: `# finds: POD-001 spec.containers[0].image`.
A good one says what would break it: `# without: PATH` removes a field, `# with: PATH = JSON [and PATH = JSON]` sets
some; or, if nothing could, why: `# exempt: REASON`.

A document is a Kubernetes object, or a resource of Pulumi with `type`, `name` and `properties`. An example of several
documents is a stack, and its paths begin with the document's number: `[1].spec.ports[0].port`; the paths of findings
about no resource do not.
"""

import copy
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import policies
from policies.model import Finding, Resource, Stack
from policies.readers.manifests import read_yaml, resources_of
from policies.rule import Rule

RULES = Path(policies.__file__).parent / "rules"
_STEP = re.compile(r'\[(?P<index>[0-9]+)\]|\["(?P<quoted>[^"]+)"\]|\.?(?P<plain>[A-Za-z0-9_-]+)')


@dataclass(frozen=True)
class Example:
    """One example file of a rule."""

    file: Path
    rule_folder: str
    documents: list[dict[str, Any]]
    finds: list[tuple[str, str]]
    mutations: list[str]
    exempt: str

    @property
    def label(self) -> str:
        return f"{self.file.parent.name}/{self.file.stem}"

    def resources(self) -> list[Resource]:
        return [resource_from(document) for document in self.documents]


def findings_of(rule: Rule, resources: list[Resource], *, stack: str = "prod") -> list[Finding]:
    """What a rule finds in the resources, and in the stack that they make."""
    found = [finding for resource in resources for finding in rule.evaluate(resource, stack=stack)]
    return found + list(rule.evaluate_stack(Stack(stack, resources)))


def placed(findings: list[Finding], resources: list[Resource]) -> list[tuple[str, str]]:
    """The findings as examples name them: rule and path, the path with the document's number if there are several."""
    if len(resources) == 1:
        return [(finding.rule, finding.path) for finding in findings]
    numbers = {resource.urn: number for number, resource in enumerate(resources)}
    assert len(numbers) == len(resources), "two documents of one example are the same object"
    return [(finding.rule, _placed(finding, numbers)) for finding in findings]


def _placed(finding: Finding, numbers: dict[str, int]) -> str:
    if not finding.urn:
        return finding.path
    return f"[{numbers[finding.urn]}].{finding.path}"


def resource_from(document: dict[str, Any]) -> Resource:
    if "properties" in document:
        type_, name = document["type"], document["name"]
        return Resource(f"urn:pulumi:prod::example::{type_}::{name}", type_, name, document["properties"])
    found = resources_of(document, "example.yaml:1")
    assert found is not None
    assert len(found) == 1
    return found[0]


def examples(prefix: str) -> list[Example]:
    """All examples whose file name begins with the prefix, `good-` or `bad-`."""
    return [_read(file) for file in sorted(RULES.glob(f"*/*/{prefix}*.yaml"))]


def mutated(example: Example, mutation: str) -> list[Resource]:
    """The resources of the example with one mutation applied."""
    documents = copy.deepcopy(example.documents)
    document: Any = documents if len(documents) > 1 else documents[0]
    verb, _, what = mutation.partition(": ")
    if verb == "without":
        _remove(document, _steps(what))
    else:
        for part in what.split(" and "):
            path, _, value = part.partition(" = ")
            _set(document, _steps(path), json.loads(value))
    return [resource_from(document) for document in documents if document]


def _read(file: Path) -> Example:
    text = file.read_text()
    comments = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    finds = [tuple(line.removeprefix("finds: ").split(" ", 1)) for line in comments if line.startswith("finds: ")]
    return Example(
        file=file,
        rule_folder=file.parent.relative_to(RULES).as_posix(),
        documents=[document for _, document in read_yaml(text.encode(), str(file))],
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
    if len(steps) == 1 and isinstance(document, list):
        # A whole document goes; the others keep their numbers.
        document[steps[0]] = None
    else:
        del document[steps[-1]]


def _set(document: Any, steps: list[str | int], value: Any) -> None:
    for step in steps[:-1]:
        document = document.setdefault(step, {}) if isinstance(step, str) else document[step]
    document[steps[-1]] = value
