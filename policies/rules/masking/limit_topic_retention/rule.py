from __future__ import annotations

from collections.abc import Iterator

from policies.kafka_facts import TOPICS, days_of, declared, name_of
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="DATA-004",
    title="Limit how long topics keep records",
    severity=Severity.MEDIUM,
    topics=("retention", "privacy", "kafka"),
    frameworks=("gdpr:5.1.e",),
    applies_to=Types(TOPICS),
    rationale=(
        "A topic without a bound fills its disk, or keeps what a person asked to have erased. How long data of a class"
        " may be kept is said in the catalog; the topic says when it is gone."
    ),
    remediation=(
        "Set config retention.ms within what the catalog allows for the topic's classes, or cleanup.policy compact for"
        " a topic that keeps the last value of each key."
    ),
)
def limit_topic_retention(resource: Resource) -> Iterator[Violation]:
    """One violation for a topic that keeps everything for ever, and for one that keeps it longer than its class may be.

    A compacted topic keeps the last record of each key, which is its purpose; it may not hold a class with a limit that
    a key could outlive, which is personal data.
    """
    config = resource.root.at("spec", "config")
    cleanup, retention = config["cleanup.policy"], config["retention.ms"]
    name = name_of(resource)
    topic = declared(name)
    compacted = "delete" not in (cleanup.text() or "delete")
    if compacted:
        if topic and topic.level == "pii":
            yield Violation(cleanup.path, f"the topic {name} keeps personal data of each key for ever")
        return
    value = retention.value()
    number = int(value) if isinstance(value, int | str) and str(value).lstrip("-").isdecimal() else None
    if number is None or number < 0:
        yield Violation(retention.path, f"the topic {name} does not say how long it keeps records")
    elif topic and topic.longest_days is not None and days_of(number) > topic.longest_days:
        yield Violation(
            retention.path,
            f"the topic {name} keeps records {days_of(number):g} days, its classes {topic.longest_days} at most",
        )
