"""What a workload's scaling becomes, before an API server with KEDA's own definitions. No KEDA runs here."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from infra.core.workload.manifests import workload_manifests
from infra.stacks.files import read_definitions
from sandbox.engine.provider import ProviderError
from tests.support.event_scaling import CRDS, EVERYTHING
from tests.support.kube import Kube

pytestmark = pytest.mark.integration


@pytest.fixture
def scaling(kube: Kube, namespace: str) -> Iterator[dict[str, dict[str, Any]]]:
    """KEDA's objects of one workload, by kind, in a cluster that knows the kinds."""
    definitions = read_definitions(CRDS)
    for definition in definitions:
        kube.create(definition)
    made = {}
    for _, manifest in workload_manifests(EVERYTHING):
        if manifest["apiVersion"].startswith("keda.sh/"):
            manifest["metadata"]["namespace"] = namespace
            made[manifest["kind"]] = manifest
    yield made
    for definition in definitions:
        kube.delete(definition)


def test_the_server_takes_them_and_a_second_look_shows_nothing_to_change(kube: Kube, scaling: dict[str, Any]):
    assert set(scaling) == {"ScaledObject", "TriggerAuthentication"}
    for manifest in scaling.values():
        kube.create(manifest)
    for manifest in scaling.values():
        live = kube.read(manifest)
        assert live is not None
        assert live.inputs == manifest
        assert live.foreign == ()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("maxReplicaCount", 1, "minReplicaCount must be less than or equal to maxReplicaCount"),
        ("maxReplicas", 5, "maxReplicas"),
        ("triggers", [], "triggers"),
    ],
)
def test_the_definitions_refuse_what_keda_would_not_take(
    kube: Kube, scaling: dict[str, Any], field: str, value: Any, named: str
):
    broken = copy.deepcopy(scaling["ScaledObject"])
    broken["spec"][field] = value
    with pytest.raises(ProviderError, match=named):
        kube.create(broken)
