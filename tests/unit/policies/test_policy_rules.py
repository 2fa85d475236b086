import pytest

from infra.core import labels as program_labels
from policies.images import parse_image
from policies.labels import COST_CENTRE, OWNER, REQUIRED
from policies.model import Level, Resource
from policies.pods import EveryContainer, EveryPod, Role, pods_of
from policies.quantities import is_positive_quantity
from policies.runtime import load_packs
from policies.unknown import UNKNOWN
from tests.support.policy_examples import resource_from

PACKS = load_packs(["workloads"])


def _pod(**spec: object) -> Resource:
    return resource_from({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})


def test_the_program_writes_the_labels_that_the_rule_requires():
    ownership = program_labels.Ownership(environment="local", owner="data", cost_centre="cc-1")
    assert set(REQUIRED) <= set(program_labels.object_labels("web", "api", ownership))
    assert (program_labels.OWNER_LABEL, program_labels.COST_CENTRE_LABEL) == (OWNER, COST_CENTRE)


@pytest.mark.parametrize("value", ["250m", "1", "1.5", ".5", "64Mi", "2G", "1e9", "1E", 2, 0.5, "+1"])
def test_amounts_above_zero_are_quantities(value: object):
    assert is_positive_quantity(value)


@pytest.mark.parametrize("value", ["0", "0m", 0, -1, "-1", "", "1 Gi", "plenty", "1GiB", True, None, [], {}])
def test_zero_and_nonsense_are_no_amounts(value: object):
    assert not is_positive_quantity(value)


@pytest.mark.parametrize(
    ("text", "tag", "digest", "valid"),
    [
        ("app", "", "", True),
        ("app:1.0", "1.0", "", True),
        ("registry:5000/app", "", "", True),
        ("registry:5000/team/app:v1", "v1", "", True),
        ("app@sha256:" + "a" * 64, "", "sha256:" + "a" * 64, True),
        ("app:1@sha256:" + "a" * 64, "1", "sha256:" + "a" * 64, True),
        ("app@sha256:abc", "", "sha256:abc", False),
        ("app:", "", "", False),
        (" app:1", "1", "", False),
        ("registry/:1", "1", "", False),
    ],
)
def test_an_image_reference_is_taken_apart(text: str, tag: str, digest: str, valid: bool):
    reference = parse_image(text)
    assert (reference.tag, reference.digest, reference.valid) == (tag, digest, valid)


def test_an_init_container_that_restarts_always_is_a_sidecar():
    resource = _pod(
        initContainers=[{"restartPolicy": "Always"}, {"restartPolicy": UNKNOWN}, {}],
        containers=[{}],
        ephemeralContainers=[{}],
    )
    [pod] = pods_of(resource)
    roles = [container.role for container in pod.containers()]
    assert roles == [Role.SIDECAR, Role.INIT, Role.INIT, Role.APP, Role.EPHEMERAL]


@pytest.mark.parametrize(
    "document",
    [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}},
        {"apiVersion": "apps/v1", "kind": "Deployment"},
        {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "spec": {"template": {"spec": {"requirements": []}}}},
        {"apiVersion": "v1", "kind": "Pod", "spec": None},
    ],
)
def test_what_carries_no_pod_has_none(document: dict[str, object]):
    assert pods_of(resource_from(document)) == []
    assert PACKS.check_resource(resource_from(document), stack="prod") == []


def test_a_kind_nobody_listed_is_checked_if_it_carries_a_pod_template():
    document = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:latest"}]}}},
    }
    findings = PACKS.check_resource(resource_from(document), stack="prod")
    assert "spec.template.spec.containers[0].image" in {finding.path for finding in findings}


def test_the_items_of_a_list_resource_are_checked():
    items = [{"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web"}]}}}}]
    listed = Resource("u", "kubernetes:apps/v1:DeploymentList", "l", {"items": items})
    paths = {finding.path for finding in PACKS.check_resource(listed, stack="prod") if finding.rule == "POD-008"}
    assert paths == {"items[0].spec.template.spec.containers[0].image"}


def test_a_patch_is_a_part_of_an_object_and_not_judged():
    spec = {"template": {"spec": {"containers": [{"name": "web"}]}}}
    patch = Resource("u", "kubernetes:apps/v1:DeploymentPatch", "p", {"spec": spec})
    assert PACKS.check_resource(patch, stack="prod") == []


def test_resources_outside_kubernetes_have_no_pods():
    bucket = Resource("u", "aws:s3/bucket:Bucket", "b", {"spec": {"template": {"spec": {"containers": []}}}})
    assert pods_of(bucket) == []


def test_a_value_that_is_not_known_is_an_advisory_finding_and_hides_nothing_else():
    resource = _pod(containers=[{"name": "a", "image": UNKNOWN}, {"name": "b", "image": "b:latest"}])
    findings = [finding for finding in PACKS.check_resource(resource, stack="prod") if finding.rule == "POD-008"]
    assert [(finding.path, finding.level, finding.unknown) for finding in findings] == [
        ("spec.containers[0].image", Level.ADVISORY, True),
        ("spec.containers[1].image", Level.MANDATORY, False),
    ]
    assert findings[0].message.startswith("UNKNOWN")


def test_a_list_of_containers_that_is_not_known_does_not_hide_the_other_list():
    resource = _pod(initContainers=UNKNOWN, containers=[{"name": "b", "image": "b:latest"}])
    findings = [finding for finding in PACKS.check_resource(resource, stack="prod") if finding.rule == "POD-008"]
    assert [(finding.path, finding.unknown) for finding in findings] == [
        ("spec.containers[0].image", False),
        ("spec.initContainers", True),
    ]


@pytest.mark.parametrize("place", ["spec", "spec.template", "spec.template.spec"])
def test_a_pod_that_is_not_known_at_all_is_unknown_for_every_rule(place: str):
    document: dict[str, object] = {"apiVersion": "apps/v1", "kind": "Deployment"}
    at = document
    *parents, last = place.split(".")
    for key in parents:
        at[key] = at = {}  # type: ignore[assignment]
    at[last] = UNKNOWN
    findings = PACKS.check_resource(resource_from(document), stack="prod")
    about_pods = {r.id for r in PACKS.rules.values() if isinstance(r.applies_to, EveryPod | EveryContainer)}
    found = [finding for finding in findings if finding.rule in about_pods]
    assert {finding.rule for finding in found} == about_pods
    assert all(finding.unknown and finding.level is Level.ADVISORY for finding in found)


def test_levels_follow_from_the_stack_when_a_resource_is_checked():
    levels = {
        stack: {finding.rule: finding.level for finding in PACKS.check_resource(_pod(containers=[{}]), stack=stack)}
        for stack in ("dev", "prod")
    }
    assert set(levels["prod"].values()) == {Level.MANDATORY}
    mandatory_in_dev = {rule for rule, level in levels["dev"].items() if level is Level.MANDATORY}
    assert mandatory_in_dev == {"POD-005"}
