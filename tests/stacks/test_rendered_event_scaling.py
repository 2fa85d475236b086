"""KEDA in dev and prod: there with the first workload that scales by it, before its objects and after them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from infra.core.workload.autoscale import Autoscale
from infra.core.workload.spec import Replicas, WorkloadSpec
from infra.stacks import plan
from sandbox.deploy.teardown.order import violations
from sandbox.engine.events import StepPlanned
from tests.support.pulumi_mocks import Rendered, run_program
from tests.support.renders import defaults, rendered
from tests.support.teardown_steps import steps

BUILT = plan.gateway_spec
VARIABLE = "STREAM_GATEWAY_KAFKA_SASL_USERNAME"
OPERATOR = {"app.kubernetes.io/name": "keda-operator", "app.kubernetes.io/instance": "keda"}


def scaled_gateway(*args: Any, **keywords: Any) -> WorkloadSpec:
    """The gateway of the stack, as if it had a consumer group whose lag tells of its load."""
    spec, access = BUILT(*args, **keywords), args[2]
    lag = access.lag(spec.name, "ml-predictions", 1000, variable=VARIABLE)
    few = Replicas(minimum=2, maximum=4)
    return spec.model_copy(update={"autoscale": Autoscale(triggers=(lag,)), "replicas": few})


@pytest.fixture(scope="module", params=["dev", "prod"])
def scaled(request: pytest.FixtureRequest) -> Iterator[Rendered]:
    with mock.patch.object(plan, "gateway_spec", scaled_gateway):
        yield run_program(request.param, **defaults(request.param, operators={"mode": "install"}))


def the_scaler(found: Rendered) -> StepPlanned:
    [step] = [
        each
        for each in steps(found)
        if each.inputs.get("kind") == "ScaledObject" and each.inputs["metadata"]["name"] == "stream-gateway"
    ]
    return step


def chart(found: Rendered) -> StepPlanned:
    [step] = [each for each in steps(found) if each.type.endswith("helm.sh/v4:Chart") and each.urn.endswith("::keda")]
    return step


def test_nothing_scales_by_keda_in_local_and_it_is_not_there():
    assert not [each for each in rendered("local").resources if "keda" in each.urn]


def test_a_scaled_object_comes_after_its_definition_and_the_operator_and_goes_before_them(scaled: Rendered):
    needed = the_scaler(scaled).dependencies
    definitions = {each.urn for each in scaled.resources if each.urn.endswith("crd-scaledobject")}
    assert definitions
    assert {*definitions, chart(scaled).urn} <= {*needed}
    assert violations(steps(scaled)) == []


def test_a_workload_without_scaling_does_not_wait_for_keda(scaled: Rendered):
    waiting = {
        each.inputs["kind"]
        for each in steps(scaled)
        if chart(scaled).urn in each.dependencies and isinstance(each.inputs.get("kind"), str)
    }
    assert waiting == {"ScaledObject", "TriggerAuthentication"}


def test_the_operator_reaches_brokers_as_whose_lag_it_reads_and_the_brokers_let_it_in(scaled: Rendered):
    policies = {
        each.inputs["metadata"]["name"]: each.inputs
        for each in scaled.kubernetes()
        if each.inputs.get("kind") == "NetworkPolicy"
    }
    out = policies["keda-operator-to-platform-streaming-kafka-clients"]
    inward = policies["kafka-clients-from-platform-operators-keda-operator"]
    assert out["spec"]["podSelector"]["matchLabels"] == OPERATOR
    assert inward["metadata"]["namespace"] == "platform-streaming"
    assert inward["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"] == OPERATOR
    [callers] = [
        each.inputs["spec"]["rules"]
        for each in scaled.kubernetes()
        if each.inputs.get("kind") == "AuthorizationPolicy"
        and each.inputs["metadata"]["name"] == "keda-operator-callers"
    ]
    assert callers == [
        {
            "from": [{"source": {"principals": ["cluster.local/ns/platform-operators/sa/keda-metrics-server"]}}],
            "to": [{"operation": {"ports": ["9666"]}}],
        }
    ]


def test_the_mesh_stays_strict_on_every_port(scaled: Rendered):
    modes = [each.inputs["spec"] for each in scaled.kubernetes() if each.inputs.get("kind") == "PeerAuthentication"]
    assert modes
    assert all(spec == {"mtls": {"mode": "STRICT"}} for spec in modes)


def test_it_is_installed_and_not_only_recorded(scaled: Rendered):
    assert scaled.outputs["recordedCharts"] == []


def test_both_of_its_deployments_are_paid_for(scaled: Rendered):
    paid = scaled.outputs["monthlyCost"]["byComponent"]
    assert paid["keda-operator"]["typical"] == paid["keda-operator-metrics-apiserver"]["typical"] > 0
