from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_POLICIES = ("Forbid", "Replace")
_SHORTEST_DEADLINE = 10


@rule(
    id="POD-035",
    title="Require scheduled jobs to say what happens when one is still running",
    severity=Severity.MEDIUM,
    topics=("availability", "correctness", "quotas"),
    applies_to=kinds(("batch", "CronJob")),
    rationale=(
        "By default the next run starts beside one that is late: two compact the same table, and in the morning there"
        " are forty. And a start that may be late by less than ten seconds may never happen, since the controller looks"
        " every ten seconds (Kubernetes documentation, CronJob)."
    ),
    remediation="Set concurrencyPolicy to Forbid or Replace; leave startingDeadlineSeconds unset or at 10 or more.",
)
def require_job_concurrency(job: Resource) -> Iterator[Violation]:
    """Only Forbid and Replace count: the default is Allow."""
    policy, deadline = job.root.at("spec", "concurrencyPolicy"), job.root.at("spec", "startingDeadlineSeconds")
    if policy.text() not in _POLICIES:
        yield Violation(policy.path, "the job may run more than once at a time")
    seconds = deadline.integer()
    if seconds is not None and seconds < _SHORTEST_DEADLINE:
        yield Violation(deadline.path, f"the job may start at most {seconds} s late, so it may never start")
