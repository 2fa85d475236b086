from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, keeps_data, of_types

_SHORTEST = 7


@rule(
    id="AWS-020",
    title="Require deleted secrets to be recoverable",
    severity=Severity.MEDIUM,
    topics=("recovery", "secrets"),
    applies_to=WholeStack(),
    rationale=(
        "A secret that is deleted by mistake takes down everything that logs in with it. While it waits it can be"
        " restored. Outside production the window is 0, so that an environment can be made again under the same names."
    ),
    remediation=f"Leave recoveryWindowInDays at 30, or set it to {_SHORTEST} at least.",
)
def require_secret_recovery(stack: Stack) -> Iterator[Violation]:
    """One violation for each secret with a shorter window, in environments that keep data."""
    if keeps_data(stack):
        yield from judged(of_types(stack, ("aws:secretsmanager/secret:Secret",)), _recoverable)


def _recoverable(secret: Resource) -> Iterator[Violation]:
    window = secret.root["recoveryWindowInDays"]
    days = window.integer()
    if days is not None and days < _SHORTEST:
        yield Violation(window.path, f"a deleted secret can be restored for {days} days only, fewer than {_SHORTEST}")
