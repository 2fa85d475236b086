from __future__ import annotations

from collections.abc import Iterator

from policies.data_catalog import LEVELS, level_of
from policies.kafka_facts import DATA_CLASS, TOPICS, declared, name_of
from policies.labels import OWNER
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="DATA-001",
    title="Require each topic to have an owner and the class of its data",
    severity=Severity.MEDIUM,
    topics=("ownership", "privacy", "kafka"),
    frameworks=("gdpr:30",),
    applies_to=Types(TOPICS),
    rationale=(
        "Who answers for a topic is asked when it is full, wrong or to be erased, and its class decides who may read"
        " it. A topic whose label says less than what it holds is open to people who may not see it."
    ),
    remediation=(f"Declare the topic in the data catalog, and set the labels {OWNER} and {DATA_CLASS} as it says."),
)
def require_topic_ownership(resource: Resource) -> Iterator[Violation]:
    """One violation for a missing label, and for one that says less, or somebody else, than the catalog."""
    labels = resource.root.at("metadata", "labels")
    owner, label = labels[OWNER], labels[DATA_CLASS]
    name = name_of(resource)
    topic = declared(name)
    says, held = owner.text(), label.text()
    if not says:
        yield Violation(owner.path, f"the topic {name} has no owner")
    elif topic and topic.owner and says != topic.owner:
        yield Violation(owner.path, f"the topic {name} belongs to {topic.owner} in the catalog, not to {says}")
    if held not in LEVELS:
        yield Violation(label.path, f"the topic {name} does not say which class of data it holds")
    elif topic and LEVELS.index(level_of(held)) < LEVELS.index(topic.level):
        yield Violation(label.path, f"the topic {name} holds {topic.level} data, but says {held}")
