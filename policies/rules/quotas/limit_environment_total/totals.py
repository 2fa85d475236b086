from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from policies.once import once
from policies.quantities import parse_quantity

_FILE: Final = Path(__file__).with_name("totals.yaml")


def environment_total(environment: str) -> dict[str, Decimal]:
    """What an environment has to share out, by the names of a ResourceQuota; empty if nobody has set a total."""
    return dict(_totals().get(environment, {}))


@once
def _totals() -> dict[str, dict[str, Decimal]]:
    # YAML is imported where it is needed, so that loading the packs stays cheap.
    from policies.readers.manifests import read_yaml  # noqa: PLC0415

    [(_, document)] = read_yaml(_FILE.read_bytes(), str(_FILE))
    return {
        environment: {f"requests.{name}": amount for name, text in total.items() if (amount := parse_quantity(text))}
        for environment, total in document.items()
    }
