from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from policies.once import once

_FILE: Final = Path(__file__).parent.parent / "infra" / "catalog" / "tenants.yaml"


@once
def tenant_shares() -> dict[str, Decimal]:
    """The share of an environment that each tenant of the catalog has, in per cent.

    The catalog is read as data; what the program makes of it is not looked at.
    """
    # YAML is imported where it is needed, so that loading the packs stays cheap.
    from policies.readers.manifests import read_yaml  # noqa: PLC0415

    if not _FILE.is_file():
        return {}
    [(_, document)] = read_yaml(_FILE.read_bytes(), str(_FILE))
    tenants = document.get("tenants") if isinstance(document, dict) else None
    shares: dict[str, Decimal] = {}
    for name, tenant in tenants.items() if isinstance(tenants, dict) else ():
        share = tenant.get("quotaPercent") if isinstance(tenant, dict) else None
        shares[str(name)] = Decimal(str(share)) if type(share) in (int, float) else Decimal(0)
    return shares
