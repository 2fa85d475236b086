from __future__ import annotations

from collections.abc import Iterator

from policies.data_catalog import LEVELS, load_data_catalog
from policies.kafka_facts import TENANT, USERS, declared
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_READING = frozenset({"Read", "All"})
_PLATFORM = "platform"


@rule(
    id="DATA-005",
    title="Limit who reads a topic to those who are cleared for its data",
    severity=Severity.CRITICAL,
    topics=("privacy", "tenancy", "kafka"),
    frameworks=("gdpr:32",),
    applies_to=Types(USERS),
    mandatory_everywhere=True,
    rationale=(
        "Kafka knows no columns and no masks: who may read a topic reads all of it. A tenant that is cleared for public"
        " data must not get a topic of confidential data, nor a prefix that a new topic may fall under."
    ),
    remediation=(
        "Take the ACL away, or have the data's owner raise the tenant's clearance; name topics literally for tenants."
    ),
)
def limit_topic_access(resource: Resource) -> Iterator[Violation]:
    """One violation for each ACL by which a user reads data that its tenant is not cleared for.

    A user without a tenant, or of one that the catalog does not know, is cleared for public data only.
    """
    tenant = resource.root.at("metadata", "labels", TENANT).text() or ""
    if tenant == _PLATFORM:
        return
    cleared = load_data_catalog().clearances.get(tenant, frozenset({LEVELS[0]}))
    for acl in resource.root.at("spec", "authorization", "acls").items():
        operations = {item.text() for item in acl["operations"].items()} | {acl["operation"].text()}
        allows = (acl["type"].text() or "allow") == "allow"
        if allows and operations & _READING and acl.at("resource", "type").text() == "topic":
            yield from _above(acl["resource"], tenant, cleared)


def _above(resource: Node, tenant: str, cleared: frozenset[str]) -> Iterator[Violation]:
    name = resource["name"]
    topic = name.text() or ""
    who = f"the tenant {tenant}" if tenant else "a user without a tenant"
    if resource["patternType"].text() == "prefix" or topic == "*":
        names = [key for key in load_data_catalog().topics if topic == "*" or key.startswith(topic)]
        # What falls under a prefix later is not known; a tenant's own prefix holds its own topics.
        if topic.startswith(f"{tenant}.") and tenant:
            return
        levels = {load_data_catalog().topics[key].level for key in names} or {LEVELS[-1]}
    else:
        known = declared(topic)
        levels = {known.level} if known else {LEVELS[-1]}
        if topic.startswith(f"{tenant}.") and tenant:
            return
    above = sorted(levels - cleared, key=LEVELS.index)
    if above:
        yield Violation(name.path, f"{who} is not cleared for the {above[-1]} data of {topic!r}")
