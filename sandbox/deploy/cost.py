"""What a stack costs a month, as it says itself in the output `monthlyCost`, against what is deployed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

OUTPUT = "monthlyCost"
"""Name of the output: US dollars as `typical`, `idle` and `survivesDestroy`, in all, `byComponent` and `byTenant`."""

_AMOUNTS = ("typical", "idle", "survivesDestroy")
_STACK = "SELECT body FROM resources WHERE instr(urn, '::pulumi:pulumi:Stack::')"


def stored_outputs(state: Path) -> Mapping[str, Any]:
    """Read the outputs of what is deployed from the embedded engine's state; secrets stay as they are stored.

    Nothing is deployed, or the state cannot be read: no outputs. The run itself tells what is wrong with the state.
    """
    if not state.exists():
        return {}
    # A reader of a database at rest would leave files of its log behind.
    at_rest = not state.with_name(f"{state.name}-wal").exists()
    address = f"{state.resolve().as_uri()}?mode=ro{'&immutable=1' if at_rest else ''}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as db:
            row = db.execute(_STACK).fetchone()
        outputs = json.loads(row[0])["outputs"] if row else {}
    except (sqlite3.Error, ValueError, KeyError, TypeError):
        return {}
    return outputs if isinstance(outputs, dict) else {}


def compare(outputs: Mapping[str, Any], former: Mapping[str, Any]) -> dict[str, Any] | None:
    """Compare the cost that a program tells with that of what is deployed.

    Args:
        outputs: the program's outputs.
        former: outputs of what is deployed; empty when nothing is.

    Returns:
        The output itself with `was` and `difference` (US dollars, `None` when nothing is deployed) and `changed`: the
        difference in typical cost of each component that has one. `None` when the program tells no cost.
    """
    now, was = _cost(outputs), _cost(former)
    if now is None:
        return None
    if was is None:
        return {**now, "was": None, "difference": None, "changed": {}}
    parts, old = now.get("byComponent") or {}, was.get("byComponent") or {}
    changes = {name: _typical(parts.get(name)) - _typical(old.get(name)) for name in sorted({*parts, *old})}
    return {
        **now,
        "was": {key: was[key] for key in _AMOUNTS},
        "difference": {key: round(now[key] - was[key], 2) for key in _AMOUNTS},
        "changed": {name: round(change, 2) for name, change in changes.items() if abs(change) >= 0.005},
    }


def lines(cost: Mapping[str, Any] | None) -> list[str]:
    """Say it to a person: one line, and one more for each component whose cost changes."""
    if cost is None:
        return []
    if not any(cost[key] for key in _AMOUNTS) and not cost["changed"]:
        return ["Cost a month: nothing is paid for"]
    was = f" (was {cost['was']['typical']:,.2f}, {cost['difference']['typical']:+,.2f})" if cost["was"] else ""
    other = f"idle {cost['idle']:,.2f} · after down {cost['survivesDestroy']:,.2f}"
    width = max((len(name) for name in cost["changed"]), default=0)
    return [
        f"Cost a month, USD: typical {cost['typical']:,.2f}{was} · {other}",
        *(f"    {name:<{width}}  {change:+,.2f}" for name, change in cost["changed"].items()),
    ]


def _cost(outputs: Mapping[str, Any]) -> dict[str, Any] | None:
    cost = outputs.get(OUTPUT)
    if not isinstance(cost, dict) or not all(isinstance(cost.get(key), int | float) for key in _AMOUNTS):
        return None
    return cost


def _typical(amounts: Any) -> float:
    return float(amounts["typical"]) if amounts else 0.0
