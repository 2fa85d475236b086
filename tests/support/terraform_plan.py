"""A rendering's AWS resources as a Terraform plan, which programs of others can read.

Pulumi's AWS provider is made from Terraform's, and so are its names: `camelCase` for `snake_case`, a plural for a block
that may stand more than once, a mapping for a block that stands once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

UNKNOWN: Final = "(known after apply)"
"""What stands for a value that only the cloud makes."""

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MODULES: Final = {"ec2": "", "rds": "db_", "alb": "", "lb": "", "s3": "s3_", "cloudfront": "cloudfront_"}
_TYPES: Final = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "aws_default_security_group",
    "aws:ec2/eip:Eip": "aws_eip",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lb/listener:Listener": "aws_lb_listener",
    "aws:rds/cluster:Cluster": "aws_rds_cluster",
    "aws:cloudtrail/trail:Trail": "aws_cloudtrail",
    "aws:cloudwatch/eventRule:EventRule": "aws_cloudwatch_event_rule",
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": "aws_ce_anomaly_monitor",
    "aws:costexplorer/anomalySubscription:AnomalySubscription": "aws_ce_anomaly_subscription",
    "aws:secretsmanager/secret:Secret": "aws_secretsmanager_secret",
    "aws:wafv2/webAcl:WebAcl": "aws_wafv2_web_acl",
}
"""The types whose names do not follow from the module's."""

_MAPS: Final = frozenset({"tags", "tagsAll", "labels", "variables", "parameters", "defaultTags"})
"""Mappings whose keys are data and not names of the schema."""

_KEPT: Final = frozenset({"ingress", "egress", "tagSpecifications", "blockDeviceMappings", "subnetMappings", "origins"})
"""Lists of blocks whose names are no plurals, or not by `s` alone."""

_SINGULAR: Final = {"origins": "origin", "blockDeviceMappings": "block_device_mappings"}


def as_terraform_plan(resources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The plan that `terraform show -json` prints for what a rendering says of AWS.

    Args:
        resources: The entries of `deployment.resources` of a rendering's aws.json.
    """
    entries = [entry for entry in resources if entry["type"].startswith("aws:")]
    addresses = {entry["urn"]: f"{terraform_type(entry['type'])}.{_name(entry)}" for entry in entries}
    by_urn = {entry["urn"]: entry for entry in entries}
    planned, changes, configured = [], [], []
    for entry in entries:
        values = _block(entry["inputs"])
        head = {
            "address": addresses[entry["urn"]],
            "mode": "managed",
            "type": terraform_type(entry["type"]),
            "name": _name(entry),
            "provider_name": "registry.terraform.io/hashicorp/aws",
        }
        planned.append({**head, "values": values})
        changes.append({**head, "change": {"actions": ["create"], "before": None, "after": values}})
        needed = [by_urn[urn] for urn in entry.get("dependencies", ()) if urn in by_urn]
        expressions = {
            _snake(key): {"references": found}
            for key, value in entry["inputs"].items()
            if (found := [addresses[each["urn"]] for each in needed if _refers(key, value, each)])
        }
        configured.append({**head, "expressions": expressions})
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }


def terraform_type(token: str) -> str:
    """The Terraform name of a type of Pulumi's AWS provider, such as `aws_s3_bucket`."""
    if token in _TYPES:
        return _TYPES[token]
    _, path, name = token.split(":")
    module = path.partition("/")[0]
    return f"aws_{_MODULES.get(module, f'{module}_')}{_snake(name)}"


def _name(entry: Mapping[str, Any]) -> str:
    return re.sub(r"\W", "_", str(entry["urn"]).rpartition("::")[2])


def _block(inputs: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in inputs.items():
        if key in _MAPS and isinstance(value, dict):
            found[_snake(key)] = value
        elif isinstance(value, dict):
            found[_snake(key)] = [_block(value)]
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            found[_singular(key)] = [_block(item) for item in value if isinstance(item, dict)]
        else:
            found[_snake(key)] = _scalar(value)
    return found


def _scalar(value: Any) -> Any:
    if isinstance(value, list):
        return [_scalar(item) for item in value]
    if isinstance(value, str):
        if "[unknown]" in value or value == "[secret]":
            return UNKNOWN
        return {"true": True, "false": False}.get(value, value)
    return value


def _refers(key: str, value: Any, other: Mapping[str, Any]) -> bool:
    """Whether a property may name a resource on which its own depends; a rendering does not say which one does.

    What is not known may be of any of them, but not of a bucket unless it says so: buckets have names that are known.
    """
    bucket = other["inputs"].get("bucket")
    if bucket:
        return value == bucket
    own = other["inputs"].get("name")
    return "[unknown]" in json.dumps(value) or (own is not None and value == own)


def _singular(key: str) -> str:
    if key in _SINGULAR:
        return _SINGULAR[key]
    name = _snake(key)
    if key in _KEPT:
        return name
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()
