from __future__ import annotations

from collections.abc import Iterator

from policies.config_text import secret_in
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="DATA-007",
    title="Disallow secrets in ConfigMaps",
    severity=Severity.CRITICAL,
    topics=("secrets",),
    frameworks=("owasp-kubernetes:K08", "cis-kubernetes-1.9:5.4.1"),
    applies_to=Types(frozenset({"kubernetes:core/v1:ConfigMap"})),
    mandatory_everywhere=True,
    rationale=(
        "ConfigMaps are read by everybody who may look at a namespace, are printed by tools and copied into tickets. A"
        " password in a settings file there is a password on the wall."
    ),
    remediation=(
        "Keep the value in a Secret, and have the settings refer to it: by a variable, a file, or the program's own"
        " reference such as ${file:...}."
    ),
)
def disallow_secrets_in_config(resource: Resource) -> Iterator[Violation]:
    """One violation for each entry that contains a secret, told by its form or its name; never showing the value."""
    for key, node in resource.root["data"].entries():
        if found := secret_in(key, node.text() or ""):
            yield Violation(node.path, f"{key} contains {found}")
