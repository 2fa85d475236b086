from __future__ import annotations

from collections.abc import Iterator

from policies.artifacts import files_of
from policies.kafka_facts import declared, name_of, topics_of
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged

_SENSITIVE = frozenset({"confidential", "pii"})
_SUFFIX = "-value.json"


@rule(
    id="DATA-006",
    title="Require topics with sensitive data to have a schema",
    severity=Severity.HIGH,
    topics=("privacy", "kafka", "schemas"),
    frameworks=("gdpr:30",),
    applies_to=WholeStack(),
    rationale=(
        "Only a schema says which field of a record is sensitive. Without one a producer can add an address or a number"
        " that nobody knows of, masks or erases."
    ),
    remediation="Declare the topic's columns in the data catalog, from which its subject in the registry is derived.",
)
def require_topic_schemas(stack: Stack) -> Iterator[Violation]:
    """One violation for each topic with confidential or personal data whose records have no schema in the stack.

    Judged where the stack delivers schemas; the artifact is derived from the whole catalog.
    """
    subjects = list(files_of(stack, "schema-subjects", _SUFFIX))
    if not subjects:
        return
    described = {file.name.removesuffix(_SUFFIX) for file in subjects if _describes(file.json())}

    def described_topic(topic: Resource) -> Iterator[Violation]:
        name = name_of(topic)
        known = declared(name)
        level = known.level if known else "unknown"
        # Dead letters carry records of every schema, and have one of their own for all consumers.
        if level in _SENSITIVE and name not in described and not name.endswith(".dead-letter"):
            yield Violation("spec.topicName", f"the topic {name} holds {level} data, and no schema says where")

    yield from judged(topics_of(stack), described_topic)


def _describes(subject: object) -> bool:
    return isinstance(subject, dict) and bool(subject.get("schema")) and bool(subject.get("schemaType"))
