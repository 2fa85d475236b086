import json

from sandbox.deploy.compare.masking import CLEAR, NOTHING, SightChange, masking_changes
from sandbox.deploy.compare.quota import quota_changes
from sandbox.engine.events import StepPlanned
from tests.support.renderings import manifest


def artifact(kind: str, **files: str):
    data = {name.replace("_", "."): text for name, text in files.items()}
    return manifest("ConfigMap", f"{kind}-{abs(hash(str(files)))}", labels={"platform/artifact": kind}, data=data)


def decisions(analyst: str, class_: str = "pii"):
    roles = {
        "steward": {"treatments": {"pii": "clear", "public": "clear"}},
        "analyst": {"treatments": {"pii": analyst, "public": "clear"}},
    }
    datasets = {"customers": {"zone": "silver", "columns": {"email": class_}}}
    return artifact("opa-data", catalog_json=json.dumps({"roles": roles, "datasets": datasets}))


def trino(*columns: dict, **rule: object):
    table = {
        "group": "role-analyst|role-auditor",
        "catalog": "lake",
        "schema": "silver",
        "table": "customers",
        "privileges": ["SELECT"],
    }
    return artifact("trino-access", rules_json=json.dumps({"tables": [table | {"columns": list(columns)} | rule]}))


def clickhouse(expression: str, *more: str):
    view = (
        "CREATE OR REPLACE VIEW `silver_analyst`.`customers`\nDEFINER = `masking` SQL SECURITY DEFINER\n"
        f"AS SELECT\n    {expression} AS `email`\nFROM `silver`.`customers` AS `stored`"
    )
    grant = "GRANT SELECT ON `silver_analyst`.`customers` TO `analyst`"
    return artifact("clickhouse-access", access_sql=";\n".join([view, grant, *more]) + ";\n")


def sights(old: StepPlanned, new: StepPlanned) -> tuple[SightChange, ...]:
    return masking_changes([old], [new]).sights


def test_a_column_that_somebody_sees_otherwise_is_told_by_role_and_is_bared_when_it_is_in_the_clear() -> None:
    assert sights(decisions("masked"), decisions("clear")) == (
        SightChange("decisions (OPA)", "silver.customers.email", "analyst", "masked", CLEAR, bared=True),
    )
    (back,) = sights(decisions("clear"), decisions("hidden"))
    assert (back.old, back.new, back.bared) == (CLEAR, NOTHING, False)


def test_another_class_of_a_column_is_a_change_for_whoever_sees_that_class_otherwise() -> None:
    (change,) = sights(decisions("masked", "pii"), decisions("masked", "public"))
    assert (change.role, change.bared) == ("analyst", True)


def test_a_mask_that_trino_no_longer_has_bares_the_column() -> None:
    old, new = trino({"name": "email", "mask": "'***'"}), trino()
    assert [(each.role, each.old, each.new, each.bared) for each in sights(old, new)] == [
        ("analyst", "as '***'", CLEAR, True),
        ("auditor", "as '***'", CLEAR, True),
    ]


def test_a_column_that_trino_forbids_is_seen_not_at_all() -> None:
    changed = sights(trino({"name": "email", "mask": "'***'"}), trino({"name": "email", "allow": False}))
    assert {each.new for each in changed} == {NOTHING}


def test_a_row_filter_that_is_gone_is_told_and_a_rule_without_privileges_gives_nothing() -> None:
    old, new = trino(filter="tenant = 'a'"), trino()
    assert {(each.old, each.new) for each in sights(old, new)} == {(f"{CLEAR}, only rows where tenant = 'a'", CLEAR)}
    assert {each.new for each in sights(new, trino(privileges=[]))} == {NOTHING}


def test_a_view_of_clickhouse_that_shows_the_column_itself_bares_it() -> None:
    (change,) = sights(clickhouse("concat('*')"), clickhouse("`email`"))
    assert (change.engine, change.column, change.old, change.new) == (
        "ClickHouse",
        "silver.customers.email",
        "as concat('*')",
        CLEAR,
    )
    assert change.bared


def test_a_grant_on_the_table_behind_the_view_is_told_as_every_other_column() -> None:
    changed = sights(
        clickhouse("concat('*')"), clickhouse("concat('*')", "GRANT SELECT ON `silver`.`customers` TO `intern`")
    )
    assert [(each.role, each.column, each.new) for each in changed] == [
        ("intern", "silver.customers.(every other column)", CLEAR)
    ]


def test_reading_tokens_back_is_told() -> None:
    old, new = (
        artifact(
            "tokenization-roles",
            tokenization_json=json.dumps({"classes": {"pii": {"columns": ["s.c.e"], "detokenize": roles}}}),
        )
        for roles in ([], ["intern"])
    )
    assert [(each.role, each.new) for each in sights(old, new)] == [("intern", "read back from its token")]


def test_an_artifact_that_nobody_reads_here_is_named_and_one_that_cannot_be_read_breaks_nothing() -> None:
    old, new = (artifact("retention-plan", jobs_json=text) for text in ("[]", "[1]"))
    assert masking_changes([old], [new]).unread == ("retention-plan/jobs.json",)
    assert masking_changes([], [artifact("opa-data", catalog_json="{")]).sights == ()


def quota(namespace: str, **hard: str):
    return manifest(
        "ResourceQuota", "quota", namespace=namespace, spec={"hard": {k.replace("_", "."): v for k, v in hard.items()}}
    )


def test_quotas_are_compared_by_value_and_summed_over_all_namespaces() -> None:
    old = [quota("a", requests_cpu="1", requests_memory="1Gi"), quota("b", requests_cpu="4")]
    new = [quota("a", requests_cpu="1500m", requests_memory="1024Mi"), quota("b", requests_cpu="4")]
    assert [(each.where, each.resource, each.old, each.new) for each in quota_changes(old, new)] == [
        ("a/quota", "requests.cpu", "1", "1500m"),
        ("", "requests.cpu", "5", "5.5"),
    ]


def test_a_quota_that_is_gone_is_told_as_none() -> None:
    changed = quota_changes([quota("a", requests_memory="2Gi")], [])
    assert [(each.old, each.new) for each in changed] == [("2Gi", "none"), ("2 GiB", "none")]


def test_a_column_that_its_table_no_longer_has_is_seen_by_nobody() -> None:
    created = 'CREATE TABLE IF NOT EXISTS lake."silver"."customers" (\n'
    statement = created + '   "name" varchar,\n   "email__token" varchar\n)\nWITH (x = 1);\n'
    old = [trino({"name": "email__token", "allow": False}), artifact("iceberg-tables", tables_sql=statement)]
    new = [trino(), artifact("iceberg-tables", tables_sql=statement.replace(',\n   "email__token" varchar', ""))]
    assert masking_changes(old, new).sights == ()
    assert {each.new for each in masking_changes(old, [trino(), old[1]]).sights} == {CLEAR}
