"""What a data catalog (DataHub, OpenMetadata, Atlas) is told about each dataset and topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from infra.core.catalog.topics import Topic
from infra.core.data.access import DataCatalog
from infra.core.data.dataset import Column


class DescribedCatalog(DataCatalog, Protocol):
    """Datasets and the topics that they are made from."""

    @property
    def topics(self) -> Mapping[str, Topic]:
        """Topic by name."""


def catalog_entries(catalog: DescribedCatalog) -> list[dict[str, Any]]:
    """One neutral entry for each dataset and topic, which each catalog's loader translates."""
    return [*_datasets(catalog), *_topics(catalog)]


def _datasets(catalog: DescribedCatalog) -> list[dict[str, Any]]:
    return [
        {
            "kind": "dataset",
            "name": name,
            "qualifiedNames": [f"{engine}.{dataset.zone}.{name}" for engine in dataset.engines if engine != "trino"],
            "description": dataset.description,
            "owner": dataset.owner,
            "tenant": dataset.tenant,
            "level": dataset.level,
            "columns": _columns(dataset.columns),
            "key": list(dataset.key),
            "retentionDays": dataset.retention_days,
            "sla": dataset.sla.model_dump(by_alias=True),
            "upstream": [
                {"kind": "topic" if source in catalog.topics else "dataset", "name": source}
                for source in dataset.sources
            ],
        }
        for name, dataset in catalog.datasets.items()
    ]


def _topics(catalog: DescribedCatalog) -> list[dict[str, Any]]:
    return [
        {
            "kind": "topic",
            "name": name,
            "qualifiedNames": [f"kafka.{name}"],
            "description": topic.description,
            "owner": topic.owner,
            "tenant": topic.tenant,
            "level": topic.data_class,
            "columns": _columns(topic.columns),
            "key": list(topic.key),
            "retentionHours": topic.retention_hours,
            "upstream": [],
        }
        for name, topic in catalog.topics.items()
    ]


def _columns(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "type": column.type,
            "class": column.class_,
            "nullable": column.nullable,
            "description": column.description,
        }
        for column in columns
    ]
