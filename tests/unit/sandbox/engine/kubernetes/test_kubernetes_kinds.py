from __future__ import annotations

import pytest

from sandbox.engine.providers.kubernetes.kinds import Kind, object_id, parse_type, refusal, split_id


@pytest.mark.parametrize(
    ("type", "api_version", "custom"),
    [
        ("kubernetes:core/v1:ConfigMap", "v1", False),
        ("kubernetes:apps/v1:Deployment", "apps/v1", False),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1", False),
        ("kubernetes:kafka.strimzi.io/v1beta2:Kafka", "kafka.strimzi.io/v1beta2", True),
        ("kubernetes:gateway.networking.k8s.io/v1:Gateway", "gateway.networking.k8s.io/v1", True),
    ],
)
def test_a_type_token_names_its_api_version_and_kind(type: str, api_version: str, custom: bool) -> None:
    kind = parse_type(type)

    assert kind.api_version == api_version
    assert kind.kind == type.rsplit(":", 1)[1]
    assert kind.custom is custom


@pytest.mark.parametrize(
    ("type", "advice"),
    [
        ("kubernetes:helm.sh/v3:Release", "use kubernetes.helm.v4.Chart"),
        ("kubernetes:helm.sh/v4:Chart", "remote component"),
        ("kubernetes:yaml/v2:ConfigGroup", "typed resources"),
        ("kubernetes:yaml:ConfigFile", "typed resources"),
        ("kubernetes:kustomize/v2:Directory", "render the kustomization"),
        ("kubernetes:apps/v1:DeploymentPatch", "declare the object"),
        ("kubernetes:core/v1:ConfigMapList", "declare each of its items"),
        ("kubernetes:rbac.authorization.k8s.io/v1:RoleList", "declare each of its items"),
        ("aws:s3/bucket:Bucket", "expected kubernetes:<group>/<version>:<Kind>"),
        ("kubernetes:Deployment", "expected kubernetes:<group>/<version>:<Kind>"),
    ],
)
def test_what_is_no_single_object_is_refused_with_advice(type: str, advice: str) -> None:
    reason = refusal(type)

    assert reason is not None
    assert type in reason
    assert advice in reason
    with pytest.raises(ValueError, match="is"):
        parse_type(type)


def test_a_custom_kind_may_end_in_list_or_be_called_like_an_overlay() -> None:
    assert refusal("kubernetes:security.example.com/v1:AllowList") is None
    assert refusal("kubernetes:yaml.example.com/v1:Document") is None


def test_an_id_is_written_and_read_as_pulumi_does() -> None:
    assert object_id("prod", "web") == "prod/web"
    assert object_id("", "prod") == "prod"
    assert split_id("prod/web") == ("prod", "web")
    assert split_id("system:node") == ("", "system:node")


def test_a_kind_shows_its_version() -> None:
    assert str(Kind("apps", "v1", "Deployment")) == "apps/v1 Deployment"
