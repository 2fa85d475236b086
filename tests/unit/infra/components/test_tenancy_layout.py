import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.components.foundation.object_store_layout import ObjectStoreArgs, bucket_policy, lifecycle_rules
from infra.components.foundation.tenancy_layout import (
    LOGIN_PREFIX,
    PRIORITIES,
    ROLES,
    content_manifests,
    namespace_manifest,
    tenant_share,
    tenant_spec,
)
from infra.core.catalog.tenants import Tenant
from infra.core.labels import Ownership
from infra.core.quantity import Compute, gibibytes, parse_cpu, parse_memory

quotas = st.builds(Compute, st.integers(8_000, 10**6), st.integers(gibibytes(16), gibibytes(4000)))


def tenant(percent: int) -> Tenant:
    facts = {"owner": "team", "costCentre": "cc-1", "quotaPercent": percent, "clearance": ("public",)}
    return Tenant.model_validate(facts)


@given(st.integers(1, 100), quotas)
def test_a_tenant_never_gets_more_than_its_share(percent: int, quota: Compute):
    share = tenant_share("desk", tenant(percent), quota)
    assert share.requests.cpu * 100 <= quota.cpu * percent
    assert share.requests.memory * 100 <= quota.memory * percent
    assert share.pods >= 10


@given(st.integers(1, 100), quotas)
def test_the_limits_of_a_container_are_in_order_whatever_the_share(percent: int, quota: Compute):
    contents = dict(content_manifests(tenant_spec("desk", tenant(percent), "dev", quota)))
    (limit,) = contents["limits"]["spec"]["limits"]
    for unit, parse in (("cpu", parse_cpu), ("memory", parse_memory)):
        least, request, default, most = (parse(limit[key][unit]) for key in ("min", "defaultRequest", "default", "max"))
        assert least <= request <= default <= most
        assert most <= parse(contents["quota"]["spec"]["hard"][f"requests.{unit}"])


def test_a_tenant_may_not_open_ports_to_the_outside():
    contents = dict(content_manifests(tenant_spec("desk", tenant(10), "dev", Compute(8000, gibibytes(16)))))
    hard = contents["quota"]["spec"]["hard"]
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"


def test_every_role_is_bound_to_a_group_of_the_tenant():
    spec = tenant_spec("desk", tenant(10), "dev", Compute(8000, gibibytes(16)))
    contents = dict(content_manifests(spec))
    for role in spec.roles:
        assert contents[f"binding-{role}"]["roleRef"]["name"] == contents[f"role-{role}"]["metadata"]["name"] == role
        assert contents[f"binding-{role}"]["subjects"][0]["name"] == f"desk:{role}s"
    contents = dict(content_manifests(spec.model_copy(update={"group_prefix": LOGIN_PREFIX})))
    assert contents["binding-viewer"]["subjects"][0]["name"] == "oidc:desk:viewers"


def test_a_namespace_says_to_whom_it_belongs():
    labels = namespace_manifest(tenant_spec("desk", tenant(10), "dev", Compute(8000, gibibytes(16))))["metadata"][
        "labels"
    ]
    assert labels["platform/tenant"] == "desk"
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_role_of_ours_can_read_a_secret_or_change_what_keeps_tenants_apart():
    for rules in ROLES.values():
        for group, resources, verbs in rules:
            if "secrets" in resources:
                assert not {"get", "list", "watch"} & set(verbs)
            if group in ("networking.k8s.io", "rbac.authorization.k8s.io") or "resourcequotas" in resources:
                assert set(verbs) == {"get", "list", "watch"}


def test_brokers_go_before_services_and_services_before_tenants():
    values = [value for value, _ in PRIORITIES.values()]
    assert values == sorted(values, reverse=True)
    assert max(values) < 1_000_000_000


@pytest.fixture
def store() -> ObjectStoreArgs:
    ownership = Ownership(environment="prod", owner="team", cost_centre="cc-1")
    return ObjectStoreArgs(
        bucket="a-bucket",
        account_id="111122223333",
        ownership=ownership,
        infrequent_access_days=30,
        archive_days=90,
        noncurrent_days=7,
    )


def test_objects_age_into_cheaper_storage_and_nothing_unfinished_stays(store: ObjectStoreArgs):
    age, uploads = lifecycle_rules(store)
    assert [(step["days"], step["storage_class"]) for step in age["transitions"]] == [
        (30, "STANDARD_IA"),
        (90, "GLACIER"),
    ]
    assert age["noncurrent_version_expiration"] == {"noncurrent_days": 7}
    assert uploads["abort_incomplete_multipart_upload"]["days_after_initiation"] > 0


def test_the_bucket_refuses_requests_without_tls_and_other_keys():
    policy = bucket_policy("a-bucket", "arn:aws:kms:key")
    assert '"aws:SecureTransport": "false"' in policy
    assert '"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:key"' in policy
    assert '"Effect": "Allow"' not in policy


def test_a_namespace_is_part_of_the_mesh_and_its_probes_are_admitted():
    spec = tenant_spec("desk", tenant(10), "dev", Compute(8000, gibibytes(16)))
    assert namespace_manifest(spec)["metadata"]["labels"]["istio.io/dataplane-mode"] == "ambient"
    contents = dict(content_manifests(spec))
    assert contents["allow-probes"]["metadata"]["labels"]["app.kubernetes.io/name"] == "allow-probes"
    assert contents["allow-probes"]["spec"]["podSelector"] == {}
