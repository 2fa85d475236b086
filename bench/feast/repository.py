"""Makes Feast's online store: run with Feast's own Python in a folder with `feature_store.yaml` and `rows.json`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType  # type: ignore[import-not-found]
from feast.types import Float64  # type: ignore[import-not-found]


def main() -> None:
    """Declare the view, and write every row online."""
    rows = json.loads(Path("rows.json").read_text())
    frame = pd.DataFrame(rows)
    frame["event_timestamp"] = frame["created"] = datetime.now(UTC)
    frame.to_parquet("rows.parquet")
    symbol = Entity(name="symbol", join_keys=["symbol"], value_type=ValueType.STRING)
    view = FeatureView(
        name="commodity_prices",
        entities=[symbol],
        ttl=timedelta(days=2),
        schema=[Field(name=name, dtype=Float64) for name in rows[0] if name != "symbol"],
        source=FileSource(path="rows.parquet", timestamp_field="event_timestamp", created_timestamp_column="created"),
    )
    store = FeatureStore(".")
    store.apply([symbol, view])
    store.write_to_online_store("commodity_prices", frame)


if __name__ == "__main__":
    main()
