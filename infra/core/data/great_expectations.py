"""The suites of expectations that a dataset's rows are validated with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.core.data.access import has_token
from infra.core.data.classes import DataClassRules
from infra.core.data.dataset import TOKEN_SUFFIX, Dataset
from infra.core.data.expectations import Expectation
from infra.core.data.masks import TOKEN_PATTERN


def expectation_suite(name: str, dataset: Dataset, classes: Mapping[str, DataClassRules]) -> dict[str, Any]:
    """A suite as Great Expectations 1.x reads it (ExpectationSuite: name, expectations, meta).

    First what the declaration of the columns implies: exactly these columns, no row without what is not nullable, no
    key twice, no token that is none; then what the catalog expects beyond that.
    """
    return {
        "name": f"{dataset.zone}.{name}",
        "expectations": [*_implied(dataset, classes), *(_expectation(each) for each in dataset.expectations)],
        "meta": {"owner": dataset.owner, "qualityPercent": dataset.sla.quality_percent},
    }


def _implied(dataset: Dataset, classes: Mapping[str, DataClassRules]) -> Iterator[dict[str, Any]]:
    tokens = [column.name + TOKEN_SUFFIX for column in dataset.columns if has_token(column, classes)]
    columns = [*(column.name for column in dataset.columns), *tokens]
    yield _entry("expect_table_columns_to_match_set", column_set=columns, exact_match=True)
    for column in dataset.columns:
        if not column.nullable:
            yield _entry("expect_column_values_to_not_be_null", column=column.name)
    unique = Expectation.model_validate({"kind": "unique", "columns": list(dataset.key)})
    if unique not in dataset.expectations:
        yield _expectation(unique)
    for token in tokens:
        yield _entry("expect_column_values_to_match_regex", column=token, regex=f"^{TOKEN_PATTERN}$")


def _unique(each: Expectation) -> dict[str, Any]:
    if len(each.columns) == 1:
        return _entry("expect_column_values_to_be_unique", column=each.columns[0])
    return _entry("expect_compound_columns_to_be_unique", column_list=list(each.columns))


def _bounded(kind: str) -> Callable[[Expectation], dict[str, Any]]:
    return lambda each: _entry(kind, column=each.column, min_value=each.minimum, max_value=each.maximum)


KINDS: Mapping[str, Callable[[Expectation], dict[str, Any]]] = {
    "not-null": lambda each: _entry("expect_column_values_to_not_be_null", column=each.column),
    "unique": _unique,
    "between": _bounded("expect_column_values_to_be_between"),
    "in-set": lambda each: _entry("expect_column_values_to_be_in_set", column=each.column, value_set=list(each.values)),
    "matches": lambda each: _entry("expect_column_values_to_match_regex", column=each.column, regex=each.pattern),
    "length-between": _bounded("expect_column_value_lengths_to_be_between"),
    "row-count-between": _bounded("expect_table_row_count_to_be_between"),
}
"""Great Expectations' own name for each kind (Expectation Gallery)."""


def _expectation(each: Expectation) -> dict[str, Any]:
    entry = KINDS[each.kind](each)
    if each.mostly < 1:
        entry["kwargs"]["mostly"] = each.mostly
    return entry


def _entry(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": {key: value for key, value in kwargs.items() if value is not None}, "meta": {}}
