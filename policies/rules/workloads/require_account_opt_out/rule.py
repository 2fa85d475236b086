from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="POD-023",
    title="Require service accounts to mount their token only where a pod asks for it",
    severity=Severity.MEDIUM,
    topics=("security", "identity"),
    frameworks=("cis-kubernetes:5.1.5", "cis-kubernetes:5.1.6"),
    applies_to=kinds(("core", "ServiceAccount")),
    rationale=(
        "The default of an account holds for every pod that is given it later, also by an operator or by hand. Where"
        " mounting is off by default, each pod that has a token says so itself."
    ),
    remediation="Set automountServiceAccountToken to false on the service account, and to true on pods that need it.",
)
def require_account_opt_out(account: Resource) -> Iterator[Violation]:
    """Only an explicit false counts: the default is true."""
    flag = account.root["automountServiceAccountToken"]
    if flag.boolean() is not False:
        yield Violation(flag.path, "the service account's token is mounted into its pods unless they refuse it")
