from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.artifacts import File, files_of
from policies.data_catalog import STEWARDS
from policies.model import Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="MASK-004",
    title="Limit who turns tokens back to stewards, on the record",
    severity=Severity.CRITICAL,
    topics=("masking", "privacy", "tokenization"),
    frameworks=("gdpr:25", "pci-dss-4.0:10.2.1"),
    applies_to=WholeStack(),
    mandatory_everywhere=True,
    rationale=(
        "A token protects nobody from him who may ask what it stands for. Whoever may, sees personal data in clear as"
        " if there were no tokens, so that it is for stewards, and each time is recorded."
    ),
    remediation="List under detokenize no role but stewards, and leave audit on.",
)
def limit_detokenization(stack: Stack) -> Iterator[Violation]:
    """One violation for each other role that may, and for each class that is not recorded."""

    def judge(file: File) -> Iterator[Violation]:
        for problem in _problems(file.json()):
            yield Violation(file.node.path, problem)

    yield from judged_each(((file.resource, file) for file in files_of(stack, "tokenization-roles", ".json")), judge)


def _problems(document: Any) -> Iterator[str]:
    classes = document.get("classes") if isinstance(document, dict) else None
    if not isinstance(classes, dict) or not all(isinstance(item, dict) for item in classes.values()):
        yield "there are no classes that can be read, so that nobody can say who may turn tokens back"
        return
    for name, item in classes.items():
        roles = item.get("detokenize")
        for role in roles if isinstance(roles, list) else ["everybody"]:
            if role not in STEWARDS:
                yield f"{role} may turn tokens of {name} back"
        if item.get("audit") is not True:
            yield f"nobody records who turns tokens of {name} back"
