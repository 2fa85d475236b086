from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.aws.flags import types_of, unset
from policies.aws.stores import Flag, filled
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule


def _is_on(node: Node) -> bool:
    return node.boolean() is True


_LOGS: Final[dict[str, tuple[Flag, ...]]] = {
    "aws:rds/instance:Instance": (Flag(("enabledCloudwatchLogsExports",), filled),),
    "aws:rds/cluster:Cluster": (Flag(("enabledCloudwatchLogsExports",), filled),),
    "aws:docdb/cluster:Cluster": (Flag(("enabledCloudwatchLogsExports",), filled),),
    "aws:neptune/cluster:Cluster": (Flag(("enableCloudwatchLogsExports",), filled),),
    "aws:opensearch/domain:Domain": (Flag(("logPublishingOptions",), filled),),
    "aws:elasticsearch/domain:Domain": (Flag(("logPublishingOptions",), filled),),
    **dict.fromkeys(versions_of("aws:lb/loadBalancer:LoadBalancer"), (Flag(("accessLogs", "enabled"), _is_on),)),
    "aws:cloudfront/distribution:Distribution": (Flag(("loggingConfig", "bucket"), filled),),
    "aws:elb/loadBalancer:LoadBalancer": (
        Flag(("accessLogs", "bucket"), filled),
        Flag(("accessLogs", "enabled"), _is_on, missing_is_good=True),
    ),
    "aws:mq/broker:Broker": (Flag(("logs", "general"), _is_on),),
}
_BROKERS: Final = "aws:msk/cluster:Cluster"
_SINKS: Final = ("cloudwatchLogs", "firehose", "s3")


@rule(
    id="AWS-034",
    title="Require managed services to log",
    severity=Severity.MEDIUM,
    topics=("logging",),
    frameworks=("aws-foundational-security:RDS.9", "aws-foundational-security:ELB.5"),
    applies_to=types_of({**_LOGS, _BROKERS: ()}),
    rationale=(
        "Managed services log nothing unless they are asked to. Without their logs neither an outage nor an intrusion"
        " can be explained afterwards, and logs cannot be turned on for yesterday."
    ),
    remediation="Turn on the log that the finding points to, into a log group or a bucket that keeps it.",
)
def require_service_logs(resource: Resource) -> Iterator[Violation]:
    """One violation for each service that logs nowhere."""
    if resource.type == _BROKERS:
        logs = resource.root.at("loggingInfo", "brokerLogs")
        if not any(logs[sink]["enabled"].boolean() is True for sink in _SINKS):
            yield Violation(logs.path, "the brokers log nowhere")
        return
    yield from unset(_LOGS, resource, "it does not log")
    for option in resource.root["logPublishingOptions"].items():
        if option["enabled"].boolean() is False:
            yield Violation(option["enabled"].path, "the log is turned off")
