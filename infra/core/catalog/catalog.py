"""The whole catalog, loaded and checked across its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

from infra.core.catalog.charts import Chart, ChartCatalog
from infra.core.catalog.datasets import dataset_problems, role_problems, topic_problems
from infra.core.catalog.images import Image, ImageCatalog
from infra.core.catalog.prices import PriceCatalog
from infra.core.catalog.tenants import Tenant, TenantCatalog
from infra.core.catalog.topics import Topic, TopicCatalog, resource_name
from infra.core.catalog.users import KafkaUser, KafkaUserCatalog, dead_letter_topic
from infra.core.catalog.yaml_text import UniqueKeyLoader
from infra.core.data.classes import DataClassCatalog, DataClassRules
from infra.core.data.dataset import Dataset, DatasetCatalog
from infra.core.data.roles import Role, RoleCatalog
from infra.core.errors import ConfigurationError, Problem
from infra.core.names import PROJECT
from infra.core.recovery import RecoveryCatalog, kept_too_long
from infra.core.validation import closest, validate

FOLDER = "infra/catalog"
PLATFORM_TENANT = "platform"
"""Tenant of what serves everybody; it has every clearance and no namespace of its own."""

DEAD_LETTER_PARTITIONS = 1
DEAD_LETTER_HOURS = 336
"""Two weeks: long enough for a person to come back from leave and replay."""

DEAD_LETTER_COLUMNS = [
    {"name": "topic", "type": "string", "class": "internal", "description": "Topic that the record came from"},
    {"name": "partition", "type": "int32", "class": "internal", "description": "Partition that it came from"},
    {"name": "record_offset", "type": "int64", "class": "internal", "description": "Offset that it had there"},
    {"name": "failed_at", "type": "timestamp", "class": "internal", "description": "Instant of the last attempt"},
    {"name": "attempts", "type": "int32", "class": "internal", "description": "How often it was tried"},
    {"name": "error", "type": "string", "class": "confidential", "description": "What the last attempt said"},
    {"name": "payload", "type": "string", "class": "confidential", "description": "The record, in base64"},
]
"""Fields of every dead letter, the same for all consumers."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Catalog:
    """Everything under infra/catalog, by name. ``topics`` includes the derived dead-letter topics.

    Attributes:
        authorities: PEM texts of the authorities that sign RDS's certificates in each region.
    """

    images: Mapping[str, Image]
    charts: Mapping[str, Chart]
    tenants: Mapping[str, Tenant]
    topics: Mapping[str, Topic]
    users: Mapping[str, KafkaUser]
    classes: Mapping[str, DataClassRules]
    roles: Mapping[str, Role]
    datasets: Mapping[str, Dataset]
    prices: PriceCatalog
    recovery: RecoveryCatalog
    authorities: Mapping[str, str] = field(default_factory=dict)


def parse_catalog(files: Mapping[str, str]) -> Catalog:
    """Check the catalog's files, each alone and all together.

    Args:
        files: text of every file that the catalog has (images.yaml, topics.yaml, datasets.yaml, ...), by file name.

    Raises:
        ConfigurationError: with every problem of the first stage that has any.
    """
    topics = _parse(TopicCatalog, files, "topics.yaml").topics
    users = _parse(KafkaUserCatalog, files, "kafka-users.yaml").users
    catalog = Catalog(
        images=_parse(ImageCatalog, files, "images.yaml").images,
        charts=_parse(ChartCatalog, files, "charts.yaml").charts,
        tenants=_parse(TenantCatalog, files, "tenants.yaml").tenants,
        topics={**topics, **dict(_dead_letters(users))},
        users=users,
        classes=_parse(DataClassCatalog, files, "data-classes.yaml").classes,
        roles=_parse(RoleCatalog, files, "roles.yaml").roles,
        datasets=_parse(DatasetCatalog, files, "datasets.yaml").datasets,
        prices=_parse(PriceCatalog, files, "prices.yaml"),
        recovery=_parse(RecoveryCatalog, files, "recovery.yaml"),
    )
    tenants = [*catalog.tenants, PLATFORM_TENANT]
    problems = [
        *_name_clashes(catalog, topics),
        *_unknown_references(catalog),
        *_reads_above_clearance(catalog),
        *role_problems(catalog.roles, catalog.classes),
        *topic_problems(catalog.topics, catalog.classes),
        *kept_too_long(catalog.recovery, catalog.classes),
        *dataset_problems(catalog.datasets, catalog.classes, catalog.roles, tenants, catalog.topics),
    ]
    if problems:
        raise ConfigurationError(problems)
    return catalog


def _parse(model: type[Model], files: Mapping[str, str], name: str) -> Model:
    path = f"{FOLDER}/{name}"
    if name not in files:
        raise ConfigurationError([Problem(path, "the file", "missing", "every catalog file must exist", f"Add {path}")])
    try:
        values = yaml.load(files[name], Loader=UniqueKeyLoader)  # noqa: S506 - a CSafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}" if mark else "the file"
        problem = Problem(path, line, str(error.problem), "must be YAML with each key once", f"Correct {path} there")
        raise ConfigurationError([problem]) from None
    if not isinstance(values, dict):
        raise ConfigurationError(
            [
                Problem(
                    path, "the file", type(values).__name__, "must be a mapping", f"Begin {path} with its list's name"
                )
            ]
        )
    return validate(model, values, file=path)


def _dead_letters(users: Mapping[str, KafkaUser]) -> Iterator[tuple[str, Topic]]:
    for name, user in users.items():
        if user.consumes and user.dead_letter:
            facts: dict[str, Any] = {
                "description": f"Records that {name} could not process",
                "owner": user.owner,
                "tenant": user.tenant,
                "dataClass": "confidential",
                "key": ["topic"],
                "partitions": DEAD_LETTER_PARTITIONS,
                "retentionHours": DEAD_LETTER_HOURS,
                "columns": DEAD_LETTER_COLUMNS,
            }
            yield dead_letter_topic(name), Topic.model_validate(facts)


def _name_clashes(catalog: Catalog, written: Mapping[str, Topic]) -> Iterator[Problem]:
    file = f"{FOLDER}/topics.yaml"
    seen: dict[str, str] = {}
    for topic in catalog.topics:
        other = seen.setdefault(resource_name(topic), topic)
        if other != topic:
            limit = f"clashes with topic {other}: both would be named {resource_name(topic)} in {PROJECT}'s cluster"
            yield Problem(file, f"topics.{topic}", "a second topic of one name", limit, "Rename one of them")
    for user, entry in catalog.users.items():
        if entry.consumes and entry.dead_letter and dead_letter_topic(user) in written:
            name = dead_letter_topic(user)
            limit = f"dead-letter topics are derived from {FOLDER}/kafka-users.yaml"
            yield Problem(file, f"topics.{name}", "written by hand", limit, "Remove it")


def _unknown_references(catalog: Catalog) -> Iterator[Problem]:
    tenants = [*catalog.tenants, PLATFORM_TENANT]
    for name, topic in catalog.topics.items():
        if topic.tenant not in tenants:
            hint = closest(topic.tenant, tenants)
            yield Problem(f"{FOLDER}/topics.yaml", f"topics.{name}.tenant", topic.tenant, "no such tenant", hint)
    file = f"{FOLDER}/kafka-users.yaml"
    for name, user in catalog.users.items():
        if user.tenant not in tenants:
            yield Problem(file, f"users.{name}.tenant", user.tenant, "no such tenant", closest(user.tenant, tenants))
        for verb, topics in (("produces", user.produces), ("consumes", user.consumes)):
            for topic_name in topics:
                if topic_name not in catalog.topics:
                    hint = closest(topic_name, list(catalog.topics))
                    yield Problem(file, f"users.{name}.{verb}", topic_name, "no such topic", hint)


def _reads_above_clearance(catalog: Catalog) -> Iterator[Problem]:
    file = f"{FOLDER}/kafka-users.yaml"
    for name, user in catalog.users.items():
        tenant = catalog.tenants.get(user.tenant)
        for topic_name in user.consumes if tenant else ():
            topic = catalog.topics.get(topic_name)
            if tenant and topic and topic.data_class not in tenant.clearance:
                limit = f"tenant {user.tenant} may read {', '.join(tenant.clearance)}; the topic is {topic.data_class}"
                fix = f"Take the topic from the user, or the class into {FOLDER}/tenants.yaml"
                yield Problem(file, f"users.{name}.consumes", topic_name, limit, fix)
