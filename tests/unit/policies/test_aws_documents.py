import json
from typing import Any

import pytest

from policies.aws.actions import harmful_on_everything
from policies.aws.documents import Document, Statement, read_document
from policies.aws.escalation import ESCALATIONS, ways_up
from policies.aws.networks import is_wide
from policies.model import Resource, Stack
from policies.node import Node
from policies.runtime import load_packs
from policies.unknown import UNKNOWN, UnknownValueError

RULES = load_packs(["aws"]).rules
BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


def _document(value: Any) -> Document:
    document = read_document(Node({"policy": value})["policy"])
    assert document is not None
    return document


def _statement(**parts: Any) -> Statement:
    [statement] = _document({"Statement": parts}).statements
    return statement


def _resource(token: str, name: str, **props: Any) -> Resource:
    return Resource(f"urn:{name}", token, name, props)


@pytest.mark.parametrize(
    "value", ["{", "[]", "null", "1", {"Statement": "all"}, {"Statement": []}, {"Statement": [1]}, {}]
)
def test_a_policy_that_cannot_be_read_says_so_and_grants_nothing(value: Any):
    document = _document(value)
    assert document.problem
    assert document.statements == ()


@pytest.mark.parametrize("value", [None, ""])
def test_no_policy_is_no_document(value: Any):
    assert read_document(Node({"policy": value})["policy"]) is None


def test_a_policy_that_is_not_known_is_not_read():
    with pytest.raises(UnknownValueError, match="policy"):
        read_document(Node({"policy": UNKNOWN})["policy"])


def test_an_effect_that_nobody_knows_counts_as_allowing():
    assert _statement(Effect="allow", Action="*").allows
    assert _statement(Action="*").allows
    assert not _statement(Effect="Deny", Action="*").allows


def test_actions_are_matched_without_case_and_with_wildcards():
    statement = _statement(Action=["IAM:Pass*", "s3:Get?bject"])
    assert statement.allows_action("iam:PassRole")
    assert statement.allows_action("S3:GetObject")
    assert not statement.allows_action("iam:CreateUser")
    assert _statement(NotAction="iam:*").allows_action("s3:GetObject")
    assert not _statement(NotAction="iam:*").allows_action("iam:PassRole")


@pytest.mark.parametrize(
    ("condition", "bound"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/*"]}}, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::curves"}}, True),
        ({"StringLike": {"aws:SourceArn": "*"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, False),
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, False),
        ({"Null": {"aws:PrincipalArn": "false"}}, False),
        ({"StringEquals": {"aws:SourceAccount": []}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ("nonsense", False),
    ],
)
def test_only_a_condition_on_known_callers_binds_a_public_principal(condition: Any, bound: bool):
    assert _statement(Principal="*", Condition=condition).bound() is bound


@pytest.mark.parametrize(
    ("action", "harmful"),
    [
        ("s3:putobject", True),
        ("s3:*", True),
        ("s3:get*", True),
        ("s3:getobject", True),
        ("s3:getbucket*", False),
        ("ec2:describe*", False),
        ("xray:puttracesegments", False),
        ("ecr:getauthorizationtoken", False),
        ("nonsense", True),
    ],
)
def test_actions_that_write_or_read_data_should_name_their_resources(action: str, harmful: bool):
    assert bool(harmful_on_everything([action])) is harmful


def test_every_way_up_is_open_to_its_actions_and_to_none_less():
    for way, actions in ESCALATIONS.items():
        assert way in ways_up(lambda action, held=actions: action in held)
        assert way not in ways_up(lambda action, held=actions[1:]: action in held)


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "everywhere", ""])
def test_what_nobody_owns_is_as_wide_as_the_internet(cidr: str):
    assert is_wide(cidr)


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "198.51.100.7/32", "198.51.100.7", "2001:db8::/32"])
def test_what_somebody_owns_is_not(cidr: str):
    assert not is_wide(cidr)


def test_a_setting_of_a_bucket_that_is_not_known_yet_is_neither_good_nor_bad():
    stack = Stack(
        "prod",
        [
            _resource(BUCKET, "one", bucket="one"),
            _resource(BUCKET, "two", bucket="two"),
            _resource(VERSIONING, "v-one", bucket="one", versioningConfiguration={"status": "Suspended"}),
            _resource(VERSIONING, "v-two", bucket=UNKNOWN, versioningConfiguration={"status": "Enabled"}),
        ],
    )
    found = list(RULES["AWS-003"].evaluate_stack(stack))
    assert [(finding.urn, finding.unknown) for finding in found] == [("urn:v-one", False), ("", True)]
    assert "two" in found[1].message


def test_a_bucket_whose_name_is_not_known_is_not_judged_by_settings_of_others():
    stack = Stack(
        "prod",
        [
            _resource(BUCKET, "named", bucket="named"),
            _resource(BUCKET, "unnamed", bucket=UNKNOWN),
            _resource(VERSIONING, "v", bucket="named", versioningConfiguration={"status": "Enabled"}),
        ],
    )
    found = list(RULES["AWS-003"].evaluate_stack(stack))
    assert [(finding.urn, finding.unknown) for finding in found] == [("urn:unnamed", False)]


@pytest.mark.parametrize("stack", ["local", "dev", "dev-anna"])
@pytest.mark.parametrize("rule", ["AWS-020", "AWS-032", "AWS-033"])
def test_environments_whose_data_can_be_made_again_may_be_cheaper(rule: str, stack: str):
    store = _resource("aws:rds/instance:Instance", "db", skipFinalSnapshot=True)
    secret = _resource("aws:secretsmanager/secret:Secret", "s", recoveryWindowInDays=0)
    assert list(RULES[rule].evaluate_stack(Stack(stack, [store, secret]))) == []
    assert list(RULES[rule].evaluate_stack(Stack("prod", [store, secret]))) != []
    assert list(RULES[rule].evaluate_stack(Stack("", [store, secret]))) != []


def test_a_policy_with_a_long_list_names_the_first_actions_only():
    policy = json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": [f"s3:Put{n}" for n in range(9)], "Resource": "*"}]}
    )
    [finding] = RULES["AWS-013"].evaluate(_resource("aws:iam/policy:Policy", "p", policy=policy), stack="prod")
    assert finding.message.endswith("allows s3:put0, s3:put1, s3:put2 and 6 more on every resource")
