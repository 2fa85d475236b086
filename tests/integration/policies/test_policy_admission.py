"""The rules before a real API server: CEL says what Python says, and what is refused is told why."""

import copy
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from policies.cel.admission import Manifest, admission_manifests
from policies.exceptions import ExceptionEntry, Exceptions, today
from policies.model import Resource
from policies.runtime import Packs, load_packs
from sandbox.control_plane import Endpoints
from tests.support.admission import (
    ADMISSION,
    Answer,
    Server,
    accounts_of,
    as_it_is,
    collection,
    custom_kinds,
    in_every_kind,
)
from tests.support.policy_examples import Example, examples, mutated, resource_from

pytestmark = pytest.mark.integration

PACKS = load_packs()
RULES = {id_: rule for id_, rule in PACKS.rules.items() if rule.cel is not None}
BY_FOLDER = {folder: id_ for pack in PACKS.packs for id_, folder in pack.rules.items() if id_ in RULES}
EXAMPLES = [example for example in examples("") if example.rule_folder in BY_FOLDER]

FILLED_IN = {"POD-001": {"Pod"}, "POD-051": {"Pod"}, "POD-009": {"Job", "ReplicationController"}}
"""Rules about what was left out, and kinds in which the API server fills it in before admission sees it."""

ALIKE = {"DaemonSet", "PodTemplate", "ReplicaSet", "ReplicationController"}
"""Kinds that carry pods as Deployments do: what examples say is asked in them too, but not each change of one."""

MERGE = "application/merge-patch+json"
Policies = list[Manifest]
Install = Callable[..., None]


@pytest.fixture(scope="module")
def server(running_sandbox: Endpoints) -> Server:
    return Server(running_sandbox)


@pytest.fixture
def namespace(server: Server) -> Iterator[str]:
    name = f"t-{secrets.token_hex(4)}"
    labels = {"platform/environment": "local"}
    metadata = {"name": name, "labels": labels}
    assert server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}).status == 201
    _until(lambda: server.ask("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default").status == 200)
    yield name
    server.ask("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def install(server: Server, namespace: str) -> Iterator[Install]:
    """Installs policies for the test's namespace alone, each under a name of its own, and waits for them."""
    made: list[str] = []

    def installed(policies: Policies, *actions: str) -> None:
        for policy in policies:
            name = f"{namespace}-{len(made)}"
            made.append(name)
            for manifest in (_watched(policy, name), _binding(name, namespace, actions)):
                answer = server.create(manifest)
                assert answer.status == 201, answer.message
        for name in made:
            sentinel = _config_map(namespace, name)
            _until(lambda sentinel=sentinel, name=name: name in _told(server.create(sentinel, dry_run=True)))

    yield installed
    for name in made:
        server.ask("DELETE", f"{ADMISSION}/validatingadmissionpolicybindings/{name}")
        server.ask("DELETE", f"{ADMISSION}/validatingadmissionpolicies/{name}")


@pytest.fixture
def custom(server: Server) -> Iterator[None]:
    """The custom kinds that are judged, for as long as a test needs them."""
    definitions = custom_kinds()
    paths = [f"{collection(it)}/{it['metadata']['name']}" for it in definitions]
    for definition in definitions:
        assert server.create(definition).status == 201
    for definition in definitions:
        served = definition["spec"]["versions"][0]["name"], definition["spec"]["names"]["plural"]
        path = f"/apis/{definition['spec']['group']}/{'/'.join(served)}"
        _until(lambda path=path: server.ask("GET", path).status == 200)
    yield
    for path in paths:
        server.ask("DELETE", path)
    _until(lambda: all(server.ask("GET", path).status == 404 for path in paths))


@pytest.mark.usefixtures("custom")
def test_python_and_cel_agree_on_every_example_in_every_kind_that_carries_it(
    server: Server, namespace: str, install: Install
):
    asked: dict[str, set[bool]] = {id_: set() for id_ in RULES}
    differences: list[str] = []
    refused: list[str] = []
    cases = list(_cases(namespace))
    for account in accounts_of((manifest for _, manifest in cases), namespace):
        assert server.create(account).status == 201
    install([_terse(policy) for policy in _policies()], "Warn")
    for label, manifest in cases:
        answer = server.create(manifest, dry_run=True)
        if answer.status != 201:
            refused.append(f"{label}: {answer.message}")
            continue
        says_cel = {id_ for id_ in RULES if any(f" {id_}!" in warning for warning in answer.warnings)}
        says_python = _found(resource_from(manifest))
        differences += [f"{label}: {id_} is found by CEL alone" for id_ in says_cel - says_python]
        unseen = {id_ for id_ in says_python - says_cel if manifest["kind"] not in FILLED_IN.get(id_, ())}
        differences += [f"{label}: {id_} is found by Python alone" for id_ in unseen]
        for id_ in RULES:
            asked[id_].add(id_ in says_cel)
    assert differences == []
    # What the server itself does not take cannot be judged there; it is a small part.
    assert len(refused) < len(cases) / 4
    assert {id_ for id_, verdicts in asked.items() if verdicts != {True, False}} == set(), refused


def test_a_pod_that_breaks_a_rule_is_refused_with_the_rules_id_and_what_to_do(
    server: Server, namespace: str, install: Install
):
    install(_policies(), "Deny", "Audit")
    answer = server.create(_pod(namespace, hostNetwork=True))
    assert answer.status == 403
    [id_] = [id_ for id_, rule in RULES.items() if f"{id_} {rule.title}" in answer.message]
    assert "of Pod probe does not comply" in answer.message
    assert RULES[id_].remediation in answer.message
    assert "Broken in all: " in answer.message


def test_a_deployment_that_breaks_a_rule_is_refused_itself(server: Server, namespace: str, install: Install):
    install(_policies(), "Deny", "Audit")
    answer = server.create(_deployment(namespace))
    assert (answer.status, "of Deployment web does not comply" in answer.message) == (403, True)


def test_a_pod_is_refused_when_its_deployment_was_not(server: Server, namespace: str, install: Install):
    install([_for_pods_alone(policy) for policy in _policies() if _judges_pods(policy)], "Deny")
    assert server.create(_deployment(namespace)).status == 201

    def told() -> bool:
        items = server.ask("GET", f"/apis/apps/v1/namespaces/{namespace}/replicasets").body["items"]
        conditions = [condition for item in items for condition in item.get("status", {}).get("conditions", [])]
        return any("does not comply" in condition.get("message", "") for condition in conditions)

    _until(told)
    assert server.ask("GET", f"/api/v1/namespaces/{namespace}/pods").body["items"] == []


def test_what_operators_make_is_left_to_pod_security(server: Server, namespace: str, install: Install):
    install(_policies(), "Deny")

    def create(service_account: str, managed_by: str) -> int:
        space = service_account.partition(":")[0]
        pod = _pod(namespace, hostNetwork=True)
        pod["metadata"]["labels"] = {"app.kubernetes.io/managed-by": managed_by}
        # The second group may do everything, so that the policies alone decide.
        groups = (f"system:serviceaccounts:{space}", "system:masters")
        return server.create(pod, dry_run=True, user=f"system:serviceaccount:{service_account}", groups=groups).status

    assert create("platform-operators:strimzi", "strimzi-cluster-operator") == 201
    assert create("kube-system:replicaset-controller", "strimzi-cluster-operator") == 201
    assert create("kube-system:replicaset-controller", "pulumi") == 403
    assert create("tenant-a:default", "strimzi-cluster-operator") == 403


def test_what_is_being_deleted_can_lose_its_finalizers(server: Server, namespace: str, install: Install):
    deployment = _deployment(namespace)
    deployment["metadata"]["finalizers"] = ["example.test/hold"]
    assert server.create(deployment).status == 201
    install(_policies(), "Deny")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    assert server.ask("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, content=MERGE).status == 403
    server.ask("DELETE", path)
    assert server.ask("PATCH", path, {"metadata": {"finalizers": None}}, content=MERGE).status == 200


def test_a_container_that_is_added_to_a_running_pod_is_judged(server: Server, namespace: str, install: Install):
    assert server.create(_pod(namespace)).status == 201
    install([it for it in _policies() if it["metadata"]["name"] == "platform-workloads-everywhere"], "Deny")
    added = {"name": "look", "image": "registry.example/look:1.0.0", "securityContext": {"privileged": True}}
    path = f"/api/v1/namespaces/{namespace}/pods/probe/ephemeralcontainers"
    answer = server.ask(
        "PATCH", path, {"spec": {"ephemeralContainers": [added]}}, content="application/strategic-merge-patch+json"
    )
    assert answer.status == 403
    assert "container look" in answer.message


def test_an_exception_excuses_its_object_and_no_other(server: Server, namespace: str, install: Install):
    entries = [
        ExceptionEntry(id_, "urn:*::*:Pod::x", "why", "platform", today(), f"{namespace}/probe") for id_ in RULES
    ]
    install(_policies(Packs(PACKS.packs, PACKS.rules, Exceptions(entries))), "Deny")
    assert server.create(_pod(namespace), dry_run=True).status == 201
    assert server.create(_pod(namespace, name="other"), dry_run=True).status == 403


def test_the_bindings_hold_in_namespaces_of_the_platform_and_warn_or_deny_as_the_environment_says(server: Server):
    files = admission_manifests(PACKS)
    prefix = f"t-{secrets.token_hex(4)}"
    labels = {"platform/environment": "dev"}
    places = {f"{prefix}-in": labels, f"{prefix}-out": {}}
    for place, has in places.items():
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place, "labels": has}})
    bindings = [{**it, "metadata": {"name": f"{prefix}-{it['metadata']['name']}"}} for it in files["bindings-dev"]]
    policies = _policies()
    try:
        for policy in policies:
            name = f"{prefix}-{policy['metadata']['name']}"
            assert server.create(_watched(policy, name)).status == 201
        for binding in bindings:
            binding["spec"] = {**binding["spec"], "policyName": binding["metadata"]["name"]}
            assert server.create(binding).status == 201
        for binding in bindings:
            name = binding["metadata"]["name"]
            sentinel = _config_map(f"{prefix}-in", name)
            _until(lambda sentinel=sentinel, name=name: name in _told(server.create(sentinel, dry_run=True)))
        _until(lambda: server.ask("GET", f"/api/v1/namespaces/{prefix}-in/serviceaccounts/default").status == 200)
        _until(lambda: server.ask("GET", f"/api/v1/namespaces/{prefix}-out/serviceaccounts/default").status == 200)
        warned = server.create(_pod(f"{prefix}-in"), dry_run=True)
        assert (warned.status, "POD-001" in _told(warned)) == (403, True)
        assert "POD-005" in warned.message
        outside = server.create(_pod(f"{prefix}-out"), dry_run=True)
        assert (outside.status, prefix in _told(outside).replace(f"{prefix}-out", "")) == (201, False)
    finally:
        for manifest in bindings:
            server.ask("DELETE", f"{ADMISSION}/validatingadmissionpolicybindings/{manifest['metadata']['name']}")
        for policy in policies:
            name = f"{prefix}-{policy['metadata']['name']}"
            server.ask("DELETE", f"{ADMISSION}/validatingadmissionpolicies/{name}")
        for place in places:
            server.ask("DELETE", f"/api/v1/namespaces/{place}")


def _policies(packs: Packs = PACKS) -> Policies:
    return [file[0] for name, file in admission_manifests(packs).items() if not name.startswith("bindings-")]


def _watched(policy: Manifest, name: str) -> Manifest:
    """The policy under another name, with a ConfigMap that it refuses as soon as the server knows of it."""
    spec = copy.deepcopy(policy["spec"])
    rules = spec["matchConstraints"]["resourceRules"]
    rules.append({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]})
    spec["validations"].append({"expression": f"object.metadata.name != '{name}'", "message": f"{name} is here"})
    return {**policy, "metadata": {"name": name}, "spec": spec}


def _binding(name: str, namespace: str, actions: tuple[str, ...]) -> Manifest:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {
        "policyName": name,
        "validationActions": list(actions),
        "matchResources": {"namespaceSelector": selector},
    }
    version = "admissionregistration.k8s.io/v1"
    return {
        "apiVersion": version,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": spec,
    }


def _judges_pods(policy: Manifest) -> bool:
    return any("pods" in rule["resources"] for rule in policy["spec"]["matchConstraints"]["resourceRules"])


def _for_pods_alone(policy: Manifest) -> Manifest:
    rules = [rule for rule in policy["spec"]["matchConstraints"]["resourceRules"] if "pods" in rule["resources"]]
    return {**policy, "spec": {**policy["spec"], "matchConstraints": {"resourceRules": rules}}}


def _terse(policy: Manifest) -> Manifest:
    """The policy with messages of an id, since the server cuts off long warnings."""
    policy = copy.deepcopy(policy)
    for validation in policy["spec"]["validations"]:
        validation["message"] = f"{validation['message'].partition(' ')[0]}!"
        del validation["messageExpression"]
    return policy


def _cases(namespace: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for example in EXAMPLES:
        for text, resources in [("as it is", example.resources()), *_mutations(example)]:
            for resource in resources:
                for manifest in _asked_about(resource, namespace):
                    if text != "as it is" and manifest["kind"] in ALIKE:
                        continue
                    manifest["metadata"]["namespace"] = namespace
                    yield f"{example.label} {text} as {manifest['kind']}", manifest


def _mutations(example: Example) -> Iterator[tuple[str, list[Resource]]]:
    for mutation in example.mutations:
        yield mutation, mutated(example, mutation)


def _asked_about(resource: Resource, namespace: str) -> Iterator[dict[str, Any]]:
    yield from in_every_kind(resource)
    if own := as_it_is(resource, namespace):
        yield own


def _found(resource: Resource) -> set[str]:
    return {id_ for id_, rule in RULES.items() if any(True for _ in rule.evaluate(resource, stack="prod"))}


def _pod(namespace: str, *, name: str = "probe", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "main", "image": "registry.example/main:1.0.0"}], **spec},
    }


def _deployment(namespace: str) -> dict[str, Any]:
    labels = {"test": "admission"}
    template = {"metadata": {"labels": labels}, "spec": _pod(namespace, hostNetwork=True)["spec"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def _config_map(namespace: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}


def _told(answer: Answer) -> str:
    return "\n".join([answer.message, *answer.warnings])


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.1)
