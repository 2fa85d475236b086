"""The data catalog as data: what is personal, whose it is, how long it may be kept, and who is cleared for it.

The catalog is read here a second time, without the program's models, so that a mistake in them shows as a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from policies.once import once

CATALOG: Final = Path(__file__).resolve().parents[1] / "infra" / "catalog"
PERSONAL: Final = "pii"
LEVELS: Final = ("public", "internal", "confidential", PERSONAL)
"""From what everybody may read to what only few may."""

STEWARDS: Final = frozenset({"steward"})
"""The roles that may see personal data in clear."""

SHARED_WITH: Final = frozenset({"partner"})
"""The roles of those outside, who get tokens."""

SHARED_AS_TOKENS: Final = frozenset({"pii.email", "pii.ssn", "pii.card"})
"""What they may get at all."""


@dataclass(frozen=True)
class Dataset:
    """A dataset of the catalog.

    Attributes:
        zone: The schema that it is in.
        columns: Its columns with the class of each.
        scoped_by: The column by which rows are given to those who are entitled to them, or empty.
    """

    zone: str
    columns: dict[str, str]
    scoped_by: str

    @cached_property
    def personal(self) -> dict[str, str]:
        """The columns that say something about a person, with their classes."""
        return {name: class_ for name, class_ in self.columns.items() if level_of(class_) == PERSONAL}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column that may be stored, those of tokens among them."""
        from policies.masks.leaks import TOKEN_SUFFIX  # noqa: PLC0415 - only the masking rules need it

        return (*self.columns, *(name + TOKEN_SUFFIX for name in self.columns))


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the catalog.

    Attributes:
        owner: The team that answers for it.
        level: The most sensitive level of its fields.
        longest_days: How long its most restricted class may be kept.
    """

    owner: str
    level: str
    longest_days: int | None


@dataclass(frozen=True, slots=True)
class DataCatalog:
    """What the rules read of the catalog.

    Attributes:
        datasets: By zone and name, as engines know them.
        topics: By name.
        clearances: What each tenant's users may read; the platform itself may read everything.
        entitled: The roles that see only some rows.
    """

    datasets: dict[tuple[str, str], Dataset]
    topics: dict[str, Topic]
    clearances: dict[str, frozenset[str]]
    entitled: frozenset[str]


def level_of(class_: str) -> str:
    """The level of a class; all kinds of personal data are one level, and a class that nobody knows is too."""
    return class_ if class_ in LEVELS else PERSONAL


@once
def load_data_catalog(folder: Path = CATALOG) -> DataCatalog:
    """Read the catalog; it is empty where there is none, so that rules about it find nothing that it declares."""
    longest = {
        name: days
        for name, rules in _table(folder / "data-classes.yaml", "classes").items()
        if isinstance(days := rules.get("maxRetentionDays"), int)
    }
    roles = _table(folder / "roles.yaml", "roles")
    return DataCatalog(
        datasets={
            (_text(item.get("zone")), name): Dataset(
                zone=_text(item.get("zone")),
                columns=_columns(item),
                scoped_by=_text((item.get("rowFilter") or {}).get("column")),
            )
            for name, item in _table(folder / "datasets.yaml", "datasets").items()
        },
        topics={name: _topic(item, longest) for name, item in _table(folder / "topics.yaml", "topics").items()},
        clearances={
            name: frozenset(item.get("clearance") or ())
            for name, item in _table(folder / "tenants.yaml", "tenants").items()
        },
        entitled=frozenset(name for name, role in roles.items() if role.get("rows") != "all"),
    )


def _topic(item: dict[str, Any], longest: dict[str, int]) -> Topic:
    classes = [*_columns(item).values(), _text(item.get("dataClass")) or PERSONAL]
    days = [longest[class_] for class_ in classes if class_ in longest]
    return Topic(
        owner=_text(item.get("owner")),
        level=max((level_of(class_) for class_ in classes), key=LEVELS.index),
        longest_days=min(days, default=None),
    )


def _columns(item: dict[str, Any]) -> dict[str, str]:
    columns = item.get("columns")
    listed = [column for column in columns if isinstance(column, dict)] if isinstance(columns, list) else []
    return {_text(column.get("name")): _text(column.get("class")) for column in listed}


def _table(file: Path, key: str) -> dict[str, dict[str, Any]]:
    from policies.readers.manifests import read_yaml  # noqa: PLC0415 - reading is left to those who need the catalog

    if not file.is_file():
        return {}
    document = next((found for _, found in read_yaml(file.read_bytes(), str(file))), None)
    entries = document.get(key) if isinstance(document, dict) else None
    return {name: item for name, item in (entries or {}).items() if isinstance(item, dict)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
