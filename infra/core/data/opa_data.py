"""The data document that access decisions are made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from infra.core.catalog.tenants import Tenant
from infra.core.data.access import DataCatalog
from infra.core.data.classes import level


class AccessCatalog(DataCatalog, Protocol):
    """What decisions need beyond the datasets: who shares the platform."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """Tenant by name."""


def opa_data(catalog: AccessCatalog) -> dict[str, Any]:
    """Classes, roles, tenants and datasets as JSON; ``order`` says which of several roles decides (the lowest)."""
    return {
        "classes": {
            name: {"level": level(name), "mask": rules.mask, "tokenized": rules.tokenized}
            for name, rules in catalog.classes.items()
        },
        "roles": {
            name: {
                "order": order,
                "rows": role.rows,
                "writes": role.writes,
                "purposes": list(role.purposes),
                "treatments": dict(role.treatments),
                "detokenizes": list(role.detokenizes),
            }
            for order, (name, role) in enumerate(catalog.roles.items())
        },
        "tenants": {name: {"clearance": list(tenant.clearance)} for name, tenant in catalog.tenants.items()},
        "datasets": {
            name: {
                "zone": dataset.zone,
                "tenant": dataset.tenant,
                "level": dataset.level,
                "engines": list(dataset.engines),
                "columns": {column.name: column.class_ for column in dataset.columns},
                "rowFilter": dataset.row_filter.model_dump() if dataset.row_filter else None,
            }
            for name, dataset in catalog.datasets.items()
        },
    }
