"""What creating each declared type needs, from CloudFormation's schemas."""

import re

from sandbox.deploy.cloud.permissions import creating
from tests.support.renders import rendered

KNOWN = {
    "aws:cloudwatch/logGroup:LogGroup": "logs:CreateLogGroup",
    "aws:ec2/vpc:Vpc": "ec2:CreateVpc",
    "aws:ec2/subnet:Subnet": "ec2:CreateSubnet",
    "aws:ecr/repository:Repository": "ecr:CreateRepository",
    "aws:eks/cluster:Cluster": "eks:CreateCluster",
    "aws:eks/nodeGroup:NodeGroup": "eks:CreateNodegroup",
    "aws:iam/policy:Policy": "iam:CreatePolicy",
    "aws:iam/role:Role": "iam:CreateRole",
    "aws:kms/key:Key": "kms:CreateKey",
    "aws:s3/bucket:Bucket": "s3:CreateBucket",
    "aws:secretsmanager/secret:Secret": "secretsmanager:CreateSecret",
}


def test_each_type_needs_the_permission_that_makes_it():
    assert {token: list(creating([token])) for token in KNOWN} == {token: [action] for token, action in KNOWN.items()}


def test_most_of_what_prod_declares_in_aws_is_asked_about_and_nothing_else_is():
    types = {each.type for each in rendered("prod").resources}
    cloud = {token for token in types if token.startswith("aws:")}
    asked = {token for token in cloud if list(creating([token]))}
    assert asked >= KNOWN.keys()
    assert len(asked) / len(cloud) > 0.6
    assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action) for action in creating(types))
    assert list(creating(types - cloud)) == []
