"""Labels that every object carries, so that each can be found, billed and owned."""

from typing import Literal

from pydantic import Field

from infra.core.models import Args
from infra.core.names import PROJECT

Environment = Literal["local", "dev", "prod"]
DataClass = Literal["public", "internal", "confidential", "pii"]

OWNER_LABEL = "platform/owner"
COST_CENTRE_LABEL = "platform/cost-centre"
ENVIRONMENT_LABEL = "platform/environment"
TENANT_LABEL = "platform/tenant"
DATA_CLASS_LABEL = "platform/data-class"

LABEL_VALUE = r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"
"""What Kubernetes takes as a label value (Labels and Selectors, syntax and character set)."""


class Ownership(Args):
    """Who answers for a thing, who pays for it, and how sensitive its data is."""

    environment: Environment = Field(description="environment that the thing belongs to")
    owner: str = Field(pattern=LABEL_VALUE, description="team that answers for it")
    cost_centre: str = Field(pattern=LABEL_VALUE, description="account that pays for it")
    tenant: str = Field(default="platform", pattern=LABEL_VALUE, description="tenant that it serves")
    data_class: DataClass = Field(default="internal", description="most sensitive data that it handles")


def object_labels(name: str, component: str, ownership: Ownership) -> dict[str, str]:
    """All labels of one Kubernetes object.

    ``managed-by`` is what Pulumi's own Kubernetes provider would say, so that objects are equal whichever engine
    applied them.
    """
    return {
        **selector_labels(name),
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": "pulumi",
        "app.kubernetes.io/part-of": PROJECT,
        OWNER_LABEL: ownership.owner,
        COST_CENTRE_LABEL: ownership.cost_centre,
        ENVIRONMENT_LABEL: ownership.environment,
        TENANT_LABEL: ownership.tenant,
        DATA_CLASS_LABEL: ownership.data_class,
    }


def selector_labels(name: str) -> dict[str, str]:
    """The one label that selects a workload's pods; it never changes, since selectors are immutable."""
    return {"app.kubernetes.io/name": name}


def resource_tags(ownership: Ownership) -> dict[str, str]:
    """The same facts as tags of an AWS resource."""
    return {
        "Project": PROJECT,
        "Environment": ownership.environment,
        "Owner": ownership.owner,
        "CostCentre": ownership.cost_centre,
        "Tenant": ownership.tenant,
        "DataClass": ownership.data_class,
        "ManagedBy": "pulumi",
    }
