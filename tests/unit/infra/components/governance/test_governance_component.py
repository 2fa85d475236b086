import asyncio
import base64
from collections.abc import Mapping

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import settings

from infra.components.governance.decision_point import NAMESPACE, DecisionPointArgs
from infra.components.governance.governance import Governance, GovernanceArgs
from infra.core.labels import Ownership
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.governance_plan import governance_args
from tests.support.pulumi_mocks import Rendered, _Mocks, _Monitor

OWNERSHIP = Ownership(environment="local", owner="team", cost_centre="cc-1")
CLIENT_HOME = "platform-lakehouse"


def args(clients: Mapping[str, str]) -> GovernanceArgs:
    plan = governance_args(read_catalog(), ("analytics",), read_policies(), OWNERSHIP, zones=1)
    point = DecisionPointArgs.model_validate({**dict(plan.decision_point), "clients": dict(clients)})
    return plan.model_copy(update={"decision_point": point})


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    found = Rendered()
    settings.ROOT.set(None)
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi_mocks.set_mocks(_Mocks(), project="p", stack="local", preview=False, monitor=_Monitor(found))

    @pulumi.runtime.test
    def body() -> pulumi.Output[str]:
        declared = args({"trino": CLIENT_HOME, "sharing": NAMESPACE})
        component = Governance("governance", declared, ready={NAMESPACE: (), CLIENT_HOME: ()})
        found.outputs |= {"url": component.decision_url, "artifacts": dict(component.artifacts)}
        return component.urn.apply(str)

    body()
    return found


def test_it_is_one_component_with_all_its_children_below_it(rendered: Rendered):
    [component] = rendered.of_type(":Governance")
    assert component.type == "platform:governance:Governance"
    parents = {each.parent_type for each in rendered.kubernetes()}
    assert {parent.removeprefix("platform:") for parent in parents} == {"governance:Governance", "core:Workload"}
    [workload] = rendered.of_type(":Workload")
    assert workload.parent_type == "platform:governance:Governance"
    assert {each.inputs["metadata"]["namespace"] for each in rendered.kubernetes()} == {NAMESPACE, CLIENT_HOME}


def test_each_artifact_is_a_config_map_under_the_name_that_the_outputs_give(rendered: Rendered):
    found = {
        each.inputs["metadata"]["labels"]["platform/artifact"]: each.inputs["metadata"]["name"]
        for each in rendered.of_type(":ConfigMap")
        if "platform/artifact" in each.inputs["metadata"]["labels"]
    }
    assert found == rendered.outputs["artifacts"]
    assert len(found) > 5


def test_a_client_elsewhere_finds_its_token_in_its_own_namespace_and_each_client_has_another(rendered: Rendered):
    secrets = {
        (each.inputs["metadata"]["name"], each.inputs["metadata"]["namespace"]): each.inputs["data"]["token"]
        for each in rendered.of_type(":Secret")
    }
    assert set(secrets) == {
        ("opa-client-trino", NAMESPACE),
        ("opa-client-trino", CLIENT_HOME),
        ("opa-client-sharing", NAMESPACE),
    }
    assert secrets[("opa-client-trino", NAMESPACE)] == secrets[("opa-client-trino", CLIENT_HOME)]
    assert len(set(secrets.values())) == 2
    assert base64.b64decode(secrets[("opa-client-trino", NAMESPACE)]).startswith(b"generated-for-governance-trino")


def test_decisions_are_asked_for_at_the_service(rendered: Rendered):
    expected = f"http://opa.{NAMESPACE}.svc.cluster.local:8181/v1/data/platform/access/decision"
    assert rendered.outputs["url"] == expected
    [service] = rendered.of_type(":Service")
    assert [port["name"] for port in service.inputs["spec"]["ports"]] == ["http", "diagnostics"]
