"""Whether the deploying role may create what the stack declares: asked of IAM, which decides without doing anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from sandbox.deploy.check import Check
from sandbox.deploy.cloud.calls import Aws
from sandbox.deploy.cloud.failures import Refusal
from sandbox.engine.providers.recorded.listing import recorded_types

_BATCH = 100
"""Actions asked about in one call; an answer that is cut off is continued."""

_SHOWN = 6

_ANY_REGION = "us-east-1"
"""The region whose schemas are read; what creates a thing is the same everywhere."""

_VERBS = ("Create", "Put", "Run", "Register", "Request", "Allocate", "Attach", "Associate", "Authorize")
"""How the one action is called that makes a resource."""


_OTHERWISE = {
    "aws:cloudwatch/logGroup:LogGroup": "AWS::Logs::LogGroup",
    "aws:iam/policy:Policy": "AWS::IAM::ManagedPolicy",
}
"""CloudFormation's type where it is called otherwise."""


def permission_check(aws: Aws, caller: str, types: Iterable[str]) -> Check:
    """Ask IAM whether the caller may do what creating these types takes.

    It is asked about all resources. A permission for some of them, or under a condition, counts there as none, so what
    is refused only for want of a permission stops nobody, unless that is everything; what a policy denies does. Service
    control policies are not looked at.

    Args:
        aws: the account.
        caller: the ARN of the credential.
        types: Pulumi types that the stack declares.
    """
    name = "permissions"
    actions = sorted(set(creating(types)))
    try:
        source = _principal(aws, caller)
        if source is None:
            return Check(name, True, f"{caller}: not asked, it is no role or user", needed=False)
        denied = dict(_denied(aws, source, actions))
    except Refusal as refused:
        return Check(name, False, f"not known: {refused.found}", refused.fix, needed=False)
    text = f"{len(actions)} actions that create what is declared are allowed to {source}"
    if denied:
        more = f" and {len(denied) - _SHOWN} more" if len(denied) > _SHOWN else ""
        text = f"{source} may not, for all resources: {', '.join(list(denied)[:_SHOWN])}{more}"
    certain = any(denied.values()) or len(denied) == len(actions)
    fix = "allow them to that role, or deploy with another one"
    return Check(name, not denied, text, fix, needed=certain)


def creating(types: Iterable[str]) -> Iterator[str]:
    """Name the one permission that creating each type needs, as far as CloudFormation's schemas tell it."""
    for token in types:
        if token.startswith("aws:"):
            recorded = recorded_types().get(token)
            service, name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
            alike = _OTHERWISE.get(token, f"AWS::{service}::{name}")
            found = _making(recorded.schema if recorded else alike)
            if found:
                yield found


@cache
def _making(wanted: str) -> str | None:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415 it takes two seconds to import

    schemas = _schemas()
    if wanted.lower() not in schemas:
        return None
    name = schemas[wanted.lower()]
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_ANY_REGION, name).schema
    listed = schema.get("handlers", {}).get("create", {}).get("permissions", ())
    permissions = [f"{service.lower()}:{verb}" for service, _, verb in (each.partition(":") for each in listed)]
    making = [each for each in permissions if each.partition(":")[2].startswith(_VERBS)]
    thing = name.rpartition("::")[2].lower()
    own = [each for each in making if each.partition(":")[2].lower() in {f"{verb.lower()}{thing}" for verb in _VERBS}]
    return next(iter([*own, *making]), None)


@cache
def _schemas() -> dict[str, str]:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415 it takes two seconds to import

    return {name.lower(): name for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(_ANY_REGION)}


def _principal(aws: Aws, caller: str) -> str | None:
    """The ARN that IAM can be asked about: for a session that of its role, whose path only IAM knows."""
    session = re.match(r"^arn:[^:]+:sts::[0-9]+:assumed-role/([^/]+)/", caller)
    if session:
        role: dict[str, Any] = aws.call("iam", "get_role", "iam:GetRole", RoleName=session[1])["Role"]
        return str(role["Arn"])
    return caller if ":user/" in caller or ":role/" in caller else None


def _denied(aws: Aws, source: str, actions: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each action that is not allowed, and whether a policy says so."""
    for start in range(0, len(actions), _BATCH):
        asked: dict[str, Any] = {"PolicySourceArn": source, "ActionNames": list(actions[start : start + _BATCH])}
        while True:
            answer = aws.call("iam", "simulate_principal_policy", "iam:SimulatePrincipalPolicy", **asked)
            for result in answer["EvaluationResults"]:
                if result["EvalDecision"] != "allowed":
                    yield str(result["EvalActionName"]), result["EvalDecision"] == "explicitDeny"
            if not answer.get("IsTruncated"):
                break
            asked["Marker"] = answer["Marker"]
