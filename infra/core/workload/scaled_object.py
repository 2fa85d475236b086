"""KEDA's objects of a workload that scales by more than its CPU.

Fields are those of the definitions of KEDA 2.20.2, which stand in infra/catalog/crds; a test validates what is rendered
against those very schemas. A ScaledObject makes its own HorizontalPodAutoscaler, so the workload has no other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.core.names import dns_label
from infra.core.workload.autoscale import Autoscale, Cron, KafkaLag, PrometheusQuery, Trigger
from infra.core.workload.secret_key import SecretKey

Manifest = dict[str, Any]
API_VERSION = "keda.sh/v1alpha1"
OWN_LABELS = "scaledobject.keda.sh/hpa-excluded-labels"
RECOMMENDED = "app.kubernetes.io/"
FALLBACK_FAILURES = 5
"""Times that a trigger does not answer before the workload gets a fixed number of replicas."""


def scaled_object(name: str, scale: Autoscale, *, minimum: int, maximum: int) -> Manifest:
    """The ``spec`` of the ScaledObject.

    When the triggers cannot be asked, the replicas stay as many as there are, but never fewer than ``minimum``: what
    nobody can measure may well be behind.

    Args:
        name: name of the Deployment.
        scale: by what it scales.
        minimum: least replicas while there is something to do.
        maximum: most replicas.
    """
    measured = any(isinstance(trigger, KafkaLag | PrometheusQuery) for trigger in scale.triggers)
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "pollingInterval": scale.poll_seconds,
        "cooldownPeriod": scale.pause_seconds,
        **({"idleReplicaCount": 0} if scale.to_zero else {}),
        "minReplicaCount": minimum,
        "maxReplicaCount": maximum,
        **({"fallback": _fallback(minimum)} if measured else {}),
        "triggers": [_trigger(name, trigger) for trigger in scale.triggers],
    }


def scaler_annotations(labels: Mapping[str, str]) -> dict[str, str]:
    """The ScaledObject's: its autoscaler is to say by its own labels what it is and who made it, and is KEDA's.

    Args:
        labels: labels of the ScaledObject, all of which KEDA would copy.
    """
    return {OWN_LABELS: ",".join(sorted(label for label in labels if label.startswith(RECOMMENDED)))}


def authentications(name: str, scale: Autoscale) -> Iterator[tuple[str, Manifest]]:
    """Name and ``spec`` of each TriggerAuthentication: one for each Kafka user, with its Secrets by reference."""
    for lag in {_authentication_name(name, lag): lag for lag in scale.lags()}.values():
        secrets = [_secret("password", lag.password)]
        if lag.authority:
            secrets.append(_secret("ca", lag.authority))
        user = {"parameter": "username", "name": lag.user_variable, "containerName": name}
        yield _authentication_name(name, lag), {"env": [user], "secretTargetRef": secrets}


def _fallback(minimum: int) -> Manifest:
    return {"failureThreshold": FALLBACK_FAILURES, "replicas": minimum, "behavior": "currentReplicasIfHigher"}


def _authentication_name(name: str, lag: KafkaLag) -> str:
    return dns_label(name, "kafka", lag.user)


def _secret(parameter: str, value: SecretKey) -> Manifest:
    return {"parameter": parameter, "name": value.secret, "key": value.key}


def _trigger(name: str, trigger: Trigger) -> Manifest:
    if isinstance(trigger, KafkaLag):
        metadata = {
            "bootstrapServers": trigger.bootstrap,
            "consumerGroup": trigger.group,
            "topic": trigger.topic,
            "lagThreshold": str(trigger.records),
            "offsetResetPolicy": trigger.first_offset,
            "sasl": "scram_sha512",
            "tls": "enable" if trigger.authority else "disable",
        }
        reference = {"kind": "TriggerAuthentication", "name": _authentication_name(name, trigger)}
        return {"type": "kafka", "metricType": "AverageValue", "metadata": metadata, "authenticationRef": reference}
    if isinstance(trigger, PrometheusQuery):
        metadata = {
            "serverAddress": trigger.address,
            "query": trigger.query,
            "threshold": f"{trigger.threshold:g}",
            # A query without a result is an error and no zero: nothing is stopped because nothing is measured.
            "ignoreNullValues": "false",
        }
        return {"type": "prometheus", "metricType": "AverageValue", "metadata": metadata}
    if isinstance(trigger, Cron):
        metadata = {
            "timezone": trigger.time_zone,
            "start": trigger.start,
            "end": trigger.end,
            "desiredReplicas": str(trigger.replicas),
        }
        return {"type": "cron", "metadata": metadata}
    return {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(trigger.percent)}}
