import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.components.governance.access_document import access_document
from infra.components.governance.artifacts import (
    LARGEST_BYTES,
    Artifact,
    artifact_manifest,
    artifact_problems,
)
from infra.components.governance.catalog_artifacts import catalog_artifacts
from infra.core.labels import Ownership
from infra.stacks.files import read_catalog

OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
CATALOG = read_catalog()
DOCUMENT = access_document(CATALOG, ["analytics"])
ARTIFACTS = {each.kind: each for each in catalog_artifacts(CATALOG, DOCUMENT, replicated=True)}
FILES = st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(max_size=5), min_size=1, max_size=3)


def artifact(**changes: object) -> Artifact:
    return Artifact.model_validate({"kind": "rules", "source": "a.yaml", "files": {"a.json": "{}"}, **changes})


def test_every_engine_and_service_gets_its_part_of_the_catalog():
    assert set(ARTIFACTS) == {
        "opa-data",
        "clickhouse-tables",
        "clickhouse-access",
        "iceberg-tables",
        "postgresql-tables",
        "trino-access",
        "tokenization-roles",
        "retention-plan",
        "expectations",
        "catalog-entries",
        "schema-subjects",
    }
    assert list(artifact_problems(ARTIFACTS.values())) == []
    assert set(ARTIFACTS["expectations"].files) == {f"{name}.json" for name in CATALOG.datasets}


def test_an_artifact_without_content_is_left_out():
    bare = replace(CATALOG, datasets={}, topics={})
    kinds = {each.kind for each in catalog_artifacts(bare, DOCUMENT, replicated=False)}
    assert kinds == {"opa-data", "trino-access", "tokenization-roles", "retention-plan", "catalog-entries"}


@pytest.mark.parametrize(("replicated", "engine"), [(True, "= ReplicatedMergeTree"), (False, "= MergeTree")])
def test_tables_are_replicated_where_there_is_a_cluster(replicated: bool, engine: str):
    found = {each.kind: each for each in catalog_artifacts(CATALOG, DOCUMENT, replicated=replicated)}
    assert engine in found["clickhouse-tables"].files["tables.sql"]


def test_an_artifact_is_an_immutable_config_map_that_says_what_it_is():
    manifest = artifact_manifest(artifact(), "place", OWNERSHIP)
    assert manifest["immutable"] is True
    assert manifest["data"] == {"a.json": "{}"}
    assert manifest["metadata"]["namespace"] == "place"
    assert manifest["metadata"]["labels"]["platform/artifact"] == "rules"
    assert manifest["metadata"]["name"] == f"rules-{manifest['metadata']['annotations']['platform/content-hash']}"


@given(FILES, FILES)
def test_names_are_equal_exactly_when_the_contents_are(one: dict[str, str], other: dict[str, str]):
    assert (artifact(files=one).name == artifact(files=other).name) == (one == other)


def test_changing_one_columns_class_changes_its_masks_in_every_engine_and_nothing_else():
    dataset = CATALOG.datasets["customers"]
    columns = tuple(
        column.model_copy(update={"class_": "pii.phone"}) if column.name == "email" else column
        for column in dataset.columns
    )
    other = replace(
        CATALOG, datasets={**CATALOG.datasets, "customers": dataset.model_copy(update={"columns": columns})}
    )
    document = access_document(other, ["analytics"])
    after = {each.kind: each for each in catalog_artifacts(other, document, replicated=True)}
    different = {kind for kind, each in after.items() if each.name != ARTIFACTS[kind].name}
    assert different == {"opa-data", "clickhouse-access", "trino-access", "tokenization-roles", "catalog-entries"}
    assert document["datasets"]["customers"]["columns"].pop("email") == "pii.phone"
    assert document == access_document(CATALOG, ["analytics"]) | {
        "datasets": DOCUMENT["datasets"]
        | {"customers": DOCUMENT["datasets"]["customers"] | {"columns": _without_email(DOCUMENT)}}
    }
    assert _trino_without_email(after) == _trino_without_email(ARTIFACTS)
    before = Counter(ARTIFACTS["clickhouse-access"].files["access.sql"].splitlines())
    now = Counter(after["clickhouse-access"].files["access.sql"].splitlines())
    moved = [*(before - now), *(now - before)]
    assert moved
    assert [line for line in moved if "email" not in line] == []


def _trino_without_email(artifacts: dict[str, Artifact]) -> Any:
    """The rules, without what they say of the column and of its tokens."""
    rules = json.loads(artifacts["trino-access"].files["rules.json"])
    for rule in rules["tables"]:
        if rule["table"] == "customers":
            rule["columns"] = [
                column for column in rule.get("columns", []) if column["name"] not in ("email", "email__token")
            ]
    return rules


def _without_email(document: dict[str, Any]) -> dict[str, str]:
    return {name: each for name, each in document["datasets"]["customers"]["columns"].items() if name != "email"}


def test_an_artifact_that_fills_a_config_map_is_taken_and_one_byte_more_is_not():
    full = artifact(files={"a": "x" * (LARGEST_BYTES - 1)})
    assert full.size == LARGEST_BYTES
    assert list(artifact_problems([full])) == []
    [problem] = artifact_problems([artifact(files={"a": "ü" + "x" * (LARGEST_BYTES - 2)})])
    assert problem.file == "a.yaml"
    assert problem.field == "artifact rules"
    assert problem.value == f"{LARGEST_BYTES + 1} bytes"
    assert f"at most {LARGEST_BYTES} bytes" in problem.limit


def test_a_second_artifact_of_one_kind_is_refused():
    [problem] = artifact_problems([artifact(), artifact(files={"b": ""})])
    assert "one artifact of each kind" in problem.limit


@pytest.mark.parametrize(
    "changes",
    [{"files": {}}, {"files": {"a/b": ""}}, {"files": {".hidden": ""}}, {"kind": "Rules"}, {"kind": "x" * 51}],
)
def test_what_kubernetes_would_not_take_is_refused(changes: dict[str, object]):
    with pytest.raises(ValidationError, match=r"pattern|at least 1"):
        artifact(**changes)
