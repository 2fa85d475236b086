import copy
from collections.abc import Callable

import pytest
import yaml

from infra.core.catalog.catalog import PLATFORM_TENANT, parse_catalog
from infra.core.catalog.datasets import dataset_problems, role_problems, topic_problems
from infra.core.catalog.topics import TopicCatalog
from infra.core.data.classes import DataClassCatalog
from infra.core.data.dataset import DatasetCatalog
from infra.core.data.roles import RoleCatalog
from infra.core.errors import ConfigurationError
from infra.core.validation import validate
from infra.stacks.files import ROOT, read_catalog

FILES = {
    "datasets.yaml": DatasetCatalog,
    "roles.yaml": RoleCatalog,
    "data-classes.yaml": DataClassCatalog,
    "topics.yaml": TopicCatalog,
}
DOCUMENTS = {
    name: yaml.load((ROOT / "infra/catalog" / name).read_text("utf-8"), Loader=yaml.CSafeLoader) for name in FILES
}
CATALOG = read_catalog()
TENANTS = [*CATALOG.tenants, PLATFORM_TENANT]


def refusal(name: str, *changes: Callable[[dict], object]) -> str:
    """What the catalog says after changes of one of its files."""
    document = copy.deepcopy(DOCUMENTS[name])
    for change in changes:
        change(document)
    with pytest.raises(ConfigurationError) as caught:
        check(name, document)
    assert all(problem.limit and problem.fix for problem in caught.value.problems)
    return str(caught.value)


def check(name: str, document: dict) -> None:
    """The checks of ``parse_catalog`` for one file, without reading the others anew."""
    file = validate(FILES[name], document, file=f"infra/catalog/{name}")
    classes = getattr(file, "classes", CATALOG.classes)
    roles = getattr(file, "roles", CATALOG.roles)
    topics = getattr(file, "topics", CATALOG.topics)
    datasets = getattr(file, "datasets", CATALOG.datasets)
    problems = [
        *role_problems(roles, classes),
        *topic_problems(topics, classes),
        *dataset_problems(datasets, classes, roles, TENANTS, topics),
    ]
    if problems:
        raise ConfigurationError(problems)


def dataset(name: str, **changes: object) -> Callable[[dict], object]:
    return lambda document: document["datasets"][name].update(changes)


def column(of: str, at: str, **changes: object) -> Callable[[dict], object]:
    def change(document: dict) -> None:
        next(each for each in document["datasets"][of]["columns"] if each["name"] == at).update(
            {"class" if key == "class_" else key: value for key, value in changes.items()}
        )

    return change


def test_the_whole_catalog_refuses_what_its_parts_refuse():
    files = {path.name: path.read_text("utf-8") for path in (ROOT / "infra/catalog").glob("*.yaml")}
    broken = files["datasets.yaml"].replace("class: pii.email", "class: pii.mail", 1)
    with pytest.raises(ConfigurationError, match=r"class is pii\.mail: no such class\. Did you mean pii\.email\?"):
        parse_catalog(files | {"datasets.yaml": broken})


def test_the_committed_datasets_are_those_of_the_platform():
    names = set(CATALOG.datasets)
    assert {"rt_lmp", "da_lmp", "da_awards", "node_hub_mapping"} <= names
    assert {"fact_lmp_5m", "dim_node", "dim_hub", "dim_calendar"} <= names
    assert {"commodity_prices_daily", "price_trends", "market_indicators", "ml_predictions"} <= names
    assert {"customers", "billing_accounts", "partner_contacts"} <= names


def test_a_dataset_without_owner_is_refused():
    text = refusal("datasets.yaml", lambda d: d["datasets"]["rt_lmp"].pop("owner"))
    assert "infra/catalog/datasets.yaml: datasets.rt_lmp.owner is missing: required" in text


def test_an_unknown_class_is_refused_with_the_one_that_was_meant():
    text = refusal("datasets.yaml", column("customers", "email", class_="pii.mail"))
    assert "datasets.customers.columns.email.class is pii.mail: no such class. Did you mean pii.email?" in text


def test_a_class_that_is_no_class_at_all_is_refused():
    assert "must match" in refusal("datasets.yaml", column("customers", "email", class_="secret"))


def test_personal_data_where_no_engine_can_mask_it_is_refused():
    text = refusal("datasets.yaml", dataset("customers", engines=["iceberg"]))
    assert "datasets.customers.engines is iceberg" in text
    assert "email is pii.email, and none of these engines can show it masked" in text
    assert "Expose it through clickhouse or trino" in text


def test_personal_data_in_postgresql_is_refused():
    text = refusal("datasets.yaml", dataset("customers", engines=["postgresql", "trino"]))
    assert "ssn is pii.ssn, and PostgreSQL cannot show it masked" in text


def test_a_dataset_of_which_trino_would_lose_columns_is_refused():
    text = refusal("datasets.yaml", dataset("dim_calendar", engines=["clickhouse", "trino"]))
    assert "Trino leaves out ClickHouse's columns of type date, timestamp and list: day, peak_hours" in text


def test_a_dataset_that_is_stored_nowhere_is_refused():
    assert "must be stored in one of" in refusal("datasets.yaml", dataset("rt_lmp", engines=["trino"]))


def test_retention_beyond_what_a_class_allows_names_class_column_and_limit():
    text = refusal("datasets.yaml", dataset("billing_accounts", retentionDays=401))
    assert "datasets.billing_accounts.retentionDays is 401: at most 400, since column card_number is pii.card" in text


def test_personal_data_is_not_kept_for_ever():
    def drop(document: dict) -> None:
        for key in ("retentionDays", "retentionColumn"):
            del document["datasets"]["customers"][key]

    assert "rows with a pii column are not kept for ever" in refusal("datasets.yaml", drop)


def test_retention_needs_days_and_a_column():
    text = refusal("datasets.yaml", lambda d: d["datasets"]["rt_lmp"].pop("retentionColumn"))
    assert "must have both retentionDays and retentionColumn, or neither" in text


def test_age_is_counted_from_a_time_that_every_row_has():
    assert "age is counted from" in refusal("datasets.yaml", dataset("rt_lmp", retentionColumn="iso"))
    nullable = column("rt_lmp", "interval_start", nullable=True)
    assert "age is counted from" in refusal("datasets.yaml", nullable)


def test_a_column_that_stands_twice_is_refused():
    text = refusal("datasets.yaml", column("rt_lmp", "energy", name="lmp"))
    assert "datasets.rt_lmp.columns is lmp: stands 2 times; a column stands once" in text


@pytest.mark.parametrize("name", ["text", "decimal(39,2)", "decimal(4,5)", "list<text>", "list<list<int32>>", 3])
def test_an_unknown_type_is_refused_with_the_known_ones(name: object):
    text = refusal("datasets.yaml", column("rt_lmp", "energy", type=name))
    assert "datasets.rt_lmp.columns.4.type" in text
    assert "must be" in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (dataset("rt_lmp", expectations=[{"kind": "not-null", "column": "lpm"}]), "expectations.0"),
        (dataset("rt_lmp", key=["iso", "lpm"]), "key"),
        (dataset("rt_lmp", partitionBy=["day(lpm)"]), "partitionBy"),
        (dataset("rt_lmp", rowFilter={"column": "lpm", "scope": "iso"}), "rowFilter.column"),
        (dataset("rt_lmp", retentionColumn="lpm"), "retentionColumn"),
    ],
)
def test_what_names_a_column_that_is_not_there_is_refused(change: Callable[[dict], object], field: str):
    text = refusal("datasets.yaml", change)
    assert f"datasets.rt_lmp.{field} is lpm: no such column. Did you mean lmp?" in text


@pytest.mark.parametrize(
    ("expectation", "limit"),
    [
        ({"kind": "not-null"}, "must have column"),
        ({"kind": "unique"}, "must have columns"),
        ({"kind": "in-set", "column": "iso"}, "must have values"),
        ({"kind": "matches", "column": "iso"}, "must have pattern"),
        ({"kind": "between", "column": "lmp"}, "must have minimum or maximum"),
        ({"kind": "between", "column": "lmp", "minimum": 2, "maximum": 1}, "a minimum (2) that is not above"),
        ({"kind": "row-count-between"}, "must have minimum or maximum"),
        ({"kind": "between", "column": "iso", "minimum": 1}, "between is about numbers; iso is string"),
        ({"kind": "matches", "column": "lmp", "pattern": "x"}, "matches is about text; lmp is decimal(12,4)"),
        ({"kind": "between", "column": "lmp", "minimum": 1, "mostly": 0.1}, "must be at least 0.5"),
    ],
)
def test_an_expectation_that_cannot_be_checked_is_refused(expectation: dict, limit: str):
    assert limit in refusal("datasets.yaml", dataset("rt_lmp", expectations=[expectation]))


@pytest.mark.parametrize("text", ["day(interval_start", "week(interval_start)", "bucket(0,node)", "bucket(node)", ""])
def test_a_partitioning_that_iceberg_does_not_have_is_refused(text: str):
    assert "must be a column, day(column)" in refusal("datasets.yaml", dataset("rt_lmp", partitionBy=[text]))


def test_a_text_is_not_partitioned_by_day():
    assert "day takes date or timestamp; node is string" in refusal(
        "datasets.yaml", dataset("rt_lmp", partitionBy=["day(node)"])
    )


def test_rows_are_filtered_by_text_without_personal_data_that_every_row_has():
    number = dataset("rt_lmp", rowFilter={"column": "lmp", "scope": "iso"})
    assert "rows are filtered by text" in refusal("datasets.yaml", number)
    personal = dataset("billing_accounts", rowFilter={"column": "billing_email", "scope": "tenant"})
    assert "sees billing_email clear, and it is pii.email" in refusal("datasets.yaml", personal)


def test_a_name_that_could_hide_a_column_of_tokens_is_refused():
    text = refusal("datasets.yaml", column("customers", "state", name="email__token"))
    assert "belong to the columns that hold tokens" in text


def test_a_key_is_never_empty():
    assert "a column of the key must be in every row" in refusal(
        "datasets.yaml", column("rt_lmp", "node", nullable=True)
    )


def test_tokens_are_made_of_text_only():
    assert "pii.ssn must be a string" in refusal("datasets.yaml", column("customers", "ssn", type="int64"))


def test_unknown_tenants_and_sources_are_refused():
    assert "no such tenant" in refusal("datasets.yaml", dataset("rt_lmp", tenant="nobody"))
    text = refusal("datasets.yaml", dataset("rt_lmp", sources=["ISO_RT_LPM"]))
    assert "no such topic or dataset. Did you mean ISO_RT_LMP?" in text


def test_a_dataset_is_not_made_from_what_is_made_from_it():
    text = refusal("datasets.yaml", dataset("iso_rt_lmp_raw", sources=["fact_lmp_5m"]))
    assert "datasets.rt_lmp.sources is rt_lmp: a dataset is not made from itself" in text


def test_all_problems_are_told_at_once():
    text = refusal(
        "datasets.yaml",
        dataset("rt_lmp", tenant="nobody", sources=["NOTHING"]),
        column("customers", "email", class_="pii.mail"),
        dataset("billing_accounts", retentionDays=3000),
    )
    assert len(text.splitlines()) >= 5


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        (lambda r: r["treatments"].update({"pii.mail": "masked"}), "pii.mail: no such class"),
        (lambda r: r["treatments"].update({"pii.text": "tokenized"}), "no tokens are made of pii.text"),
        (lambda r: r.update(detokenizes=["pii.email"]), "the role sees pii.email masked, so it may not"),
        (lambda r: r["treatments"].update({"public": "blurred"}), "roles.analyst.treatments.public"),
        (lambda r: r.update(treatments={}), "roles.analyst.treatments"),
        (lambda r: r.update(rows="some"), "roles.analyst.rows"),
        (lambda r: r.pop("owner"), "roles.analyst.owner is missing"),
        (lambda r: r.update(purposes=[]), "roles.analyst.purposes"),
    ],
)
def test_a_role_that_cannot_be_is_refused(change: Callable[[dict], object], limit: str):
    assert limit in refusal("roles.yaml", lambda d: change(d["roles"]["analyst"]))


def test_somebody_must_be_able_to_correct_personal_data():
    text = refusal("roles.yaml", lambda d: d["roles"].pop("steward"))
    assert "no role sees pii.name clear, so nobody could correct or erase full_name" in text


def test_a_class_without_limit_or_with_an_unknown_mask_is_refused():
    assert "maxRetentionDays" in refusal("data-classes.yaml", lambda d: d["classes"]["pii.ssn"].pop("maxRetentionDays"))
    assert "classes.pii.ssn.mask" in refusal("data-classes.yaml", lambda d: d["classes"]["pii.ssn"].update(mask="blur"))


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        (lambda t: t.pop("columns"), "topics.OUTAGES.columns is missing: a topic says what its records carry"),
        (
            lambda t: t.update(key=["iso", "node"]),
            "must have every field of its key among its columns; node is missing",
        ),
        (lambda t: t["columns"].append(t["columns"][0]), "must have each column once; iso stands twice"),
        (lambda t: t["columns"][1].update({"class": "confidential"}), "must have dataClass confidential"),
        (lambda t: t.update(dataClass="confidential"), "must have dataClass internal"),
        (lambda t: t.update(compatibility="sideways"), "topics.OUTAGES.compatibility"),
        (lambda t: t.update(format="xml"), "topics.OUTAGES.format"),
    ],
)
def test_a_topic_whose_columns_do_not_agree_is_refused(change: Callable[[dict], object], limit: str):
    assert limit in refusal("topics.yaml", lambda d: change(d["topics"]["OUTAGES"]))


def test_a_topic_with_personal_data_is_kept_no_longer_than_its_class_allows():
    def personal(document: dict) -> None:
        topic = document["topics"]["audit"]
        topic.update(dataClass="pii", retentionHours=9601)
        topic["columns"][0]["class"] = "pii.card"

    assert "topics.audit.retentionHours is 9601: at most 9600" in refusal("topics.yaml", personal)
