import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core.catalog.catalog import Catalog
from infra.core.data.access import column_views, expression, readers
from infra.core.data.clickhouse_access import role_database
from infra.core.data.masks import mask_sql
from infra.core.data.sql_text import Dialect
from infra.stacks.files import read_catalog
from tests.support.derived import changed, derived, with_column

CATALOG = read_catalog()
BEFORE = derived(CATALOG)


def kinds(names: dict[str, list[str]]) -> set[str]:
    return {re.split(r"[ .`]", name)[0] for name in names}


def test_changing_the_kind_of_personal_data_changes_its_masks_in_every_engine_and_nothing_else():
    changes = changed(BEFORE, derived(with_column(CATALOG, "customers", "email", class_="pii.phone")))
    views = {f"clickhouse CREATE OR REPLACE VIEW `silver_{role}`.`customers`" for role in ("analyst", "auditor")}
    rules = {f"trino rule iceberg.silver.customers role-{role}" for role in ("analyst", "auditor")}
    partner = {
        "clickhouse CREATE OR REPLACE VIEW `silver_partner`.`customers`",
        "trino rule iceberg.silver.customers role-partner",
    }
    told = {"tokenization", "decisions", "entry dataset customers"}
    assert set(changes) == views | rules | partner | told

    for view in views:
        assert changes[view] == [
            f"-    {mask_sql('email', '`email`', 'clickhouse')} AS `email`,",
            f"+    {mask_sql('phone', '`email`', 'clickhouse')} AS `email`,",
        ]
    for rule in rules:
        assert [line[0] for line in changes[rule]] == ["-", "+"]
        assert "***@***" in changes[rule][0]
        assert "***-" in changes[rule][1]
    assert [
        line.split(" AS ")[-1] for line in changes["clickhouse CREATE OR REPLACE VIEW `silver_partner`.`customers`"]
    ] == ["`email`,"]
    assert changes["entry dataset customers"] == ['-   "class": "pii.email",', '+   "class": "pii.phone",']
    assert changes["decisions"] == ['-    "email": "pii.email",', '+    "email": "pii.phone",']


def test_a_column_that_turns_out_to_be_personal_is_masked_everywhere_and_gets_its_column_of_tokens():
    changes = changed(BEFORE, derived(with_column(CATALOG, "partner_contacts", "partner", class_="pii.name")))
    comment = "COMMENT 'Token of partner, made by the tokenization service'"
    added = f"+    `partner__token` Nullable(String) {comment} CODEC(ZSTD(1)),"
    assert changes["clickhouse table partner_contacts"] == [added]
    for role in ("analyst", "auditor"):
        lines = changes[f"clickhouse CREATE OR REPLACE VIEW `gold_{role}`.`partner_contacts`"]
        assert lines == [
            "-    `partner` AS `partner`,",
            f"+    {mask_sql('redact', '`partner`', 'clickhouse')} AS `partner`,",
        ]
    assert changes["clickhouse audit"] == [
        "+gold.partner_contacts.partner",
        "+gold_steward.partner_contacts.partner",
    ]
    assert not any(name.startswith(("subject", "retention")) for name in changes)
    others = {name for name in changes if "partner_contacts" not in name}
    assert others == {"clickhouse audit", "tokenization", "decisions"}


def test_making_a_column_public_takes_its_masks_away_and_nothing_else():
    changes = changed(BEFORE, derived(with_column(CATALOG, "customers", "street", class_="public")))
    assert kinds(changes) == {"clickhouse", "trino", "decisions", "entry"}
    for role in ("analyst", "auditor"):
        view = changes[f"clickhouse CREATE OR REPLACE VIEW `silver_{role}`.`customers`"]
        assert view == [
            f"-    {mask_sql('redact', '`street`', 'clickhouse')} AS `street`,",
            "+    `street` AS `street`,",
        ]
    assert changes["clickhouse audit"] == [
        "-silver.customers.street",
        "-silver_steward.customers.street",
    ]
    assert "clickhouse table customers" not in changes
    assert not any("role-steward" in name or "silver_steward`" in name for name in changes)


def test_a_new_comment_changes_no_mask():
    changes = changed(BEFORE, derived(with_column(CATALOG, "customers", "email", description="Where letters go")))
    assert all(re.match(r"(clickhouse|trino|spark) table|iceberg schema|entry", name) for name in changes)


def test_everything_is_derived_the_same_twice():
    assert derived(read_catalog()) == BEFORE


def shown(catalog: Catalog, dataset: str, column: str, role: str, dialect: Dialect) -> str | None:
    """What a role's view or rule makes of a column; nothing when the role does not see it."""
    if role not in dict(readers(catalog, catalog.datasets[dataset])):
        return None
    views = column_views(catalog.datasets[dataset], catalog.roles[role])
    view = next(each for each in views if each.column.name == column)
    rules = catalog.classes[view.column.class_]
    return None if view.treatment == "hidden" else expression(view, rules, dialect)


def only_its_masks_change(dataset: str, column: str, new_class: str) -> None:
    """Views and rules of exactly those roles change that see the column otherwise, in each engine by itself."""
    after = with_column(CATALOG, dataset, column, class_=new_class)
    changes = changed(BEFORE, derived(after))
    declared = CATALOG.datasets[dataset]
    told = {"tokenization", "decisions", "clickhouse audit", "clickhouse row policies", "clickhouse grants"}
    assert all(name in told or re.search(rf"\b{dataset}\b", name) for name in changes), sorted(changes)
    for role in CATALOG.roles:
        view = f"clickhouse CREATE OR REPLACE VIEW `{role_database(declared.zone, role)}`.`{dataset}`"
        seen: list[Dialect] = ["clickhouse"] if "clickhouse" in declared.engines else []
        for dialect in seen:
            differs = shown(CATALOG, dataset, column, role, dialect) != shown(after, dataset, column, role, dialect)
            assert (view in changes) == differs, view
        for store in declared.trino_catalogs:
            rule = f"trino rule {store}.{declared.zone}.{dataset} role-{role}"
            limits = [trino_limits(each, dataset, column, role) for each in (CATALOG, after)]
            assert (rule in changes) == (limits[0] != limits[1]), rule


def trino_limits(catalog: Catalog, dataset: str, column: str, role: str) -> tuple[object, ...]:
    """What Trino must be told about a column and about its tokens, which are hidden from who sees masks or nothing."""
    sees = shown(catalog, dataset, column, role, "trino")
    declared = catalog.datasets[dataset]
    if role not in dict(readers(catalog, declared)):
        return ("no rule",)
    treatment = next(v for v in column_views(declared, catalog.roles[role]) if v.column.name == column).treatment
    made = next(each for each in declared.columns if each.name == column)
    tokens = catalog.classes[made.class_].tokenized and treatment in ("hidden", "masked")
    return (sees, tokens)


TEXTS = [
    (name, each.name)
    for name, dataset in CATALOG.datasets.items()
    for each in dataset.columns
    if each.type == "string" and not (dataset.row_filter and dataset.row_filter.column == each.name)
]
CLASSES = sorted(CATALOG.classes)


@settings(max_examples=6, deadline=None)
@given(place=st.sampled_from(TEXTS), new_class=st.sampled_from(CLASSES))
def test_a_change_of_any_class_changes_exactly_the_masks_of_who_sees_it_otherwise(
    place: tuple[str, str], new_class: str
):
    only_its_masks_change(*place, new_class)


@pytest.mark.soak
@pytest.mark.parametrize("new_class", CLASSES)
def test_every_change_of_a_class_changes_exactly_those_masks(new_class: str):
    for place in TEXTS:
        only_its_masks_change(*place, new_class)
