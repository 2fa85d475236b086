"""Whatever stands in a manifest, also unknown values and what no API server would take, a comparison goes through."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.deploy.compare.facts import Sides, gather, to_json
from sandbox.deploy.compare.markdown import LIMIT
from sandbox.deploy.compare.report import to_markdown
from tests.support.renderings import MESH, manifest, rendering

FIELDS = (
    *(
        "podSelector",
        "matchLabels",
        "matchExpressions",
        "key",
        "operator",
        "values",
        "policyTypes",
        "ingress",
        "egress",
    ),
    *("from", "to", "ports", "port", "endPort", "protocol", "ipBlock", "cidr", "except", "namespaceSelector", "mtls"),
    *("rules", "source", "principals", "namespaces", "operation", "when", "selector", "targetRefs", "action", "mode"),
    *("authorization", "acls", "resource", "operations", "host", "type", "name", "hard", "kafka", "portLevelMtls"),
)
LEAVES = st.sampled_from(["[unknown]", "[secret]", "", "x", "Egress", "STRICT", None, True, 0, 8080, 1.5])
SPECS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
KINDS = (
    ("NetworkPolicy", "networking.k8s.io/v1"),
    ("AuthorizationPolicy", MESH),
    ("PeerAuthentication", MESH),
    ("Kafka", "kafka.strimzi.io/v1"),
    ("KafkaUser", "kafka.strimzi.io/v1"),
    ("ResourceQuota", "v1"),
    ("Service", "v1"),
    ("StatefulSet", "apps/v1"),
    ("PersistentVolumeClaim", "v1"),
)
SIDES = Sides("prod", "t", (), (), "b", "h")


def through(kind: str, api: str, old: object, new: object) -> None:
    base, head = (rendering(manifest(kind, "x", api, spec=spec)) for spec in (old, new))
    facts = gather(SIDES, base, head)
    assert len(to_markdown(facts)) <= LIMIT
    assert to_json(facts)["title"] == "t"


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(KINDS), SPECS, SPECS)
def test_no_manifest_breaks_a_comparison(kind: tuple[str, str], old: object, new: object) -> None:
    through(*kind, old, new)


@pytest.mark.soak
@settings(max_examples=5_000, deadline=None)
@given(st.sampled_from(KINDS), SPECS, SPECS)
def test_no_manifest_of_many_breaks_a_comparison(kind: tuple[str, str], old: object, new: object) -> None:
    through(*kind, old, new)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["opa-data", "trino-access", "tokenization-roles"]), SPECS)
def test_no_artifact_breaks_a_comparison(kind: str, content: object) -> None:
    names = {"opa-data": "roles", "trino-access": "tables", "tokenization-roles": "classes"}
    for document in (content, {names[kind]: content, "datasets": content}):
        text = json.dumps(document)
        files = manifest("ConfigMap", "a", labels={"platform/artifact": kind}, data={"catalog.json": text})
        facts = gather(SIDES, rendering(), rendering(files))
        assert to_markdown(facts)
