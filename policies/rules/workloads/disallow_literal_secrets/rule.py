from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import Container, EveryContainer
from policies.rule import rule
from policies.secret_forms import secret_form
from policies.secret_text import assigned_secret, is_literal, names_secret


@rule(
    id="POD-025",
    title="Disallow secrets in plain text in a container's environment and command line",
    severity=Severity.CRITICAL,
    topics=("security", "secrets"),
    frameworks=("owasp-kubernetes:K08", "nist-800-190:4.1.4"),
    applies_to=EveryContainer(),
    mandatory_everywhere=True,
    rationale=(
        "What stands in a pod's specification is read by everyone who may list pods, lies in the state, in version"
        " control and in backups, and cannot be rotated without a rollout."
    ),
    remediation="Keep the value in a Secret and mount it as a file, or refer to it by valueFrom.secretKeyRef.",
)
def disallow_literal_secrets(container: Container) -> Iterator[Violation]:
    """Judges by the names of variables and arguments, and by the form of values; a message never shows the value."""
    for variable in container.node["env"].items():
        yield from _variable(variable, container)
    for key in ("command", "args"):
        previous = ""
        for word in container.node[key].items():
            text = word.text() or ""
            yield from _word(word, text, previous, container)
            previous = text


def _variable(variable: Node, container: Container) -> Iterator[Violation]:
    value = variable["value"]
    text = value.text()
    if not text:
        return
    name = variable["name"].text() or ""
    if form := secret_form(text):
        yield Violation(value.path, f"the variable {name!r} of {container.name} contains {form}")
    elif names_secret(name) and is_literal(text):
        yield Violation(value.path, f"the variable {name!r} of {container.name} has a secret as plain text")


def _word(word: Node, text: str, previous: str, container: Container) -> Iterator[Violation]:
    option = previous.lstrip("-") if previous.startswith("-") and "=" not in previous else ""
    if form := secret_form(text):
        yield Violation(word.path, f"the command line of {container.name} contains {form}")
    elif name := assigned_secret(text):
        yield Violation(word.path, f"the command line of {container.name} gives {name!r} as plain text")
    elif names_secret(option) and is_literal(text) and not text.startswith("-"):
        yield Violation(word.path, f"the command line of {container.name} gives {option!r} as plain text")
