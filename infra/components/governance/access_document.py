"""What the policy engine decides by in one environment: the data catalog, and the tenants that live there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from infra.core.catalog.catalog import PLATFORM_TENANT, Catalog
from infra.core.data.classes import LEVELS
from infra.core.data.opa_data import opa_data


def access_document(catalog: Catalog, tenants: Collection[str]) -> dict[str, Any]:
    """The document ``catalog`` of infra/catalog/rego/access.rego.

    It names columns and their classes, never a value. The platform itself is a tenant with every clearance, whose
    datasets all tenants share.

    Args:
        catalog: the catalog.
        tenants: names of the tenants that live in the environment; of others nobody is known.
    """
    living = replace(catalog, tenants={name: catalog.tenants[name] for name in tenants})
    document = opa_data(living)
    document["tenants"][PLATFORM_TENANT] = {"clearance": list(LEVELS)}
    document["sharedTenant"] = PLATFORM_TENANT
    return document
