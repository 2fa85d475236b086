"""From configuration and data catalog to the arguments of governance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.components.governance.access_document import access_document
from infra.components.governance.artifacts import artifact_problems
from infra.components.governance.catalog_artifacts import catalog_artifacts
from infra.components.governance.decision_point import DecisionPointArgs
from infra.components.governance.governance import GovernanceArgs
from infra.core.catalog.catalog import Catalog
from infra.core.errors import ConfigurationError
from infra.core.labels import Ownership

IMAGE = "opa"
MOST_REPLICAS = 3
CPU = 100
"""Millicores that one replica asks for: 50 decisions a second, at 2 ms of CPU each; its limit is four times as much.
tests/integration/governance measures it: 1.2 to 1.8 ms on 2 cores, with OPA 1.22.0 and this catalog."""

MEMORY = 256 * 1024**2
"""Bytes: five times what the same test measures, 47 MB."""


def governance_args(
    catalog: Catalog, tenants: Sequence[str], policies: Mapping[str, str], ownership: Ownership, *, zones: int
) -> GovernanceArgs:
    """Everything that governance declares in one environment.

    Args:
        catalog: the catalog.
        tenants: names of the tenants that live in the environment.
        policies: the Rego modules, by name of the file.
        ownership: who answers for it.
        zones: zones over which the environment is spread; there is a replica in each, so that decisions go on when
            one is lost.

    Raises:
        ConfigurationError: an artifact is too large for a ConfigMap.
    """
    document = access_document(catalog, tenants)
    decision_point = DecisionPointArgs(
        image=catalog.images[IMAGE],
        ownership=ownership,
        replicas=min(zones, MOST_REPLICAS),
        zones=zones,
        cpu=CPU,
        memory=MEMORY,
        policies=dict(policies),
        document=document,
    )
    artifacts = catalog_artifacts(catalog, document, replicated=zones > 1)
    problems = list(artifact_problems(artifacts))
    if problems:
        raise ConfigurationError(problems)
    return GovernanceArgs(decision_point=decision_point, artifacts=artifacts)
