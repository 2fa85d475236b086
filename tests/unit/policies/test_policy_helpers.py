"""What rules start from: secrets in text, images of the catalog, amounts, replicas, what a role grants."""

from decimal import Decimal
from typing import Any

import pytest

from policies.image_catalog import image_catalog, names_image, names_others_image
from policies.images import parse_image
from policies.model import Stack
from policies.node import Node
from policies.pod_stack import workloads_of
from policies.quantities import parse_quantity
from policies.role_rules import READ, grants_of
from policies.runtime import load_packs
from policies.secret_forms import secret_form
from policies.secret_text import assigned_secret, is_literal, names_secret
from policies.unknown import UNKNOWN
from tests.support.policy_examples import findings_of, resource_from

PACKS = load_packs(["workloads"])
CATALOG = {"ghcr.io/other/registry": "6.1.4", "gateway": "content"}


def _deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _scaler(**spec: Any) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "spec": {"scaleTargetRef": target, **spec},
    }


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "dbPassword", "PGPASSWORD", "SECRET_BLAH", "API_TOKEN", "accessKey", "AZURE_BATCH_KEY", "authToken2"],
)
def test_a_name_that_promises_a_secret_is_seen(name: str):
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    ["TOKEN_URL", "PASSWORD_FILE", "SECRET_NAME", "PARTITION_KEY", "KEYSPACE", "tokenTtlSeconds", "MONKEY", "COMPASS"],
)
def test_a_name_that_is_only_about_a_secret_is_not(name: str):
    assert not names_secret(name)


@pytest.mark.parametrize(
    "value", ["$(PASSWORD)", "${PASSWORD}", "$(cat /x)", "/run/x", "{{ x }}", "<x>", "true", "", " "]
)
def test_a_reference_is_no_literal_value(value: str):
    assert not is_literal(value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nxx", "a private key"),
        ("key AKIAIOSFODNN7EXAMPLE", "an AWS access key"),
        ("amqp://guest:guest@broker", "a password in a URL"),
        ("postgresql://app:$(PASSWORD)@db/app", ""),
        ("https://example.com:8443/@scope", ""),
        ("xAKIAIOSFODNN7EXAMPLE", ""),
        ("a" * 100_000, ""),
    ],
)
def test_some_secrets_are_seen_by_their_form(text: str, form: str):
    assert secret_form(text) == form


def test_a_secret_that_a_command_assigns_is_named_and_not_shown():
    assert assigned_secret("export PGPASSWORD=hunter2; psql") == "PGPASSWORD"
    assert assigned_secret("run --api-token='x'") == "api-token"
    assert assigned_secret('run --token="$TOKEN" --sort-key=time') == ""
    container = {"name": "web", "env": [{"name": "PASSWORD", "value": "hunter2"}]}
    [finding] = findings_of(
        PACKS.rules["POD-025"],
        [resource_from({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}})],
    )
    assert "hunter2" not in finding.message


@pytest.mark.parametrize(
    ("image", "named", "others"),
    [
        ("ghcr.io/other/registry:6.1.4", True, True),
        ("ghcr.io/other/registry:6.1.5", False, False),
        ("mirror.example/registry:6.1.4", False, False),
        ("1.dkr.ecr.example/platform/gateway:0123456789ab", True, False),
        ("1.dkr.ecr.example/platform/gateway:content", False, False),
        ("gateway:content", False, True),
        ("ghcr.io/other/registry", False, False),
    ],
)
def test_an_image_is_the_catalogs_by_repository_and_exact_tag(image: str, named: bool, others: bool):
    reference = parse_image(image)
    assert names_image(CATALOG, reference) is (named or others)
    assert names_others_image(CATALOG, reference) is others


def test_the_images_of_the_catalog_are_pinned_by_their_tags():
    repository, tag = next((name, tag) for name, tag in image_catalog().items() if tag != "content")
    container = {"name": "web", "image": f"{repository}:{tag}", "envFrom": [{"secretRef": {"name": "web"}}]}
    pod = resource_from({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}})
    assert findings_of(PACKS.rules["POD-020"], [pod]) == []
    assert findings_of(PACKS.rules["POD-026"], [pod]) == []


@pytest.mark.parametrize(
    ("value", "amount"),
    [("250m", "0.25"), ("1.5Gi", "1610612736"), ("1e3", "1000"), ("2k", "2000"), (3, "3"), (".5", "0.5"), ("-1", "-1")],
)
def test_a_quantity_is_worth_its_amount(value: object, amount: str):
    assert parse_quantity(value) == Decimal(amount)


@pytest.mark.parametrize("value", ["1 Gi", "", True, None, [], float("inf"), "1e999", "9" * 65])
def test_what_is_no_quantity_has_no_amount(value: object):
    assert parse_quantity(value) is None


def test_the_number_of_pods_is_the_autoscalers_if_there_is_one():
    def counts(*documents: dict[str, Any]) -> tuple[bool, int, int]:
        [(_, workload)] = workloads_of(Stack("prod", [resource_from(document) for document in documents]))
        return workload.counted, workload.fewest(), workload.most()

    assert counts(_deployment(replicas=3)) == (True, 3, 3)
    assert counts(_deployment()) == (False, 1, 1)
    assert counts(_deployment(replicas=0)) == (True, 0, 0)
    assert counts(_deployment(replicas=UNKNOWN), _scaler(minReplicas=2, maxReplicas=7)) == (True, 2, 7)
    assert counts(_deployment(), _scaler()) == (True, 1, 1)


def test_a_replica_count_that_is_not_known_is_said_and_hides_no_other_workload():
    found = findings_of(
        PACKS.rules["POD-029"],
        [resource_from(_deployment("a", replicas=UNKNOWN)), resource_from(_deployment("b", replicas=2))],
    )
    assert [(finding.unknown, finding.address) for finding in found] == [(False, "Deployment b"), (True, "")]
    assert "Deployment a: spec.replicas" in found[1].path


def test_wildcards_of_a_role_count_for_every_resource_that_they_cover():
    rules = [
        {"apiGroups": ["*"], "resources": ["*/exec"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "create"], "resourceNames": ["a"]},
    ]
    wide, named = grants_of(
        resource_from({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": rules})
    )
    assert wide.allows(READ, "", "pods/exec") == READ
    assert wide.allows(READ, "", "pods") == frozenset()
    assert named.allows(READ, "", "secrets") == {"list"}
    assert named.allows(READ, "apps", "secrets") == frozenset()
    assert named.names == {"a"}


def test_no_pack_has_two_rules_of_one_title():
    titles = [rule.title for rule in PACKS.rules.values()]
    assert len(titles) == len(set(titles)) > 55


def test_a_graft_keeps_the_paths_of_what_was_put_together():
    document = {
        "apiVersion": "sparkoperator.k8s.io/v1beta2",
        "kind": "SparkApplication",
        "spec": {"driver": {"env": [{"name": "TOKEN", "value": "abc"}]}, "image": None},
    }
    [finding] = findings_of(PACKS.rules["POD-025"], [resource_from(document)])
    assert finding.path == "spec.driver.env[0].value"
    assert Node({"a": None})["a"]["b"].path == "a.b"
