"""What actions of AWS do, as far as rules have to know it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_READING: Final = re.compile(
    r"(?:batchget|check|describe|discover|download|estimate|filter|get|head|list|lookup|preview|query|read|scan|search"
    r"|select|simulate|validate|verify|view)"
)

_OF_DATA: Final = frozenset(
    {
        "s3:getobject",
        "ssm:getparameter",
        "ssm:getparameters",
        "ssm:getparametersbypath",
        "secretsmanager:getsecretvalue",
        "rds:copydbsnapshot",
        "rds:createdbsnapshot",
    }
)
"""Readings that carry data or secrets out of the account, after the list of salesforce/cloudsplaining."""

_WITHOUT_RESOURCE: Final = frozenset(
    {
        "cloudwatch:putmetricdata",
        "ec2messages:acknowledgemessage",
        "ec2messages:deletemessage",
        "ec2messages:failmessage",
        "ec2messages:sendreply",
        "kms:createkey",
        "kms:generaterandom",
        "ssmmessages:createcontrolchannel",
        "ssmmessages:createdatachannel",
        "ssmmessages:opencontrolchannel",
        "ssmmessages:opendatachannel",
        "xray:puttelemetryrecords",
        "xray:puttracesegments",
    }
)
"""Writing actions for which IAM knows no resource, so that they have to be allowed on * (Service Authorization
Reference, tables "Actions, resources, and condition keys"; empty column "Resource types")."""


def harmful_on_everything(actions: Iterable[str]) -> list[str]:
    """Those of the actions that should name the resources they are for: writing ones, and readings of data.

    Args:
        actions: Actions as statements name them, in lower case and perhaps with wildcards.
    """
    return [action for action in actions if _is_harmful(action)]


def _is_harmful(action: str) -> bool:
    _, colon, verb = action.partition(":")
    if not colon or action in _OF_DATA:
        return True
    if action in _WITHOUT_RESOURCE:
        return False
    if _READING.match(verb):
        # A wildcard may stand for one of the readings of data, too: s3:Get* does.
        literal = action.partition("*")[0]
        return "*" in action and any(of_data.startswith(literal) for of_data in _OF_DATA)
    return True
