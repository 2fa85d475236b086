import json
from typing import Any

from policies.model import Finding, Stack
from policies.readers.state import AWS_PROVIDER, resources_of_state
from policies.runtime import load_packs

RULE = load_packs(["aws"]).rules["AWS-046"]
TAGS = {"Owner": "data", "CostCentre": "cc-1", "Environment": "prod"}
BUCKET = {"type": "aws:s3/bucket:Bucket", "urn": "urn:pulumi:prod::p::aws:s3/bucket:Bucket::b", "inputs": {}}


def _provider(**inputs: Any) -> dict[str, Any]:
    return {"type": AWS_PROVIDER, "urn": f"urn:pulumi:prod::p::{AWS_PROVIDER}::aws", "inputs": inputs}


def _found(*resources: dict[str, Any]) -> list[Finding]:
    state = {"deployment": {"resources": list(resources)}}
    return list(RULE.evaluate_stack(Stack("prod", resources_of_state(state, "state.json"))))


def test_the_default_tags_of_the_provider_in_a_state_are_tags_of_its_resources():
    assert _found(_provider(defaultTags=json.dumps({"tags": TAGS})), BUCKET) == []
    assert _found(_provider(defaultTags={"tags": TAGS}), BUCKET) == []


def test_a_resource_without_tags_is_found_where_the_provider_has_none():
    [finding] = _found(_provider(region="eu-central-1"), BUCKET)
    assert (finding.path, finding.unknown) == ("tags", False)
    assert finding.message == "it has no tag Owner, CostCentre, Environment"


def test_without_a_provider_to_be_seen_nobody_can_say_whether_there_are_default_tags():
    [finding] = _found(BUCKET)
    assert finding.unknown
    assert "default tags" in finding.message


def test_own_tags_are_enough():
    assert _found({**BUCKET, "inputs": {"tags": TAGS}}) == []


def test_other_resources_of_pulumi_itself_are_still_left_out_of_a_state():
    others = [
        {"type": kind} for kind in ("pulumi:pulumi:Stack", "pulumi:providers:kubernetes", "pulumi:providers:random")
    ]
    assert resources_of_state({"resources": others}, "state.json") == []


def test_two_providers_with_different_owners_both_name_one():
    first, second = _provider(defaultTags={"tags": TAGS}), _provider(defaultTags={"tags": {**TAGS, "Owner": "edge"}})
    assert _found(first, second, BUCKET) == []
