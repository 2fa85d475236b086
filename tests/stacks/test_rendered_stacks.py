"""Each stack, rendered through recording mocks: what is registered, under whom, with which provider, how safe."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime import rpc

from infra.core.labels import COST_CENTRE_LABEL, ENVIRONMENT_LABEL, OWNER_LABEL
from tests.support.pulumi_mocks import EMULATOR, Registered, Rendered, run_program

STACKS = ("local", "dev", "prod")

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
LONG_RUNNING = ("Deployment", "StatefulSet")
SECRET_SIGNATURE = rpc._special_secret_sig
WORKLOADS = (*LONG_RUNNING, "Job", "CronJob")
CLUSTER_SCOPED = (
    "Namespace",
    "PriorityClass",
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "StorageClass",
    "ClusterIssuer",
    "VolumeSnapshotClass",
)


def unsealed(value: Any) -> Any:
    """What is left of properties on the wire when what is marked as secret is taken out."""
    if isinstance(value, dict):
        return (
            "[secret]" if SECRET_SIGNATURE in value.values() else {key: unsealed(item) for key, item in value.items()}
        )
    return [unsealed(item) for item in value] if isinstance(value, list) else value


@cache
def rendered(stack: str) -> Rendered:
    overrides: dict[str, Any] = {"operators": {"mode": "crds-only"}}
    if stack == "local":
        overrides["aws"] = EMULATOR
    return run_program(stack, **overrides)


def containers(resource: Registered) -> list[dict[str, Any]]:
    return template(resource)["spec"]["containers"]


def template(resource: Registered) -> dict[str, Any]:
    return resource.inputs["spec"]["template"]


def workloads(stack: str) -> list[Registered]:
    return [r for r in rendered(stack).kubernetes() if r.inputs.get("kind") in WORKLOADS]


every_stack = pytest.mark.parametrize("stack", STACKS)


@every_stack
def test_two_renders_of_one_configuration_are_equal(stack: str):
    def essence(run: Rendered) -> list[str]:
        return sorted(json.dumps([r.urn, r.inputs], sort_keys=True, default=str) for r in run.resources)

    overrides: dict[str, Any] = {"operators": {"mode": "crds-only"}}
    if stack == "local":
        overrides["aws"] = EMULATOR
    assert essence(rendered(stack)) == essence(run_program(stack, **overrides))


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
    "Cluster",
    "Database",
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
        expected |= {f"platform:foundation:{name}" for name in OUTSIDE_LOCAL}
        expected |= {f"platform:edge:{name}" for name in ("DomainCertificate", "EdgeLogs", "Istio", "Kong")}
        expected |= {f"platform:edge:{name}" for name in ("PublicEdge", "PublicOrigin")}
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
def test_the_api_server_denies_what_breaks_a_rule_and_in_dev_warns(stack: str):
    bindings = rendered(stack).of_type(":ValidatingAdmissionPolicyBinding")
    everywhere = [it for it in bindings if it.inputs["metadata"]["name"].endswith("-everywhere")]
    assert 0 < len(everywhere) < len(bindings)
    for binding in bindings:
        warns = stack == "dev" and binding not in everywhere
        assert binding.inputs["spec"]["validationActions"] == (["Warn"] if warns else ["Deny", "Audit"])


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


@every_stack
def test_every_namespace_is_restricted_denies_by_default_and_has_quota_and_limits(stack: str):
    objects = rendered(stack).kubernetes()
    namespaces = [r.inputs["metadata"] for r in objects if r.inputs["kind"] == "Namespace"]
    assert len(namespaces) == (5 if stack == "local" else 7)
    for namespace in namespaces:
        assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        inside = [r.inputs for r in objects if r.inputs["metadata"].get("namespace") == namespace["name"]]
        kinds = {manifest["kind"] for manifest in inside}
        assert {"ResourceQuota", "LimitRange", "Role", "RoleBinding"} <= kinds
        deny = [m for m in inside if m["metadata"]["name"] == "default-deny"]
        assert deny[0]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@every_stack
def test_no_role_reads_secrets_or_may_do_everything(stack: str):
    roles = [role for role in rendered(stack).of_type(":Role") if role.type.startswith("kubernetes:")]
    assert roles
    for role in roles:
        for rule in role.inputs["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]], role.urn
            assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"]), role.urn
            assert "pods/exec" not in rule["resources"], role.urn
            if "secrets" in rule["resources"]:
                assert not {"get", "list", "watch"} & set(rule["verbs"]), role.urn


@every_stack
def test_every_container_asks_for_and_is_limited_to_cpu_memory_and_disk(stack: str):
    for resource in workloads(stack):
        for container in containers(resource):
            for part in ("requests", "limits"):
                assert set(container["resources"][part]) == {"cpu", "memory", "ephemeral-storage"}, resource.urn


@every_stack
def test_every_long_running_container_is_probed(stack: str):
    for resource in workloads(stack):
        if resource.inputs["kind"] in LONG_RUNNING:
            for container in containers(resource):
                assert {"livenessProbe", "readinessProbe"} <= set(container), resource.urn


@every_stack
def test_every_pod_is_unprivileged_read_only_and_without_a_token(stack: str):
    for resource in workloads(stack):
        pod = template(resource)["spec"]
        assert pod["automountServiceAccountToken"] is False, resource.urn
        assert pod["securityContext"]["runAsNonRoot"] is True, resource.urn
        assert pod["securityContext"]["runAsUser"] > 0, resource.urn
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, resource.urn
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), resource.urn
        assert not [v for v in pod.get("volumes", []) if "hostPath" in v], resource.urn
        for container in containers(resource):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, resource.urn
            assert context["readOnlyRootFilesystem"] is True, resource.urn
            assert context["capabilities"] == {"drop": ["ALL"]}, resource.urn


@every_stack
def test_every_image_has_an_exact_tag(stack: str):
    for resource in workloads(stack):
        for container in containers(resource):
            tag = container["image"].rpartition(":")[2]
            assert tag not in ("latest", "content", container["image"]), resource.urn


@every_stack
def test_every_replicated_workload_has_a_disruption_budget_that_allows_one(stack: str):
    budgets = {r.inputs["metadata"]["name"]: r.inputs["spec"] for r in rendered(stack).of_type("PodDisruptionBudget")}
    scaled = {r.inputs["metadata"]["name"] for r in rendered(stack).of_type("HorizontalPodAutoscaler")}
    for resource in rendered(stack).of_type(":Deployment"):
        name = resource.inputs["metadata"]["name"]
        replicated = resource.inputs["spec"].get("replicas", 1) > 1 or name in scaled
        assert (name in budgets) == replicated, name
        if replicated:
            assert budgets[name]["maxUnavailable"] == 1
            assert budgets[name]["selector"] == resource.inputs["spec"]["selector"]


@every_stack
def test_every_reference_from_a_pod_points_to_something_that_is_declared(stack: str):
    objects = rendered(stack).kubernetes()
    known = {(r.inputs["kind"], r.inputs["metadata"].get("namespace"), r.inputs["metadata"]["name"]) for r in objects}
    certified = [r.inputs for r in objects if r.inputs["kind"] == "Certificate"]
    known |= {("Secret", it["metadata"]["namespace"], it["spec"]["secretName"]) for it in certified}
    made_by_operator = {"kafka-cluster-ca-cert"}
    for resource in workloads(stack):
        pod, namespace = template(resource)["spec"], resource.inputs["metadata"]["namespace"]
        wanted = {("ServiceAccount", namespace, pod["serviceAccountName"])}
        wanted.add(("PriorityClass", None, pod["priorityClassName"]))
        for volume in pod.get("volumes", []):
            if "configMap" in volume:
                wanted.add(("ConfigMap", namespace, volume["configMap"]["name"]))
            if "secret" in volume and volume["secret"]["secretName"] not in made_by_operator:
                wanted.add(("Secret", namespace, volume["secret"]["secretName"]))
        for container in containers(resource):
            for variable in container.get("env", []):
                if "secretKeyRef" in variable.get("valueFrom", {}):
                    wanted.add(("Secret", namespace, variable["valueFrom"]["secretKeyRef"]["name"]))
        assert wanted <= known, resource.urn


@every_stack
def test_every_password_is_a_secret_on_the_wire_and_in_the_outputs(stack: str):
    run = rendered(stack)
    for resource in run.of_type("core/v1:Secret"):
        assert SECRET_SIGNATURE in str(resource.request.object.fields["data"]), resource.urn
        assert {"data", "stringData"} <= set(resource.request.additionalSecretOutputs), resource.urn
    for resource in run.resources:
        assert "generated-for" not in json.dumps(unsealed(json_format.MessageToDict(resource.request.object))), (
            resource.urn
        )


def test_a_password_from_the_configuration_replaces_a_generated_one_and_stays_secret():
    canary = "canary-canary-canary-canary"
    run = run_program("local", secret_keys=("credentials",), credentials={"analytics": canary})
    assert "kafka-credentials-analytics-password" not in {r.name for r in run.resources}
    assert run.outputs["kafkaPasswords"]["analytics"] == canary
    (secret,) = [r for r in run.resources if r.name == "kafka-credentials-analytics-secret"]
    assert SECRET_SIGNATURE in str(secret.request.object.fields["data"])
    for resource in run.resources:
        assert canary not in str(resource.request.object), resource.urn


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_outside_local_what_cannot_be_made_again_is_protected_and_kept(stack: str):
    run = rendered(stack)
    stateful = [
        *run.of_type("s3/bucket:Bucket"),
        # What goes through the topic of alerts is mailed and not kept.
        *(key for key in run.of_type("kms/key:Key") if key.name != "alerts-key"),
        *run.of_type("ecr/repository:Repository"),
        *run.of_type(":Kafka"),
        *run.of_type(":KafkaNodePool"),
        *run.of_type(":KafkaTopic"),
        # Those of volume snapshots stand in for EKS's add-on, where there is none.
        *(crd for crd in run.of_type(":CustomResourceDefinition") if "crd-volumesnapshot" not in crd.name),
    ]
    assert len(stateful) > 10
    for resource in stateful:
        assert resource.request.protect, resource.urn
        assert resource.request.retainOnDelete, resource.urn


def test_local_can_be_removed_without_a_trace():
    assert not [r.urn for r in rendered("local").resources if r.request.protect or r.request.retainOnDelete]
    assert rendered("local").named("object-store-bucket").inputs["forceDestroy"] is True


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_kafka_has_three_brokers_and_copies_two_in_sync_racks_passwords_tls_and_acls(stack: str):
    run = rendered(stack)
    cluster = run.named("streaming-cluster").inputs["spec"]["kafka"]
    assert run.named("streaming-brokers").inputs["spec"]["replicas"] == 3
    assert cluster["rack"] == {"topologyKey": "topology.kubernetes.io/zone"}
    assert cluster["authorization"] == {"type": "simple"}
    assert cluster["listeners"][0]["tls"] is True
    assert cluster["listeners"][0]["authentication"] == {"type": "scram-sha-512"}
    assert cluster["config"]["min.insync.replicas"] == 2
    assert cluster["config"]["default.replication.factor"] == 3
    assert cluster["config"]["unclean.leader.election.enable"] is False
    assert cluster["config"]["auto.create.topics.enable"] is False
    for topic in run.of_type(":KafkaTopic"):
        assert topic.inputs["spec"]["replicas"] == 3
        assert topic.inputs["spec"]["config"]["min.insync.replicas"] == 2


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
        "velero-12.1.0.tgz:12.1.0",
    ]
    assert not rendered("prod").of_type("helm.sh/v4:Chart")
    installed = run_program("prod", operators={"mode": "install"})
    charts = {chart.name: chart for chart in installed.of_type("helm.sh/v4:Chart")}
    assert sorted(charts) == ["cert-manager", "istio-cni", "istiod", "metrics-server", "strimzi", "velero", "ztunnel"]
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
    assert 110 <= len(rendered("local").resources) <= 250


@every_stack
def test_the_outputs_say_where_everything_is(stack: str):
    outputs = rendered(stack).outputs
    assert outputs["kafkaBootstrap"].endswith(":9092" if stack == "local" else ":9093")
    assert outputs["streamGatewayUrl"] == "http://stream-gateway.platform-streaming.svc.cluster.local:8080"
    assert outputs["schemaRegistryUrl"] == "http://schema-registry.platform-streaming.svc.cluster.local:8081"
    assert "ISO_RT_LMP" in outputs["kafkaTopics"]
    assert "platform-streaming" in outputs["namespaces"]
