"""No manifest, however malformed, makes a rule raise."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.model import Finding
from policies.pod_places import POD_PLACES
from policies.readers.manifests import resources_of
from policies.runtime import load_packs
from policies.unknown import UNKNOWN
from tests.support.policy_examples import examples

PACKS = load_packs()
BASES = [example.documents for example in (*examples("good-"), *examples("bad-"))]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["Always", "true", "0", "latest", "a:latest", "@", ":", "ALL", "windows"]),
    st.just(UNKNOWN),
)
KEYS = st.one_of(
    st.sampled_from(["spec", "template", "containers", "initContainers", "securityContext", "image", "labels", "name"]),
    st.text(max_size=4),
    st.integers(),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def _check(*documents: dict[Any, Any]) -> list[Finding]:
    found = [item for document in documents for item in resources_of(document, "fuzz.yaml:1") or []]
    findings = [finding for item in found for finding in PACKS.check_resource(item, stack="prod")]
    return findings + PACKS.check_stack(found, stack="prod")


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    here = [path] if path else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return here + [place for key, child in children for place in _places(child, (*path, key))]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_anything_in_place_of_any_field_gives_findings_or_none_and_never_an_error(data: st.DataObject):
    documents = copy.deepcopy(data.draw(st.sampled_from(BASES)))
    for _ in range(data.draw(st.integers(1, 3))):
        document = data.draw(st.sampled_from(documents))
        place = data.draw(st.sampled_from(_places(document)))
        at: Any = document
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = data.draw(ANYTHING)
    for finding in _check(*documents):
        assert finding.message
        assert finding.remedy
        assert finding.unknown == finding.message.startswith("UNKNOWN")


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(POD_PLACES)), ANYTHING, ANYTHING)
def test_any_spec_and_metadata_of_any_kind_that_carries_pods_is_survived(
    kind: tuple[str, str], spec: object, metadata: object
):
    version = "v1" if kind[0] == "core" else f"{kind[0]}/v1"
    _check({"apiVersion": version, "kind": kind[1], "spec": spec, "metadata": metadata})


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.one_of(KEYS, st.sampled_from(["apiVersion", "kind", "items", "metadata"])), ANYTHING))
def test_any_mapping_at_all_is_survived(document: dict[Any, Any]):
    _check(document)
