import re

from infra.core.data.masks import mask_sql
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
