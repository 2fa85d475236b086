from typing import Any

import pytest

from tests.support.terraform_plan import UNKNOWN, as_terraform_plan, terraform_type


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("aws:s3/bucketVersioning:BucketVersioning", "aws_s3_bucket_versioning"),
        ("aws:ec2/securityGroup:SecurityGroup", "aws_security_group"),
        ("aws:rds/instance:Instance", "aws_db_instance"),
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:eks/nodeGroup:NodeGroup", "aws_eks_node_group"),
    ],
)
def test_types_have_terraforms_names(token: str, name: str):
    assert terraform_type(token) == name


def _entry(token: str, name: str, inputs: dict[str, Any], *needs: str) -> dict[str, Any]:
    return {"type": token, "urn": f"urn::{name}", "inputs": inputs, "dependencies": [f"urn::{each}" for each in needs]}


def test_blocks_are_lists_plurals_are_singular_and_tags_stay_as_they_are():
    rules = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "[unknown]"}}]
    plan = as_terraform_plan([_entry("aws:s3/bucket:Bucket", "logs", {"rules": rules, "tags": {"DataClass": "x"}})])
    [change] = plan["resource_changes"]
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": UNKNOWN}
    assert change["address"] == "aws_s3_bucket.logs"
    assert change["change"]["after"] == {
        "rule": [{"apply_server_side_encryption_by_default": [default]}],
        "tags": {"DataClass": "x"},
    }


def test_a_property_refers_to_the_bucket_that_it_names_and_to_what_it_waits_for():
    plan = as_terraform_plan(
        [
            _entry("aws:s3/bucket:Bucket", "data", {"bucket": "our-data"}),
            _entry("aws:kms/key:Key", "key", {}),
            _entry("random:index/randomId:RandomId", "other", {}),
            _entry(
                "aws:s3/bucketPolicy:BucketPolicy", "p", {"bucket": "our-data", "policy": "[unknown]"}, "data", "key"
            ),
        ]
    )
    [*_, policy] = plan["configuration"]["root_module"]["resources"]
    assert policy["expressions"] == {
        "bucket": {"references": ["aws_s3_bucket.data"]},
        "policy": {"references": ["aws_kms_key.key"]},
    }
