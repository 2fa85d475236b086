from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, of_types

_POLICY = ("aws:ecr/lifecyclePolicy:LifecyclePolicy",)


@rule(
    id="AWS-025",
    title="Require image repositories to remove old images",
    severity=Severity.LOW,
    topics=("cost", "images"),
    frameworks=("aws-foundational-security:ECR.3",),
    applies_to=WholeStack(),
    rationale="Every push adds an image for ever; old ones are paid for and carry holes that nobody closes any more.",
    remediation="Give the repository a LifecyclePolicy with a rule whose action is expire.",
)
def require_image_expiry(stack: Stack) -> Iterator[Violation]:
    """One violation for each repository without such a policy."""
    policies = of_types(stack, _POLICY)
    doubtful = [policy for policy in policies if not policy.root["repository"].known()]

    def ends(repository: Resource) -> Iterator[Violation]:
        own = [policy for policy in policies if policy not in doubtful and _is_of(policy, repository)]
        if not own and doubtful:
            # It may be of this repository; reading it says that it is not known yet.
            doubtful[0].root["repository"].text()
        if not own:
            yield Violation("", "no policy removes the repository's old images")
        for policy in own:
            text = policy.root["policy"]
            if not _expires(text.value()):
                yield Violation(text.path, "no rule of the policy removes an image", resource=policy)

    yield from judged(of_types(stack, ("aws:ecr/repository:Repository",)), ends)


def _is_of(policy: Resource, repository: Resource) -> bool:
    return policy.root["repository"].text() in (repository.root["name"].text(), repository.name)


def _expires(value: Any) -> bool:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return False
    rules = value.get("rules") if isinstance(value, dict) else None
    actions = [item.get("action") for item in rules if isinstance(item, dict)] if isinstance(rules, list) else []
    return any(isinstance(action, dict) and action.get("type") == "expire" for action in actions)
