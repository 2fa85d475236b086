"""Each stack, rendered through recording mocks: what is registered, under whom, with which provider, by which name."""

from __future__ import annotations

import json

import pytest

from infra.core.labels import COST_CENTRE_LABEL, ENVIRONMENT_LABEL, OWNER_LABEL
from tests.support.pulumi_mocks import Rendered, run_program
from tests.support.renders import defaults, rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CLUSTER_SCOPED = (
    "ClusterRole",
    "ClusterRoleBinding",
    "Namespace",
    "PriorityClass",
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "StorageClass",
    "ClusterIssuer",
    "VolumeSnapshotClass",
)
every_stack = pytest.mark.parametrize("stack", ["local", "dev", "prod"])


@every_stack
def test_two_renders_of_one_configuration_are_equal(stack: str):
    def essence(run: Rendered) -> list[str]:
        return sorted(json.dumps([r.urn, r.inputs], sort_keys=True, default=str) for r in run.resources)

    assert essence(rendered(stack)) == essence(run_program(stack, **defaults(stack)))


@every_stack
def test_urns_are_unique(stack: str):
    urns = [r.urn for r in rendered(stack).resources]
    assert len(urns) == len(set(urns))


@every_stack
def test_every_custom_resource_has_an_explicit_provider_of_its_package(stack: str):
    for resource in rendered(stack).resources:
        if resource.custom and not resource.type.startswith("pulumi:"):
            package = resource.type.split(":")[0]
            assert f"pulumi:providers:{package}::{package}::" in resource.provider, resource.urn


@every_stack
def test_every_custom_resource_has_a_component_of_ours_as_parent(stack: str):
    for resource in rendered(stack).resources:
        if resource.custom and not resource.type.startswith("pulumi:"):
            assert resource.parent_type.startswith("platform:"), resource.urn


OUTSIDE_LOCAL = (
    "Alarms",
    "Alerts",
    "AuditTrail",
    "Backup",
    "Budgets",
    "Cache",
    "CloudControllers",
    "Cluster",
    "Database",
    "EventScaling",
    "ImageRegistry",
    "Network",
    "OperatorChart",
    "Recovery",
    "PermissionsBoundary",
    "PlatformOperators",
    "TenantAccess",
    "VolumeClass",
    "WorkloadIdentity",
)


@every_stack
def test_components_are_named_by_domain_and_class(stack: str):
    components = {r.type for r in rendered(stack).resources if r.type.startswith("platform:")}
    expected = {
        "platform:core:GeneratedSecrets",
        "platform:core:Workload",
        "platform:edge:Mesh",
        "platform:foundation:Admission",
        "platform:foundation:ObjectStore",
        "platform:foundation:Tenancy",
        "platform:governance:Governance",
        "platform:streaming:KafkaCredentials",
        "platform:streaming:StreamingBackbone",
    }
    if stack != "local":
        expected.add("platform:features:ManagedServiceFiles")
        expected |= {f"platform:foundation:{name}" for name in OUTSIDE_LOCAL}
        expected |= {f"platform:edge:{name}" for name in ("Balancer", "DomainCertificate", "EdgeLogs", "Istio")}
        expected |= {f"platform:edge:{name}" for name in ("Kong", "PublicEdge", "PublicOrigin")}
    if stack == "prod":
        # Where people log in to the cluster at an identity provider.
        expected.add("platform:foundation:ClusterLogins")
    assert components == expected


@every_stack
def test_children_are_named_after_their_component(stack: str):
    names = {r.name for r in rendered(stack).resources if r.type.startswith("platform:")}
    for resource in rendered(stack).resources:
        if resource.parent_type.startswith("platform:"):
            assert any(resource.name.startswith(f"{name}-") for name in names), resource.urn


@every_stack
def test_no_name_is_left_to_pulumi(stack: str):
    for resource in rendered(stack).kubernetes():
        assert resource.inputs["metadata"]["name"], resource.urn
        assert "generateName" not in resource.inputs["metadata"], resource.urn
        if resource.inputs["kind"] not in CLUSTER_SCOPED:
            assert resource.inputs["metadata"]["namespace"], resource.urn
    for suffix, key in (("s3/bucket:Bucket", "bucket"), ("kms/alias:Alias", "name"), ("secret:Secret", "name")):
        for resource in rendered(stack).of_type(suffix):
            assert resource.inputs[key], resource.urn


@every_stack
def test_no_two_objects_share_a_name(stack: str):
    names = [
        (r.type, r.inputs["metadata"].get("namespace"), r.inputs["metadata"]["name"])
        for r in rendered(stack).kubernetes()
    ]
    assert len(names) == len(set(names))


@every_stack
def test_every_object_of_ours_says_who_owns_and_pays_for_it(stack: str):
    for resource in rendered(stack).kubernetes():
        if resource.inputs["kind"] != "CustomResourceDefinition":
            labels = resource.inputs["metadata"]["labels"]
            assert labels["app.kubernetes.io/managed-by"] == "pulumi", resource.urn
            assert labels[ENVIRONMENT_LABEL] == stack, resource.urn
            assert labels[OWNER_LABEL], resource.urn
            assert labels[COST_CENTRE_LABEL], resource.urn


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_custom_resources_depend_on_their_definitions(stack: str):
    definitions = {r.name: r.urn for r in rendered(stack).of_type(":CustomResourceDefinition")}
    for prefix, count, names in (
        ("strimzi-", 4, ("streaming-controllers", "streaming-brokers", "streaming-cluster")),
        ("operators-cert-manager-", 3, ("operators-root-issuer", "operators-metrics-certificate")),
        ("mesh-", 3, ("mesh-platform-streaming-default-deny", "mesh-platform-streaming-kafka-callers")),
    ):
        wanted = {urn for name, urn in definitions.items() if name.startswith(prefix)}
        assert len(wanted) == count
        for name in names:
            assert wanted <= set(rendered(stack).named(name).request.dependencies)


def test_crds_only_records_the_chart_and_install_declares_it():
    recorded = rendered("prod").outputs["recordedCharts"]
    assert [chart.rpartition("/")[2] for chart in recorded] == [
        "strimzi-kafka-operator:1.2.0",
        "cert-manager:v1.21.1",
        "metrics-server-3.13.1.tgz:3.13.1",
        "istiod:1.31.1",
        "cni:1.31.1",
        "ztunnel:1.31.1",
        "cluster-autoscaler-9.59.0.tgz:9.59.0",
        "aws-load-balancer-controller-3.5.0.tgz:3.5.0",
        "keda-2.20.2.tgz:2.20.2",
        "velero-12.1.0.tgz:12.1.0",
    ]
    assert not rendered("prod").of_type("helm.sh/v4:Chart")
    installed = rendered("prod", operators={"mode": "install"})
    charts = {chart.name: chart for chart in installed.of_type("helm.sh/v4:Chart")}
    assert sorted(charts) == [
        "aws-load-balancer-controller",
        "cert-manager",
        "cluster-autoscaler",
        "istio-cni",
        "istiod",
        "keda",
        "metrics-server",
        "strimzi",
        "velero",
        "ztunnel",
    ]
    assert charts["cert-manager"].urn in charts["aws-load-balancer-controller"].request.dependencies
    binding = installed.named("edge-gateway-binding").request.dependencies
    assert charts["aws-load-balancer-controller"].urn in binding, "who takes the pods out of the group must be there"
    assert all(charts["ztunnel"].urn in charts[name].request.dependencies for name in ("cert-manager", "strimzi"))
    assert charts["strimzi"].inputs["version"] == "1.2.0"
    assert all(chart.inputs["skipCrds"] is True for chart in charts.values())
    assert charts["strimzi"].inputs["values"]["generateNetworkPolicy"] is False
    certificate = installed.named("operators-metrics-certificate")
    assert certificate.urn in charts["metrics-server"].request.dependencies
    assert charts["cert-manager"].urn in certificate.request.dependencies
    assert installed.outputs["recordedCharts"] == []


def test_one_field_can_be_overridden_from_outside():
    run = run_program("prod", **{"operators.mode": "crds-only"})
    assert not run.of_type("helm.sh/v4:Chart")


def test_the_local_stack_has_the_size_of_a_real_one():
    assert 250 <= len(rendered("local").resources) <= 400


@every_stack
def test_the_outputs_say_where_everything_is(stack: str):
    outputs = rendered(stack).outputs
    assert outputs["kafkaBootstrap"].endswith(":9092" if stack == "local" else ":9093")
    assert outputs["streamGatewayUrl"] == "http://stream-gateway.platform-streaming.svc.cluster.local:8080"
    assert outputs["schemaRegistryUrl"] == "http://schema-registry.platform-streaming.svc.cluster.local:8081"
    assert "ISO_RT_LMP" in outputs["kafkaTopics"]
    assert "platform-streaming" in outputs["namespaces"]
