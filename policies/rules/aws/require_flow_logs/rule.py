from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, of_types

_KINDS = ("ALL", "REJECT")


@rule(
    id="AWS-042",
    title="Require each network to log its flows",
    severity=Severity.MEDIUM,
    topics=("logging", "network"),
    frameworks=("aws-foundational-security:EC2.6", "cis-aws-3.0:3.7"),
    applies_to=WholeStack(),
    rationale=(
        "Refused connections show who searches the network, accepted ones where data went. Nothing else in AWS records"
        " either."
    ),
    remediation="Give each VPC a FlowLog with trafficType ALL or REJECT.",
)
def require_flow_logs(stack: Stack) -> Iterator[Violation]:
    """One violation for each network without a log of its flows, and for each log that leaves out what was refused.

    Which network a log is of is known only when the network is there, so logs of networks are counted.
    """
    logs = of_types(stack, ("aws:ec2/flowLog:FlowLog",))
    of_networks = [log for log in logs if not log.root["vpcId"].known() or log.root["vpcId"].exists()]
    targets = {log.root["vpcId"].text() if log.root["vpcId"].known() else log.urn for log in of_networks}
    networks = of_types(stack, ("aws:ec2/vpc:Vpc",))
    for network in networks[len(targets) :]:
        yield Violation("", "nothing logs the flows of the network", resource=network)
    yield from judged(logs, _complete)


def _complete(log: Resource) -> Iterator[Violation]:
    kind = log.root["trafficType"]
    if kind.text() not in _KINDS and not log.root["transitGatewayId"].exists():
        yield Violation(kind.path, f"the log leaves out refused traffic: trafficType is {kind.shown()}")
