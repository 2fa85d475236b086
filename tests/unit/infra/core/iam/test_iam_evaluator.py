"""The evaluator that proves least privilege, against the examples of AWS's own documentation.

Each test names the page of the IAM User Guide (docs.aws.amazon.com/IAM/latest/UserGuide) that its case comes from.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.iam_evaluator import Request, decide

OBJECT = "arn:aws:s3:::amzn-s3-demo-bucket/report"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def deny(actions: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": actions, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("action", "decision"),
    [
        ("iam:GetUser", "allowed"),
        ("iam:ListUsers", "allowed"),
        ("iam:CreatePolicy", "implicitly denied"),
        ("iam:GetOrganizationsAccessReport", "explicitly denied"),
        ("iam:GenerateCredentialReport", "explicitly denied"),
    ],
)
def test_explicit_and_implicit_denials_differ(action: str, decision: str):
    """reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay: AllowGetList and DenyReports."""
    reports = policy(allow(["iam:Get*", "iam:List*"]), deny("iam:*Report"))
    assert decide(Request(action, "*"), [reports]) == decision


def test_an_explicit_denial_overrides_an_allowance_of_another_policy():
    """reference_policies_evaluation-logic_policy-eval-denyallow."""
    both = [policy(allow("s3:*")), policy(deny("s3:DeleteObject"))]
    assert decide(Request("s3:DeleteObject", OBJECT), both) == "explicitly denied"
    assert decide(Request("s3:GetObject", OBJECT), both) == "allowed"
    assert decide(Request("s3:GetObject", OBJECT), []) == "implicitly denied"


SERVICES = policy(allow(["s3:*", "cloudwatch:*", "ec2:*"]))


@pytest.mark.parametrize(
    ("identity", "action", "decision"),
    [
        (policy(allow("iam:CreateUser")), "iam:CreateUser", "implicitly denied"),
        (policy(allow("s3:ListBucket")), "s3:ListBucket", "allowed"),
        (policy(allow("iam:CreateUser")), "s3:ListBucket", "implicitly denied"),
        (policy(allow("*"), deny("ec2:*")), "ec2:RunInstances", "explicitly denied"),
    ],
)
def test_a_boundary_limits_what_a_policy_grants_and_grants_nothing(identity: str, action: str, decision: str):
    """access_policies_boundaries: the boundary of ShirleyRodriguez."""
    assert decide(Request(action, "*"), [identity], boundary=SERVICES) == decision


def test_a_denial_in_a_boundary_is_explicit():
    """access_policies_boundaries: DenyS3Logs and DenyEC2Production of XCompanyBoundaries."""
    logs = ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]
    machine = "arn:aws:ec2:*:*:instance/i-1234567890abcdef0"
    boundary = policy(allow(["s3:*", "ec2:*"]), deny("s3:*", logs), deny("ec2:*", machine))
    free = policy(allow("*"))
    stop = Request("ec2:StopInstances", "arn:aws:ec2:eu-west-1:123456789012:instance/i-1234567890abcdef0")
    assert decide(stop, [free], boundary=boundary) == "explicitly denied"
    assert decide(Request("s3:GetObject", "arn:aws:s3:::logs/x"), [free], boundary=boundary) == "explicitly denied"
    assert decide(Request("s3:GetObject", "arn:aws:s3:::logs-too/x"), [free], boundary=boundary) == "allowed"


def test_either_policy_is_enough_within_an_account_and_a_boundary_does_not_reduce_the_resources():
    """reference_policies_evaluation-logic_policy-eval-basics, and "Resource-based policies" of the boundaries' page."""
    caller = ("AWS", "arn:aws:iam::123456789012:user/carlossalazar")
    request = Request("s3:PutObject", OBJECT, principal=caller)
    bucket = policy(allow("s3:PutObject", "arn:aws:s3:::amzn-s3-demo-bucket/*", Principal={"AWS": [caller[1]]}))
    assert decide(request, [], on_resource=[bucket]) == "allowed"
    assert decide(request, [], boundary=policy(allow("ec2:*")), on_resource=[bucket]) == "allowed"
    assert decide(request, [policy(deny("s3:Put*"))], on_resource=[bucket]) == "explicitly denied"
    stranger = Request("s3:PutObject", OBJECT, principal=("AWS", "arn:aws:iam::123456789012:user/other"))
    assert decide(stranger, [], on_resource=[bucket]) == "implicitly denied"


@pytest.mark.parametrize(
    ("resource", "decision"),
    [
        ("arn:aws:s3:::HRBucket/Payroll/july", "allowed"),
        ("arn:aws:s3:::HRBucket/Payroll", "allowed"),
        ("arn:aws:s3:::HRBucket/Reviews/july", "explicitly denied"),
        ("arn:aws:s3:::OtherBucket/Payroll/july", "explicitly denied"),
    ],
)
def test_not_resource_is_everything_else(resource: str, decision: str):
    """reference_policies_elements_notresource: HRPayroll, who also need a policy that allows."""
    payroll = ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"]
    closed = policy({"Effect": "Deny", "Action": "s3:*", "NotResource": payroll})
    assert decide(Request("s3:GetObject", resource), [closed, policy(allow("s3:*"))]) == decision
    assert decide(Request("s3:GetObject", resource), [closed]) != "allowed"


def test_not_action_is_everything_else():
    """reference_policies_elements_notaction: all actions of S3 but deleting a bucket."""
    most = policy({"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"})
    assert decide(Request("s3:GetObject", OBJECT), [most]) == "allowed"
    assert decide(Request("s3:DeleteBucket", "arn:aws:s3:::amzn-s3-demo-bucket"), [most]) == "implicitly denied"
    assert decide(Request("ec2:RunInstances", "*"), [most]) == "implicitly denied"


def test_case_counts_in_resources_and_not_in_actions():
    """reference_policies_elements_action and reference_policies_elements_resource ("case sensitive")."""
    bob = policy(allow("IAM:getuser", "arn:aws:iam::123456789012:user/Bob"))
    assert decide(Request("iam:GetUser", "arn:aws:iam::123456789012:user/Bob"), [bob]) == "allowed"
    assert decide(Request("iam:GetUser", "arn:aws:iam::123456789012:user/bob"), [bob]) == "implicitly denied"


@pytest.mark.parametrize(
    ("operator", "wanted", "context", "holds"),
    [
        ("StringEquals", "a", {}, False),
        ("StringNotEquals", "a", {}, True),
        ("StringNotLike", "a*", {}, True),
        ("ArnNotLike", "arn:aws:s3:::a", {}, True),
        ("StringEqualsIfExists", "a", {}, True),
        ("StringEqualsIfExists", "a", {"k": "b"}, False),
        ("StringEquals", "a", {"k": "A"}, False),
        ("StringEqualsIgnoreCase", "a", {"k": "A"}, True),
        ("StringLike", "h?me/*", {"k": "home/x/y"}, True),
        ("StringLike", "h?me/*", {"k": "hme/x"}, False),
        ("Bool", "false", {"k": "false"}, True),
        ("Bool", "false", {"k": "true"}, False),
        ("Bool", "false", {}, False),
        ("Null", "true", {}, True),
        ("Null", "true", {"k": "x"}, False),
        ("Null", "false", {"k": "x"}, True),
    ],
)
def test_conditions_on_a_key_that_may_be_absent(operator: str, wanted: str, context: dict[str, str], holds: bool):
    """reference_policies_elements_condition_operators: the note "Important", IfExists and Null."""
    text = policy(allow("s3:GetObject", Condition={operator: {"K": wanted}}))
    assert (decide(Request("s3:GetObject", OBJECT, context), [text]) == "allowed") is holds


@pytest.mark.parametrize(
    ("department", "arn", "holds"),
    [
        ("finance", "arn:aws:iam::222222222222:user/Ana", True),
        ("hr", "arn:aws:iam::222222222222:user/Mary", True),
        ("legal", "arn:aws:iam::222222222222:user/Ana", False),
        ("hr", "arn:aws:iam::222222222222:user/Eve", False),
    ],
)
def test_operators_and_keys_are_anded_and_values_ored(department: str, arn: str, holds: bool):
    """reference_policies_condition-logic-multiple-context-keys-or-values."""
    users = ["arn:aws:iam::222222222222:user/Ana", "arn:aws:iam::222222222222:user/Mary"]
    conditions = {
        "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"]},
        "ArnLike": {"aws:PrincipalArn": users},
    }
    text = policy(allow("s3:ListBucket", Condition=conditions))
    context = {"aws:PrincipalTag/department": department, "aws:PrincipalArn": arn}
    assert (decide(Request("s3:ListBucket", "*", context), [text]) == "allowed") is holds


def test_values_of_a_negated_operator_are_nored():
    """reference_policies_condition-logic-multiple-context-keys-or-values: "a logical NOR"."""
    text = policy(allow("s3:GetObject", Condition={"StringNotEquals": {"k": ["a", "b"]}}))
    for value, decision in (("a", "implicitly denied"), ("b", "implicitly denied"), ("c", "allowed")):
        assert decide(Request("s3:GetObject", OBJECT, {"k": value}), [text]) == decision


ATTRIBUTES = "dynamodb:requestedAttributes"


@pytest.mark.parametrize(
    ("asked", "decision"),
    [(["PostDateTime", "Message"], "allowed"), (["PostDateTime", "UserName"], "implicitly denied"), ([], "allowed")],
)
def test_for_all_values_wants_every_value_to_match(asked: list[str], decision: str):
    """reference_policies_multi-value-conditions: the table Thread, and an empty set, which passes."""
    listed = {"ForAllValues:StringLike": {ATTRIBUTES: ["PostDateTime", "Message", "Tags"]}}
    text = policy(allow("dynamodb:GetItem", Condition=listed))
    assert decide(Request("dynamodb:GetItem", "*", {ATTRIBUTES: asked}), [text]) == decision


@pytest.mark.parametrize(
    ("asked", "decision"),
    [
        (["UserName", "Message", "PostDateTime"], "explicitly denied"),
        (["UserName"], "implicitly denied"),
        ([], "implicitly denied"),
    ],
)
def test_for_any_value_wants_one_value_to_match(asked: list[str], decision: str):
    """reference_policies_multi-value-conditions: ID and PostDateTime may not be written."""
    text = policy(deny("dynamodb:PutItem", Condition={"ForAnyValue:StringLike": {ATTRIBUTES: ["ID", "PostDateTime"]}}))
    assert decide(Request("dynamodb:PutItem", "*", {ATTRIBUTES: asked}), [text]) == decision


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:GetObject", Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}),
        allow("s3:GetObject", Condition={"ForSomeValues:StringLike": {"k": "a"}}),
        allow("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*"),
        allow("s3:GetObject", NotPrincipal="*"),
    ],
)
def test_what_the_evaluator_does_not_know_is_an_error(statement: dict[str, Any]):
    with pytest.raises(ValueError, match="does not know"):
        decide(Request("s3:GetObject", OBJECT, {"k": "a", "aws:CurrentTime": "2029"}), [policy(statement)])
