"""The custom resource that binds pods to a target group, as a typed model that refuses unknown fields.

Fields are those of the definition of aws-load-balancer-controller 3.5.0, which stands in infra/catalog/crds; a test
validates what is rendered against that very schema. Only what the platform sets is modelled: with `networking` the
controller would change security groups, which are the program's.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.core.models import ManifestPart

API_VERSION = "elbv2.k8s.aws/v1beta1"


class ServiceReference(ManifestPart):
    """A port of a Service, whose pods are the targets."""

    name: str
    port: int = Field(ge=1, le=65535)


class TargetGroupBindingSpec(ManifestPart):
    """Which pods are the targets of which group, found by its name: that is known before it has an ARN."""

    target_group_name: str = Field(max_length=32)
    target_type: Literal["ip"] = "ip"
    ip_address_type: Literal["ipv4"] = "ipv4"
    service_ref: ServiceReference
