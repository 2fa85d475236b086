"""The masking rules against what the program really derives from the catalog, and against every way to spoil it."""

import json
from functools import cache
from typing import Any

import pytest

from infra.components.governance.access_document import access_document
from infra.components.governance.artifacts import artifact_manifest
from infra.components.governance.catalog_artifacts import catalog_artifacts
from infra.core.labels import Ownership
from infra.stacks.files import read_catalog
from policies.data_catalog import STEWARDS, load_data_catalog
from policies.model import Finding, Resource
from policies.runtime import load_packs
from tests.support.policy_examples import resource_from

PACK = load_packs(["masking"])
OWNER = Ownership(environment="prod", owner="security", cost_centre="cc-1")


@cache
def _rendered() -> str:
    catalog = read_catalog()
    document = access_document(catalog, list(catalog.tenants))
    artifacts = catalog_artifacts(catalog, document, replicated=True)
    return json.dumps([artifact_manifest(artifact, "platform-governance", OWNER) for artifact in artifacts])


def _manifests() -> dict[str, dict[str, Any]]:
    return {item["metadata"]["labels"]["platform/artifact"]: item for item in json.loads(_rendered())}


def _check(manifests: dict[str, dict[str, Any]]) -> list[Finding]:
    resources: list[Resource] = [resource_from(manifest) for manifest in manifests.values()]
    findings = [finding for resource in resources for finding in PACK.check_resource(resource, stack="prod")]
    return findings + PACK.check_stack(resources, stack="prod")


def _rules(manifests: dict[str, dict[str, Any]]) -> set[str]:
    return {finding.rule for finding in _check(manifests)}


def test_what_the_program_derives_from_the_catalog_passes_every_rule():
    assert _check(_manifests()) == []


def test_the_catalog_is_read_alike_by_the_program_and_by_the_rules():
    ours, theirs = load_data_catalog(), read_catalog()
    assert {name for _, name in ours.datasets} == set(theirs.datasets)
    for (zone, name), dataset in ours.datasets.items():
        declared = theirs.datasets[name]
        assert zone == declared.zone
        assert dataset.columns == {column.name: column.class_ for column in declared.columns}
        assert dataset.scoped_by == (declared.row_filter.column if declared.row_filter else "")
    written = {name: topic for name, topic in theirs.topics.items() if not name.endswith(".dead-letter")}
    assert {name: (topic.owner, topic.level) for name, topic in ours.topics.items()} == {
        name: (topic.owner, topic.data_class) for name, topic in written.items()
    }
    assert {name: set(levels) for name, levels in ours.clearances.items()} == {
        name: set(tenant.clearance) for name, tenant in theirs.tenants.items()
    }


def test_every_personal_column_that_one_view_shows_in_clear_is_found():
    catalog, script = load_data_catalog(), _manifests()["clickhouse-access"]["data"]["access.sql"]
    tried = 0
    for statement in script.split(";\n"):
        if "CREATE OR REPLACE VIEW" not in statement or any(f"_{role}`" in statement for role in STEWARDS):
            continue
        zone, _, table = statement.rpartition("FROM `")[2].partition("` AS")[0].partition("`.`")
        for column in catalog.datasets[zone, table].personal:
            lines = statement.split("\n")
            places = [number for number, line in enumerate(lines) if line.rstrip(",").endswith(f" AS `{column}`")]
            for place in places:
                comma = "," if lines[place].endswith(",") else ""
                spoiled = "\n".join([*lines[:place], f"    `{column}` AS `{column}`{comma}", *lines[place + 1 :]])
                manifests = _manifests()
                manifests["clickhouse-access"]["data"]["access.sql"] = script.replace(statement, spoiled)
                assert "MASK-001" in _rules(manifests), spoiled
                tried += 1
    assert tried > 40


def test_every_personal_column_that_one_table_rule_shows_in_clear_is_found():
    rules = json.loads(_manifests()["trino-access"]["data"]["rules.json"])
    catalog, tried = load_data_catalog(), 0
    for number, table in enumerate(rules["tables"]):
        if table["group"] in {f"role-{role}" for role in STEWARDS} or "columns" not in table:
            continue
        for column in catalog.datasets[table["schema"], table["table"]].personal:
            spoiled = json.loads(json.dumps(rules))
            kept = [item for item in table["columns"] if item["name"] != column]
            # One rule alone, so that hundreds of cases take no time.
            spoiled["tables"] = [{**rules["tables"][number], "columns": kept}]
            manifests = {"trino-access": _manifests()["trino-access"]}
            manifests["trino-access"]["data"]["rules.json"] = json.dumps(spoiled)
            assert "MASK-002" in _rules(manifests), (table["group"], table["table"], column)
            tried += 1
    assert tried > 50


@pytest.mark.parametrize("kind", ["opa-data", "tokenization-roles", "trino-access"])
def test_a_document_that_cannot_be_read_does_not_pass(kind: str):
    manifests = _manifests()
    name = next(iter(manifests[kind]["data"]))
    manifests[kind]["data"][name] = manifests[kind]["data"][name][:-20]
    assert _rules(manifests) & {"MASK-002", "MASK-003", "MASK-004"}


def test_a_statement_that_nobody_understands_does_not_pass():
    manifests = _manifests()
    manifests["clickhouse-access"]["data"]["access.sql"] += "ALTER USER masking HOST ANY;\n"
    [finding] = _check(manifests)
    assert finding.rule == "MASK-001"
    assert "ALTER USER masking" in finding.message
