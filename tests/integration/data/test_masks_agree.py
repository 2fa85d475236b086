import json
from pathlib import Path

import duckdb
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.core.data.masks import MASKS, TOKEN_PATTERN, mask_sql, mask_value, whole_match
from infra.stacks.files import read_catalog
from tests.support.clickhouse import ClickHouse
from tests.support.pii_strings import EVERYTHING

SIGNS = "aZé用0123456789 -.@+()/\\'\"\n\t_%<>:{}\u00a0٤"
"""Letters and signs that make a string look like a number or an address, or nearly so."""

TEXTS = st.lists(
    st.one_of(
        st.text(st.sampled_from(SIGNS), max_size=40),
        st.text(max_size=40),
        st.from_regex(r"\A[0-9]{3}-?[0-9]{2}-?[0-9]{4}\n?\Z"),
        st.from_regex(r"\A[a-z0-9.+]{1,12}@[a-z0-9.@]{1,12}\Z"),
        st.from_regex(r"\A([0-9][ -]?){12,20}\Z"),
    ),
    min_size=60,
    max_size=200,
)


def in_duckdb(texts: list[str | None]) -> dict[str, list[str | None]]:
    with duckdb.connect() as engine:
        engine.execute("CREATE TABLE t (i integer, v varchar)")
        engine.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(texts)))
        return {
            name: [
                row[0]
                for row in engine.execute(
                    sqlglot.transpile(
                        f"SELECT {mask_sql(name, chr(34) + 'v' + chr(34), 'trino')} FROM t ORDER BY i",
                        read="trino",
                        write="duckdb",
                    )[0]
                ).fetchall()
            ]
            for name in MASKS
        }


def in_clickhouse(clickhouse: ClickHouse, texts: list[str | None]) -> dict[str, list[str | None]]:
    load = "INSERT INTO t FORMAT JSONEachRow\n" + "\n".join(
        json.dumps({"i": i, "v": text}) for i, text in enumerate(texts)
    )
    queries = [f"SELECT {mask_sql(name, '`v`', 'clickhouse')} AS m FROM t ORDER BY i" for name in MASKS]
    create = "CREATE OR REPLACE TABLE t (i Int32, v Nullable(String)) ENGINE = Memory"
    answers = clickhouse.as_administrator([create, load, *queries])
    assert [answer for answer in answers if "error" in answer] == []
    return {name: [row["m"] for row in answer["rows"]] for name, answer in zip(MASKS, answers[2:], strict=True)}


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> ClickHouse:
    return ClickHouse(tmp_path_factory.mktemp("masks"), read_catalog())


def agree(clickhouse: ClickHouse, texts: list[str | None]) -> None:
    meant = {name: [mask_value(name, text) for text in texts] for name in MASKS}
    assert in_duckdb(texts) == meant
    assert in_clickhouse(clickhouse, texts) == meant


def test_masks_of_all_engines_agree_on_personal_data_as_it_comes(clickhouse: ClickHouse):
    agree(clickhouse, [None, *EVERYTHING])


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=TEXTS)
def test_masks_of_all_engines_agree_on_any_text(clickhouse: ClickHouse, texts: list[str]):
    agree(clickhouse, list(texts))


@pytest.mark.soak
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=TEXTS)
def test_masks_of_all_engines_agree_on_any_text_many_times(clickhouse: ClickHouse, texts: list[str]):
    agree(clickhouse, list(texts))


def test_bytes_that_are_no_text_are_masked_and_not_passed_on(clickhouse: ClickHouse):
    raw = "concat('jane.doe', char(255, 254, 0), '@example.com')"
    queries = [f"SELECT {mask_sql(name, raw, 'clickhouse')} AS m" for name in MASKS]
    answers = clickhouse.as_administrator(queries)
    for answer in answers:
        assert not any("jane" in row["m"] or "example" in row["m"] for row in answer["rows"]), answer


def test_the_form_of_a_token_is_read_alike(clickhouse: ClickHouse, tmp_path: Path):
    texts = ["tok_email_" + "A" * 22, "tok_email_" + "A" * 21, "tok_email_" + "A" * 65, "tok_Email_" + "A" * 22, "x"]
    texts += ["tok_email_" + "A" * 22 + "\n", "\ntok_ssn_" + "b-_" * 9]
    load = "INSERT INTO t FORMAT JSONEachRow\n" + "\n".join(json.dumps({"v": text}) for text in texts)
    create = "CREATE OR REPLACE TABLE t (v String) ENGINE = Memory"
    query = f"SELECT v, {whole_match('`v`', TOKEN_PATTERN, 'clickhouse')} AS m FROM t"
    rows = clickhouse.as_administrator([create, load, query])[-1]["rows"]
    assert {row["v"] for row in rows if row["m"]} == {texts[0]}
