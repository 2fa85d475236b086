from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import group_kind, kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_PLACES = {
    ("batch", "Job"): ("spec",),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec"),
    ("keda.sh", "ScaledJob"): ("spec", "jobTargetRef"),
}
_RETRIES = 10


@rule(
    id="POD-034",
    title="Require jobs to end: a deadline, and few retries",
    severity=Severity.MEDIUM,
    topics=("availability", "cost", "quotas"),
    applies_to=kinds(*_PLACES),
    rationale=(
        "A job that hangs holds its share of the quota until somebody notices, and one that fails and retries without"
        " end costs as much as if it worked."
    ),
    remediation="Set activeDeadlineSeconds, and backoffLimit to at most 10 (its default is 6).",
)
def require_job_deadline(job: Resource) -> Iterator[Violation]:
    """The deadline may stand on the job or on its pods; the retries of an indexed job count for each index."""
    spec = job.root.at(*_PLACES[group_kind(job)])
    if not spec.exists():
        return
    deadline, own = spec["activeDeadlineSeconds"], spec.at("template", "spec", "activeDeadlineSeconds")
    if not any((node.integer() or 0) > 0 for node in (deadline, own)):
        yield Violation(deadline.path, "the job has no deadline")
    for name in ("backoffLimit", "backoffLimitPerIndex"):
        limit = spec[name]
        count = limit.integer()
        if count is not None and count > _RETRIES:
            yield Violation(limit.path, f"the job retries {count} times")
