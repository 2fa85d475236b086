"""The dataset catalog: what does not agree between classes, roles, datasets and topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from infra.core.catalog.topics import Topic
from infra.core.data.classes import DataClassRules
from infra.core.data.dataset import CLICKHOUSE_ONLY_TYPES, MASKING_ENGINES, TOKEN_SUFFIX, Dataset, parse_partition
from infra.core.data.roles import Role
from infra.core.errors import Problem
from infra.core.validation import closest

FILE = "infra/catalog/datasets.yaml"
ROLES_FILE = "infra/catalog/roles.yaml"
_TIMES = ("date", "timestamp")
_NUMBERS = ("int32", "int64", "float32", "float64")


def role_problems(roles: Mapping[str, Role], classes: Mapping[str, DataClassRules]) -> Iterator[Problem]:
    """What the roles say about classes that do not exist or cannot be treated so."""
    for name, role in roles.items():
        for field, listed in (("treatments", tuple(role.treatments)), ("detokenizes", role.detokenizes)):
            for column_class in listed:
                if column_class not in classes:
                    at = f"roles.{name}.{field}"
                    yield Problem(ROLES_FILE, at, column_class, "no such class", closest(column_class, classes))
        for column_class, treatment in role.treatments.items():
            if treatment == "tokenized" and column_class in classes and not classes[column_class].tokenized:
                limit = f"no tokens are made of {column_class}"
                fix = f"Mask or hide it, or set classes.{column_class}.tokenized in infra/catalog/data-classes.yaml"
                yield Problem(ROLES_FILE, f"roles.{name}.treatments.{column_class}", treatment, limit, fix)
        for column_class in role.detokenizes:
            if column_class in classes and role.treatment(column_class) != "clear":
                limit = f"the role sees {column_class} {role.treatment(column_class)}, so it may not turn tokens back"
                fix = "Take the class from detokenizes, or let the role see it clear"
                yield Problem(ROLES_FILE, f"roles.{name}.detokenizes", column_class, limit, fix)


def topic_problems(topics: Mapping[str, Topic], classes: Mapping[str, DataClassRules]) -> Iterator[Problem]:
    """What is wrong with the columns of topics.

    A topic whose name begins with an underscore belongs to a system that keeps a format of its own in it.
    """
    file = "infra/catalog/topics.yaml"
    for name, topic in topics.items():
        if not topic.columns and not name.startswith("_"):
            limit = "a topic says what its records carry; schemas and classes follow from it"
            yield Problem(file, f"topics.{name}.columns", "missing", limit, f"Add columns to {name}")
        for column in topic.columns:
            if column.class_ not in classes:
                hint = closest(column.class_, classes)
                yield Problem(file, f"topics.{name}.columns.{column.name}.class", column.class_, "no such class", hint)
            elif topic.retention_hours and topic.retention_hours > classes[column.class_].max_retention_days * 24:
                most = classes[column.class_].max_retention_days * 24
                limit = f"at most {most}, since column {column.name} is {column.class_}"
                fix = f"Keep records at most {most} hours"
                yield Problem(file, f"topics.{name}.retentionHours", str(topic.retention_hours), limit, fix)


def dataset_problems(
    datasets: Mapping[str, Dataset],
    classes: Mapping[str, DataClassRules],
    roles: Mapping[str, Role],
    tenants: Collection[str],
    topics: Collection[str],
) -> Iterator[Problem]:
    """Everything that is wrong with the datasets, each alone and all together."""
    known_sources = {*topics, *datasets}
    for name, dataset in datasets.items():
        at = f"datasets.{name}"
        if dataset.tenant not in tenants:
            yield Problem(FILE, f"{at}.tenant", dataset.tenant, "no such tenant", closest(dataset.tenant, tenants))
        for source in dataset.sources:
            if source not in known_sources:
                hint = closest(source, known_sources)
                yield Problem(FILE, f"{at}.sources", source, "no such topic or dataset", hint)
        yield from _columns(at, dataset, classes)
        yield from _references(at, dataset)
        yield from _retention(at, dataset, classes)
        yield from _unmasked(at, dataset, classes, roles)
        yield from _lost_in_trino(at, dataset)
    yield from _circles(datasets)


def _columns(at: str, dataset: Dataset, classes: Mapping[str, DataClassRules]) -> Iterator[Problem]:
    for name, count in Counter(column.name for column in dataset.columns).items():
        if count > 1:
            yield Problem(
                FILE, f"{at}.columns", name, f"stands {count} times; a column stands once", "Remove the others"
            )
    for column in dataset.columns:
        if column.class_ not in classes:
            hint = closest(column.class_, classes)
            yield Problem(FILE, f"{at}.columns.{column.name}.class", column.class_, "no such class", hint)
        elif classes[column.class_].tokenized and column.type != "string":
            limit = f"tokens are made of text; {column.class_} must be a string"
            yield Problem(FILE, f"{at}.columns.{column.name}.type", column.type, limit, "Make it a string")
        if column.name.endswith(TOKEN_SUFFIX):
            limit = f"names that end in {TOKEN_SUFFIX} belong to the columns that hold tokens"
            yield Problem(FILE, f"{at}.columns.{column.name}.name", column.name, limit, "Rename the column")
        if column.nullable and column.name in dataset.key:
            limit = "a column of the key must be in every row"
            yield Problem(FILE, f"{at}.columns.{column.name}.nullable", "true", limit, "Remove nullable")


def _references(at: str, dataset: Dataset) -> Iterator[Problem]:
    names = [column.name for column in dataset.columns]
    partitions = [parse_partition(text) for text in dataset.partition_by]
    wanted = [
        *(("key", name) for name in dataset.key),
        *(("partitionBy", partition.column) for partition in partitions),
        *((f"expectations.{i}", name) for i, each in enumerate(dataset.expectations) for name in each.about),
    ]
    if dataset.row_filter:
        wanted.append(("rowFilter.column", dataset.row_filter.column))
    if dataset.retention_column:
        wanted.append(("retentionColumn", dataset.retention_column))
    for field, name in wanted:
        if name not in names:
            yield Problem(FILE, f"{at}.{field}", name, "no such column", closest(name, names))
    scope = dataset.column(dataset.row_filter.column) if dataset.row_filter else None
    if scope and (scope.type != "string" or scope.nullable):
        limit = "rows are filtered by text that every row has"
        fix = "Make it a string that is not nullable"
        yield Problem(FILE, f"{at}.rowFilter.column", scope.name, limit, fix)
    if scope and scope.class_.startswith("pii."):
        limit = f"whoever reads filtered rows sees {scope.name} clear, and it is {scope.class_}"
        yield Problem(FILE, f"{at}.rowFilter.column", scope.name, limit, "Filter by a column without personal data")
    for partition in partitions:
        column = dataset.column(partition.column)
        if column and partition.transform in ("day", "month", "year", "hour"):
            allowed = ("timestamp",) if partition.transform == "hour" else _TIMES
            if column.type not in allowed:
                limit = f"{partition.transform} takes {' or '.join(allowed)}; {column.name} is {column.type}"
                yield Problem(FILE, f"{at}.partitionBy", partition.column, limit, "Partition by another column")
    for i, expectation in enumerate(dataset.expectations):
        column = dataset.column(expectation.column) if expectation.column else None
        texts = expectation.kind in ("matches", "length-between", "in-set")
        numbers = expectation.kind == "between"
        is_number = bool(column) and (column.type in _NUMBERS or column.type.startswith("decimal"))  # type: ignore[union-attr]
        if column and ((texts and column.type != "string") or (numbers and not is_number)):
            limit = f"{expectation.kind} is about {'numbers' if numbers else 'text'}; {column.name} is {column.type}"
            yield Problem(FILE, f"{at}.expectations.{i}", column.name, limit, "Choose another kind or column")


def _retention(at: str, dataset: Dataset, classes: Mapping[str, DataClassRules]) -> Iterator[Problem]:
    column = dataset.column(dataset.retention_column) if dataset.retention_column else None
    if column and (column.type not in _TIMES or column.nullable):
        limit = "age is counted from a date or timestamp that every row has"
        yield Problem(FILE, f"{at}.retentionColumn", column.name, limit, "Choose a date or timestamp, not nullable")
    if dataset.retention_days is None:
        if dataset.level not in ("public", "internal"):
            limit = f"rows with a {dataset.level} column are not kept for ever"
            yield Problem(FILE, f"{at}.retentionDays", "missing", limit, "Add retentionDays and retentionColumn")
        return
    known = [each for each in dataset.columns if each.class_ in classes]
    for each in known:
        most = classes[each.class_].max_retention_days
        if dataset.retention_days > most:
            limit = f"at most {most}, since column {each.name} is {each.class_}"
            fix = f"Keep rows at most {most} days, or move {each.name} to a dataset of its own"
            yield Problem(FILE, f"{at}.retentionDays", str(dataset.retention_days), limit, fix)


def _unmasked(
    at: str, dataset: Dataset, classes: Mapping[str, DataClassRules], roles: Mapping[str, Role]
) -> Iterator[Problem]:
    for column in dataset.columns:
        if column.class_ not in classes or not column.class_.startswith("pii."):
            continue
        if "postgresql" in dataset.engines:
            limit = f"{column.name} is {column.class_}, and PostgreSQL cannot show it masked"
            fix = "Store it in iceberg or clickhouse instead"
            yield Problem(FILE, f"{at}.engines", "postgresql", limit, fix)
        if not set(dataset.engines) & set(MASKING_ENGINES):
            limit = f"{column.name} is {column.class_}, and none of these engines can show it masked"
            fix = f"Expose it through {' or '.join(MASKING_ENGINES)}"
            yield Problem(FILE, f"{at}.engines", ", ".join(dataset.engines), limit, fix)
        if roles and not any(role.treatment(column.class_) == "clear" for role in roles.values()):
            limit = f"no role sees {column.class_} clear, so nobody could correct or erase {column.name}"
            yield Problem(FILE, f"{at}.columns.{column.name}", column.class_, limit, f"Let a role of {ROLES_FILE} do")


def _lost_in_trino(at: str, dataset: Dataset) -> Iterator[Problem]:
    if "clickhouse" not in dataset.trino_catalogs:
        return
    lost = [column.name for column in dataset.columns if column.type.startswith(CLICKHOUSE_ONLY_TYPES)]
    if lost:
        limit = f"Trino leaves out ClickHouse's columns of type date, timestamp and list: {', '.join(lost)}"
        fix = "Store it in iceberg too, or take trino away: readers then ask ClickHouse"
        yield Problem(FILE, f"{at}.engines", ", ".join(dataset.engines), limit, fix)


def _circles(datasets: Mapping[str, Dataset]) -> Iterator[Problem]:
    """Datasets that are, by way of others, made from themselves."""
    for name in datasets:
        reached: set[str] = set()
        waiting = [name]
        while waiting:
            for source in datasets[waiting.pop()].sources:
                if source in datasets and source not in reached:
                    reached.add(source)
                    waiting.append(source)
        if name in reached:
            limit = "a dataset is not made from itself, nor from what is made from it"
            yield Problem(FILE, f"datasets.{name}.sources", name, limit, "Break the circle")
