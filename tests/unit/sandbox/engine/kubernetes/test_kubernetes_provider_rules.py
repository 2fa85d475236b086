from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine.provider import Operation, ProviderError, Target
from sandbox.engine.providers.kubernetes import Connection, KubernetesProvider, Settings
from sandbox.engine.providers.kubernetes.apply import Address, propagation
from sandbox.engine.providers.kubernetes.discovery import Mapping, parse
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.preview import offline
from sandbox.engine.values import UNKNOWN
from tests.support.kubernetes_inputs import config_map


@pytest.fixture
def provider() -> Iterator[KubernetesProvider]:
    nowhere = Path("unused")
    provider = KubernetesProvider(Connection("http://127.0.0.1:1", nowhere, nowhere, nowhere), Settings(retry_budget=0))
    yield provider
    provider.close()


def target(type: str) -> Target:
    return Target(f"urn:pulumi:local::platform::{type}::a", type, "a")


def test_a_refused_type_fails_the_check_with_its_reason(provider: KubernetesProvider) -> None:
    checked = provider.check(target("kubernetes:helm.sh/v3:Release"), {}, None)

    assert not provider.supports("kubernetes:helm.sh/v3:Release")
    assert "use kubernetes.helm.v4.Chart" in checked.failures[0].reason


def test_a_good_object_passes_the_check_completed(provider: KubernetesProvider) -> None:
    checked = provider.check(target("kubernetes:core/v1:ConfigMap"), {"metadata": {"name": "a"}}, None)

    assert provider.supports("kubernetes:core/v1:ConfigMap")
    assert checked.failures == ()
    assert checked.inputs == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


def test_only_the_content_of_secrets_is_always_secret(provider: KubernetesProvider) -> None:
    assert provider.secret_outputs("kubernetes:core/v1:Secret") == {"data", "stringData"}
    assert provider.secret_outputs("kubernetes:core/v1:ConfigMap") == frozenset()


def test_a_replacement_deletes_first_only_when_both_have_one_name(provider: KubernetesProvider) -> None:
    kind = target("kubernetes:core/v1:ConfigMap")

    assert provider.delete_before_replace(kind, config_map("a"), config_map("a", x="y"))
    assert not provider.delete_before_replace(kind, config_map("a"), config_map("a", "other"))
    assert not provider.delete_before_replace(kind, config_map("a"), config_map("b"))


def test_an_unreachable_server_is_an_error_and_so_is_a_closed_provider(provider: KubernetesProvider) -> None:
    kind, inputs = target("kubernetes:core/v1:ConfigMap"), config_map("a")

    with pytest.raises(ProviderError, match=r"http://127\.0\.0\.1:1 did not answer"):
        provider.create(kind, inputs, Operation(nonce="n"))
    provider.close()
    provider.close()
    with pytest.raises(ProviderError, match="was closed"):
        provider.create(kind, inputs, Operation(nonce="n"))


def test_the_settings_are_read_from_the_provider_resource() -> None:
    settings = Settings.of_provider(
        {"namespace": "prod", "enableConfigMapMutable": "true", "enableSecretMutable": True}
    )

    assert (settings.namespace, settings.config_map_mutable, settings.secret_mutable) == ("prod", True, True)
    assert Settings.of_provider({"enableConfigMapMutable": "false"}) == Settings()


def test_discovery_lists_kinds_that_can_be_read_and_applied() -> None:
    verbs = ["get", "list", "patch"]
    resources = [
        {"resource": "roles", "responseKind": {"kind": "Role"}, "scope": "Namespaced", "verbs": verbs},
        {"resource": "clusterroles", "responseKind": {"kind": "ClusterRole"}, "scope": "Cluster", "verbs": verbs},
        {"resource": "reviews", "responseKind": {"kind": "Review"}, "scope": "Cluster", "verbs": ["create"]},
        {"resource": "nameless", "scope": "Cluster", "verbs": verbs},
    ]
    document = {"items": [{"metadata": {"name": "rbac"}, "versions": [{"version": "v1", "resources": resources}]}]}

    role, cluster_role = parse(document)

    assert role == Mapping(Kind("rbac", "v1", "Role"), "roles", namespaced=True)
    assert role.path("a", "system:x/y") == "/apis/rbac/v1/namespaces/a/roles/system%3Ax%2Fy"
    assert cluster_role.path("", "b") == "/apis/rbac/v1/clusterroles/b"
    assert list(parse({})) == []


@pytest.mark.parametrize(
    ("group", "kind", "chosen", "policy"),
    [
        ("apps", "Deployment", "", "Foreground"),
        ("", "ConfigMap", "", "Background"),
        ("example.com", "Deployment", "", "Background"),
        ("apps", "Deployment", "orphan", "Orphan"),
        ("", "ConfigMap", "Foreground", "Foreground"),
        ("", "ConfigMap", "nonsense", "Background"),
    ],
)
def test_dependents_are_awaited_where_there_are_any_or_as_the_annotation_says(
    group: str, kind: str, chosen: str, policy: str
) -> None:
    address = Address(Mapping(Kind(group, "v1", kind), "x", namespaced=True), "a", "b")
    annotations = {"pulumi.com/deletionPropagationPolicy": chosen} if chosen else {}

    assert propagation(address, {"metadata": {"annotations": annotations}}) == policy


def test_an_object_nobody_can_judge_yet_is_previewed_from_its_inputs() -> None:
    preview = offline(config_map("a"))

    assert preview.validated == "offline"
    assert preview.outputs["data"] == {"mode": "fast"}
    assert preview.outputs["metadata"]["uid"] is UNKNOWN
