from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.config_text import secret_in
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_PLACES = {
    ("kafka.strimzi.io", "KafkaConnector"): (("spec", "config"),),
    ("kafka.strimzi.io", "KafkaConnect"): (("spec", "config"),),
    ("kafka.strimzi.io", "KafkaMirrorMaker2"): (("spec",),),
    ("flink.apache.org", "FlinkDeployment"): (("spec", "flinkConfiguration"),),
    ("sparkoperator.k8s.io", "SparkApplication"): (("spec", "sparkConf"), ("spec", "hadoopConf")),
    ("trino.stackable.tech", "TrinoCatalog"): (("spec",),),
    ("keda.sh", "ScaledObject"): (("spec", "triggers"),),
    ("keda.sh", "ScaledJob"): (("spec", "triggers"),),
    ("machinelearning.seldon.io", "SeldonDeployment"): (("spec",),),
    ("clickhouse.altinity.com", "ClickHouseInstallation"): (("spec", "configuration", "settings"),),
    ("postgresql.cnpg.io", "Cluster"): (("spec", "postgresql", "parameters"),),
    ("helm.sh", "Chart"): (("values",),),
}
_VERSIONS = ("v1", "v1alpha1", "v1beta1", "v1beta2", "v4", "v3")
_TOKENS = {
    f"kubernetes:{group}/{version}:{kind}": places for (group, kind), places in _PLACES.items() for version in _VERSIONS
}
_TOKENS["kubernetes:helm.sh/v4:Chart"] = (("values",),)


@rule(
    id="DATA-010",
    title="Disallow credentials in the settings of connectors, jobs and charts",
    severity=Severity.CRITICAL,
    topics=("secrets",),
    frameworks=("owasp-kubernetes:K08",),
    applies_to=Types(frozenset(_TOKENS)),
    mandatory_everywhere=True,
    rationale=(
        "Connectors and jobs are told their databases' passwords in the same table as everything else. There it is"
        " shown by the connector's own API, in its logs, and to all who may list the object."
    ),
    remediation=(
        "Refer to a mounted Secret: ${secrets:namespace/name:key} or ${file:...} for Kafka Connect, ${ENV:...} for"
        " Trino, secretKeyRef for Spark and Flink, a TriggerAuthentication for KEDA."
    ),
)
def disallow_inline_credentials(resource: Resource) -> Iterator[Violation]:
    """One violation for each setting whose name or form says that its value is a secret; never showing the value."""
    for path in _TOKENS[resource.type]:
        yield from _settings(resource.root.at(*path), "")


def _settings(node: Node, name: str) -> Iterator[Violation]:
    if not node.known():
        return
    value: Any = node.value()
    if isinstance(value, dict):
        for key, child in node.entries():
            yield from _settings(child, key)
    elif isinstance(value, list):
        for child in node.items():
            yield from _settings(child, name)
    elif isinstance(value, str) and (found := secret_in(name, value)):
        yield Violation(node.path, f"it contains {found}")
