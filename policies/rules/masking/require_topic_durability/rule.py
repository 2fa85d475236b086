from __future__ import annotations

from collections.abc import Iterator

from policies.kafka_facts import name_of, topics_of
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, keeps_data

_REPLICAS = 3
_IN_SYNC = 2


@rule(
    id="DATA-002",
    title="Require topics to survive the loss of a broker",
    severity=Severity.HIGH,
    topics=("durability", "kafka"),
    applies_to=WholeStack(),
    rationale=(
        "With three copies of which two must have every record, one broker can fail while another is being replaced and"
        " nothing is lost. An unclean election throws records away that were already acknowledged."
    ),
    remediation=(
        f"Set replicas to {_REPLICAS} and config min.insync.replicas to {_IN_SYNC}, and leave"
        " unclean.leader.election.enable off."
    ),
)
def require_topic_durability(stack: Stack) -> Iterator[Violation]:
    """One violation for each way in which a topic can lose records; copies are counted where data is kept."""
    copies = keeps_data(stack)

    def durable(topic: Resource) -> Iterator[Violation]:
        spec, name = topic.root["spec"], name_of(topic)
        replicas, config = spec["replicas"], spec["config"]
        in_sync, unclean = config["min.insync.replicas"], config["unclean.leader.election.enable"]
        count, needed = replicas.integer(), _number(in_sync.value())
        if copies and (count is None or count < _REPLICAS):
            yield Violation(
                replicas.path, f"the topic {name} has {count or 'an unsaid number of'} copies of each record"
            )
        if copies and (needed is None or needed < _IN_SYNC):
            yield Violation(in_sync.path, f"the topic {name} acknowledges a record of which there may be one copy only")
        elif count is not None and needed is not None and needed >= count > 1:
            yield Violation(in_sync.path, f"the topic {name} cannot be written to while any broker is away")
        if unclean.value() in (True, "true"):
            yield Violation(unclean.path, f"the topic {name} loses acknowledged records in an unclean election")

    yield from judged(topics_of(stack), durable)


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if not isinstance(value, bool) and text.isascii() and text.isdigit() and len(text) < 10 else None
