from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, keeps_data, of_types

_YEAR = 365
_ANY = 1


@rule(
    id="AWS-035",
    title="Require logs to be kept for a time that is said, and long enough",
    severity=Severity.LOW,
    topics=("logging", "retention", "cost"),
    frameworks=("aws-foundational-security:CloudWatch.16",),
    applies_to=WholeStack(),
    rationale=(
        "A log group keeps everything for ever unless it is told otherwise, which costs more every month and keeps"
        " personal data longer than anybody may. Intrusions are found after months, so a year is kept where data is."
    ),
    remediation=f"Set retentionInDays, to {_YEAR} at least in environments that keep data.",
)
def require_log_retention(stack: Stack) -> Iterator[Violation]:
    """One violation for each log group without a retention, or with one that is too short."""
    shortest = _YEAR if keeps_data(stack) else _ANY

    def kept(group: Resource) -> Iterator[Violation]:
        days = group.root["retentionInDays"]
        number = days.integer() or 0
        if number == 0:
            yield Violation(days.path, "the log group keeps everything for ever")
        elif number < shortest:
            yield Violation(days.path, f"the log group keeps {number} days, fewer than {shortest}")

    yield from judged(of_types(stack, ("aws:cloudwatch/logGroup:LogGroup",)), kept)
