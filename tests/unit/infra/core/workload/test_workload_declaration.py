from typing import Any

import pytest
from pydantic import ValidationError

from infra.components.foundation.workload_identity_layout import workload_identity
from infra.core.catalog.images import Image
from infra.core.iam import AwsNetwork, AwsPlace, SecretRead
from infra.core.labels import Ownership
from infra.core.wiring import External, KafkaLogin, Party
from infra.core.workload.manifests import network_manifests, workload_manifests
from infra.core.workload.secret_key import SecretKey
from infra.core.workload.spec import (
    AccountToken,
    ConfigFiles,
    Port,
    Probe,
    Probes,
    Replicas,
    Resources,
    Scratch,
    SecretFiles,
    SharedFiles,
    Storage,
    WorkloadSpec,
)

IMAGE = Image(repository="example/thing", tag="1.2.3", user=1000, group=1000, source="a test")
OWNERSHIP = Ownership(environment="dev", owner="team", cost_centre="cc-1")
PROBES = Probes(liveness=Probe(port="http"), readiness=Probe(port="http", path="/readyz"))
SERVICE: dict[str, Any] = {
    "name": "thing",
    "namespace": "place",
    "component": "testing",
    "ownership": OWNERSHIP,
    "image": IMAGE,
    "resources": Resources(cpu_request=100, cpu_limit=200, memory=128 * 1024**2),
    "ports": (Port(name="http", number=8080),),
    "probes": PROBES,
    "serves": ("http",),
}


def workload(**changes: Any) -> WorkloadSpec:
    return WorkloadSpec(**{**SERVICE, **changes})


def job(**changes: Any) -> WorkloadSpec:
    return workload(kind="job", probes=None, ports=(), serves=(), **changes)


def objects(spec: WorkloadSpec) -> dict[str, dict[str, Any]]:
    return dict(workload_manifests(spec))


def pod(spec: WorkloadSpec) -> dict[str, Any]:
    return objects(spec)[spec.kind]["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("must have probes", {"probes": None}),
        ("must not have probes", {"kind": "job"}),
        ("must have a schedule", {"kind": "cronjob", "probes": None}),
        ("must not have a schedule", {"schedule": "0 2 * * *"}),
        ("must be a statefulset to have storage", {"storage": Storage(mount_path="/data", size=2**30)}),
        ("must be a deployment to be autoscaled", {"kind": "statefulset", "replicas": Replicas(minimum=1, maximum=2)}),
        ("serves, probes or has as peers a port that is none of", {"serves": ("grpc",)}),
        ("must have several replicas to have peers", {"peers": ("http",)}),
    ],
)
def test_a_contradiction_is_refused_with_the_name_of_the_workload(problem: str, changes: dict[str, Any]):
    with pytest.raises(ValidationError, match=f"workload thing {problem}"):
        workload(**changes)


def test_a_limit_below_the_request_is_refused():
    with pytest.raises(ValidationError, match="cpu_limit 50m is below cpu_request 100m"):
        Resources(cpu_request=100, cpu_limit=50, memory=2**27)


def test_fewer_replicas_at_most_than_at_least_are_refused():
    with pytest.raises(ValidationError, match="maximum 1 is below minimum 2"):
        Replicas(minimum=2, maximum=1)


@pytest.mark.parametrize("tag", ["latest", "", "a b", ":1"])
def test_an_image_without_an_exact_tag_is_refused(tag: str):
    with pytest.raises(ValidationError):
        Image(repository="example/thing", tag=tag, user=1000, group=1000, source="a test")


def test_an_image_that_would_run_as_root_is_refused():
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Image(repository="example/thing", tag="1", user=0, group=0, source="a test")


def test_a_resolved_digest_is_part_of_the_reference():
    digest = "sha256:" + "0" * 64
    assert IMAGE.model_copy(update={"digest": digest}).reference == f"example/thing:1.2.3@{digest}"


def test_an_offer_can_only_be_had_for_a_port_that_is_served():
    assert workload().offer("http").port == 8080
    with pytest.raises(ValueError, match="does not serve grpc: it serves http"):
        workload().offer("grpc")


def test_one_replica_has_neither_budget_nor_spread():
    spec = workload()
    assert set(objects(spec)) == {"account", "service", "deployment"}
    assert "topologySpreadConstraints" not in pod(spec)


def test_several_replicas_are_spread_and_have_a_budget():
    spec = workload(replicas=Replicas(minimum=2, maximum=2), zones=3)
    assert objects(spec)["budget"]["spec"]["maxUnavailable"] == 1
    zone, host = pod(spec)["topologySpreadConstraints"]
    assert (zone["topologyKey"], zone["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
    assert (host["topologyKey"], host["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")


def test_in_one_zone_replicas_may_share_it():
    spec = workload(replicas=Replicas(minimum=2, maximum=2), zones=1)
    assert pod(spec)["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"


def test_an_autoscaled_deployment_leaves_the_count_to_the_autoscaler():
    manifests = objects(workload(replicas=Replicas(minimum=2, maximum=5)))
    assert "replicas" not in manifests["deployment"]["spec"]
    assert manifests["scaler"]["spec"]["minReplicas"] == 2
    assert manifests["scaler"]["spec"]["maxReplicas"] == 5
    assert manifests["deployment"]["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_a_stateful_set_has_a_headless_service_and_claims_its_storage():
    spec = workload(kind="statefulset", storage=Storage(mount_path="/data", size=5 * 2**30, storage_class="fast"))
    manifests = objects(spec)
    assert manifests["service"]["spec"]["clusterIP"] == "None"
    (claim,) = manifests["statefulset"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "5Gi"
    assert claim["spec"]["storageClassName"] == "fast"
    assert {"name": "data", "mountPath": "/data"} in pod(spec)["containers"][0]["volumeMounts"]


def test_a_job_is_restarted_on_failure_for_a_limited_time():
    manifest = objects(job(time_limit_seconds=900))["job"]
    assert manifest["spec"]["activeDeadlineSeconds"] == 900
    assert manifest["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"


def test_a_cron_job_never_overlaps_itself_and_runs_by_utc():
    spec = workload(kind="cronjob", probes=None, ports=(), serves=(), schedule="0 2 * * *")
    manifest = objects(spec)["cronjob"]["spec"]
    assert manifest["concurrencyPolicy"] == "Forbid"
    assert manifest["timeZone"] == "Etc/UTC"
    assert manifest["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"] == "thing"


def test_configuration_secrets_and_scratch_space_are_mounted_and_changes_roll_out():
    changes: dict[str, Any] = {
        "secret_environment": {"PASSWORD": SecretKey(secret="it", key="password")},
        "shared_files": (SharedFiles(config_map="rules-1", mount_path="/rules"),),
        "secret_files": (SecretFiles(secret="ca", mount_path="/ca"),),
        "scratch": (Scratch(mount_path="/tmp", size=2**20),),
        "pod_ip_variable": "POD_IP",
        "environment": {"A": "b"},
    }
    one = workload(config_files=ConfigFiles(mount_path="/etc/thing", files={"a": "1"}), **changes)
    other = workload(config_files=ConfigFiles(mount_path="/etc/thing", files={"a": "2"}), **changes)
    assert objects(one)["config"]["data"] == {"a": "1"}
    container = pod(one)["containers"][0]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/etc/thing", "/rules", "/ca", "/tmp"]
    assert [entry["name"] for entry in container["env"]] == ["A", "POD_IP", "PASSWORD"]
    sources = [set(volume) - {"name"} for volume in pod(one)["volumes"]]
    assert sources == [{"configMap"}, {"configMap"}, {"secret"}, {"emptyDir"}]
    assert pod(one)["volumes"][1]["configMap"]["name"] == "rules-1"
    templates = [objects(spec)["deployment"]["spec"]["template"]["metadata"] for spec in (one, other)]
    assert templates[0]["annotations"] != templates[1]["annotations"]


def test_a_container_asks_for_the_disk_that_its_scratch_space_and_its_output_may_take():
    scratch = (Scratch(mount_path="/tmp", size=2**27), Scratch(mount_path="/cache", size=2**26))
    for spec, amount in ((workload(), "64Mi"), (workload(scratch=scratch), "256Mi")):
        resources = pod(spec)["containers"][0]["resources"]
        assert {resources[section]["ephemeral-storage"] for section in ("requests", "limits")} == {amount}


def test_every_edge_becomes_two_labelled_policies():
    server = workload(name="server")
    manifests = dict(network_manifests(workload(uses=(server.offer("http"),))))
    assert set(manifests) == {"egress-server-http", "ingress-server-http"}
    assert all(manifest["metadata"]["labels"]["platform/owner"] == "team" for manifest in manifests.values())


def test_a_workload_is_part_of_the_graph_with_all_that_it_uses():
    other = Party.of_workload("other", "place")
    kafka, host = other.offer("kafka", 9092, login="kafka"), External(host="api.example.org")
    spec = workload(
        uses=(other.offer("http", 80), kafka.use(KafkaLogin(user="thing")), host),
        replicas=Replicas(minimum=2, maximum=2),
        peers=("http",),
    )
    http, login, own = spec.edges()
    assert (http.login, login.login, own.between_replicas) == (None, KafkaLogin(user="thing"), True)
    member = spec.member()
    assert member.edges == spec.edges()
    assert member.serves == (spec.offer("http"),)
    assert [edge.target for edge in member.outside] == [host]
    roles = [role for role, _ in network_manifests(spec)]
    assert len(roles) == len(set(roles)) == 7


def test_a_port_with_accounts_is_offered_with_them():
    spec = workload(ports=(Port(name="http", number=80, login="kafka"),))
    assert spec.offer("http").login == "kafka"


def test_what_a_workload_uses_of_aws_is_all_that_opens_the_network_to_its_role_and_to_aws():
    place = AwsPlace(account_id="444455556666", region="us-east-1")
    network = AwsNetwork(place=place, services=frozenset({"secretsmanager"}), blocks=("10.0.9.0/24",))
    spec = workload(aws=(SecretRead(name="desk/key"),), aws_network=network)
    opened = {role: manifest["spec"]["egress"] for role, manifest in network_manifests(spec)}
    assert {role: [peer["ipBlock"]["cidr"] for peer in rules[0]["to"]] for role, rules in opened.items()} == {
        "egress-secretsmanager.us-east-1.amazonaws.com-443": ["10.0.9.0/24"],
        "egress-identity-agent": ["169.254.170.23/32", "fd00:ec2::23/128"],
    }
    identity = workload_identity(spec, "cluster", place, "prod")
    assert (identity.namespace, identity.accounts, identity.grants) == (spec.namespace, (spec.name,), spec.aws)
    assert spec.member().aws_role
    assert not workload().member().aws_role


def test_a_token_for_others_names_them_and_opens_nothing():
    spec = workload(tokens=(AccountToken(mount_path="/etc/token", audience="ours"),))
    (volume,) = pod(spec)["volumes"]
    issued = {"path": "token", "expirationSeconds": 3600, "audience": "ours"}
    assert volume["projected"] == {"defaultMode": 0o440, "sources": [{"serviceAccountToken": issued}]}
    assert pod(spec)["automountServiceAccountToken"] is False
    assert pod(spec)["containers"][0]["volumeMounts"] == [
        {"name": "token-0", "mountPath": "/etc/token", "readOnly": True}
    ]
    assert not spec.api_server
    assert dict(network_manifests(spec)) == {}


def test_a_token_for_the_api_server_comes_with_its_authority_and_the_way_there():
    spec = workload(tokens=(AccountToken(mount_path="/etc/api"),))
    token, authority = pod(spec)["volumes"][0]["projected"]["sources"]
    assert token == {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}
    assert authority["configMap"]["name"] == "kube-root-ca.crt"
    assert authority["configMap"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert spec.member().api_server
    policy = dict(network_manifests(spec))["egress-api-server"]
    assert policy["metadata"]["labels"]["app.kubernetes.io/name"] == "thing"
    assert {port["port"] for port in policy["spec"]["egress"][0]["ports"]} == {443, 6443}


def test_a_workload_that_uses_aws_says_from_where():
    with pytest.raises(ValidationError, match="must have an aws_network to use anything of AWS"):
        workload(aws=(SecretRead(name="desk/key"),))
