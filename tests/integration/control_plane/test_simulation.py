import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.control_plane import Endpoints, admin_client
from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.inventory import diff, inventory
from tests.support.sandbox import sandbox_name

pytestmark = pytest.mark.integration

IMAGE = "registry.invalid/app:1.0"


@pytest.fixture
def client(running_sandbox: Endpoints) -> Iterator[ApiClient]:
    client = admin_client(running_sandbox)
    yield client
    client.close()


@pytest.fixture
def namespace(client: ApiClient) -> Iterator[str]:
    name = sandbox_name()
    client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    with contextlib.suppress(ApiError):
        client.request("DELETE", f"/api/v1/namespaces/{name}")


def eventually(look: Callable[[], Any], *, seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > end:
            assert found, f"nothing after {seconds} s"
            return found
        time.sleep(0.1)


def pod_template(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": IMAGE}], **spec}}


def deployment(name: str, *, replicas: int = 2, simulate: str = "") -> dict[str, Any]:
    template = pod_template()
    if simulate:
        template["metadata"]["annotations"] = {"sandbox.platform/simulate": simulate}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "x"}}, "template": template},
    }


def test_a_deployment_rolls_out_over_three_zones(client: ApiClient, namespace: str):
    client.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment("web", replicas=3))
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    eventually(lambda: client.get(path)["status"].get("readyReplicas") == 3)
    nodes = {node["metadata"]["name"]: node for node in client.get("/api/v1/nodes")["items"]}
    pods = client.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    zones = {nodes[pod["spec"]["nodeName"]]["metadata"]["labels"]["topology.kubernetes.io/zone"] for pod in pods}
    assert zones == {"local-a", "local-b", "local-c"}


def test_a_stateful_set_with_claims_starts_and_its_volumes_go_when_it_goes(
    client: ApiClient, namespace: str, running_sandbox: Endpoints
):
    claims = [
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    ]
    spec = {
        "replicas": 2,
        "serviceName": "db",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": "x"}},
        "template": pod_template(),
        "volumeClaimTemplates": claims,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
    }
    spec["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    base = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    client.request("POST", base, {"metadata": {"name": "db"}, "spec": spec})
    eventually(lambda: client.get(f"{base}/db")["status"].get("readyReplicas") == 2)

    def volumes() -> list[dict[str, Any]]:
        items = client.get("/api/v1/persistentvolumes")["items"]
        return [item for item in items if item["spec"]["claimRef"]["namespace"] == namespace]

    directory = running_sandbox.root / ".sandbox" / running_sandbox.name / "volumes"
    names = [volume["metadata"]["name"] for volume in volumes()]
    assert len(names) == 2
    assert all((directory / name).is_dir() for name in names)
    client.request("DELETE", f"{base}/db")
    eventually(lambda: not volumes())
    assert not any((directory / name).exists() for name in names)


def test_a_job_completes(client: ApiClient, namespace: str):
    base = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    job = {"completions": 2, "parallelism": 2, "template": pod_template(restartPolicy="Never")}
    client.request("POST", base, {"metadata": {"name": "once"}, "spec": job})
    eventually(lambda: client.get(f"{base}/once")["status"].get("succeeded") == 2)


@pytest.mark.soak
def test_the_job_of_a_cron_job_completes_at_the_next_full_minute(client: ApiClient, namespace: str):
    base = f"/apis/batch/v1/namespaces/{namespace}/cronjobs"
    job = {"spec": {"template": pod_template(restartPolicy="Never")}}
    cron = {"schedule": "* * * * *", "jobTemplate": job}
    client.request("POST", base, {"metadata": {"name": "often"}, "spec": cron})
    eventually(lambda: client.get(f"{base}/often")["status"].get("lastSuccessfulTime"), seconds=90)


def test_load_balancers_and_ingresses_get_a_name_that_never_resolves(client: ApiClient, namespace: str):
    service = {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "x"}}
    services = f"/api/v1/namespaces/{namespace}/services"
    client.request("POST", services, {"metadata": {"name": "front"}, "spec": service})
    ingress = {"defaultBackend": {"service": {"name": "front", "port": {"number": 80}}}}
    ingresses = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
    client.request("POST", ingresses, {"metadata": {"name": "front"}, "spec": ingress})
    for path, kind in ((f"{services}/front", "svc"), (f"{ingresses}/front", "ingress")):
        address = eventually(lambda path=path: client.get(path)["status"]["loadBalancer"].get("ingress"))
        assert address[0]["hostname"] == f"front.{namespace}.{kind}.sandbox.invalid"


@pytest.mark.parametrize(
    ("trouble", "reason"), [("crash-loop", "CrashLoopBackOff"), ("image-pull-error", "ImagePullBackOff")]
)
def test_troubles_can_be_asked_for(client: ApiClient, namespace: str, trouble: str, reason: str):
    manifest = deployment("bad", replicas=1, simulate=trouble)
    client.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", manifest)

    def waiting() -> str:
        pods = client.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
        return statuses[0]["state"].get("waiting", {}).get("reason", "") if statuses else ""

    assert eventually(waiting) == reason
    events = client.get(f"/api/v1/namespaces/{namespace}/events")["items"]
    assert eventually(lambda: events or client.get(f"/api/v1/namespaces/{namespace}/events")["items"])


def test_pod_security_refuses_a_privileged_pod_in_a_restricted_namespace(client: ApiClient, namespace: str):
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    merge = "application/merge-patch+json"
    client.request("PATCH", f"/api/v1/namespaces/{namespace}", labels, content_type=merge)
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": IMAGE}]}}
    eventually(lambda: client.get(f"/api/v1/namespaces/{namespace}/serviceaccounts")["items"])
    with pytest.raises(ApiError, match="violates PodSecurity") as caught:
        client.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
    assert caught.value.status == 403


def test_a_quota_refuses_what_does_not_fit(client: ApiClient, namespace: str):
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"count/configmaps": "1", "services": "0"}}}
    client.request("POST", f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
    path = f"/api/v1/namespaces/{namespace}/resourcequotas/q"
    eventually(lambda: client.get(path).get("status", {}).get("hard"))
    service = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    with pytest.raises(ApiError, match="exceeded quota"):
        client.request("POST", f"/api/v1/namespaces/{namespace}/services", service)


def test_an_admission_policy_written_in_cel_refuses_with_its_message(client: ApiClient, namespace: str):
    name = f"{namespace}.test"
    base = "/apis/admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
        "validations": [{"expression": "object.metadata.name != 'bad'", "message": "POD-000: not this one"}],
    }
    client.request("POST", f"{base}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": policy})
    binding = {"policyName": name, "validationActions": ["Deny"]}
    client.request("POST", f"{base}/validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding})

    def refusal() -> str:
        with contextlib.suppress(ApiError):
            client.request("DELETE", f"/api/v1/namespaces/{namespace}/configmaps/bad")
        try:
            client.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "bad"}})
        except ApiError as error:
            return error.what
        return ""

    try:
        assert "POD-000: not this one" in eventually(refusal)
    finally:
        client.request("DELETE", f"{base}/validatingadmissionpolicybindings/{name}")
        client.request("DELETE", f"{base}/validatingadmissionpolicies/{name}")


def test_a_service_account_may_do_only_what_it_was_granted(client: ApiClient, namespace: str):
    review = {
        "spec": {
            "user": f"system:serviceaccount:{namespace}:default",
            "resourceAttributes": {"namespace": namespace, "verb": "list", "resource": "secrets"},
        }
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    assert client.request("POST", path, review)["status"]["allowed"] is False


def test_anybody_without_a_certificate_is_refused(running_sandbox: Endpoints):
    import ssl
    import urllib.error
    import urllib.request

    context = ssl.create_default_context(cafile=str(running_sandbox.ca_path))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{running_sandbox.api_url}/api/v1/secrets", context=context, timeout=5)


def test_what_is_made_and_removed_leaves_the_inventory_as_it_was(running_sandbox: Endpoints, client: ApiClient):
    import boto3

    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    s3 = session.client("s3", endpoint_url=running_sandbox.moto_url)
    kms = session.client("kms", endpoint_url=running_sandbox.moto_url)
    name = sandbox_name()
    before = inventory(running_sandbox)
    client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    client.request("POST", f"/api/v1/namespaces/{name}/configmaps", {"metadata": {"name": "c"}})
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    key = kms.create_key(Description=f"key of {name}")["KeyMetadata"]["KeyId"]
    during = [line for line in diff(before, inventory(running_sandbox)) if name in line]
    assert during == [
        f"+ ConfigMap {name}/c",
        f"+ Namespace {name}",
        f"+ kms key eu-west-1 key of {name}",
        f"+ s3 bucket {name}",
    ]
    client.request("DELETE", f"/api/v1/namespaces/{name}")
    s3.delete_bucket(Bucket=name)
    kms.schedule_key_deletion(KeyId=key)
    eventually(lambda: not [line for line in diff(before, inventory(running_sandbox)) if name in line])
