"""The runbook names what the program declares and what the command line takes."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import jsonschema
import pytest
import yaml

from infra.components.foundation import velero_layout as layout
from infra.core.labels import TENANT_LABEL
from infra.stacks.files import ROOT
from sandbox.cli.main import parser

TEXT = (ROOT / "docs/runbooks/restore-a-tenant.md").read_text("utf-8")
RESTORE = json.loads((ROOT / "infra/catalog/crds/velero-1.18.1/restore.json").read_text("utf-8"))
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
MANIFESTS = [
    manifest
    for block in BLOCKS
    for text in re.findall(r"<<'YAML'\n(.*?)YAML", block, re.DOTALL)
    for manifest in yaml.safe_load_all(text)
]
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("sandbox ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_sandbox_is_one_that_it_takes(line: str):
    arguments = parser().parse_args(shlex.split(line)[1:])
    assert arguments.stack == "prod"
    assert arguments.name == "drill"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: str(manifest["metadata"]["name"]))
def test_every_restore_is_valid_under_veleros_own_schema_and_where_velero_looks(manifest: dict[str, Any]):
    schema = RESTORE["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert manifest["kind"] == RESTORE["spec"]["names"]["kind"]
    jsonschema.Draft202012Validator({**schema, "additionalProperties": False}).validate(manifest["spec"])
    assert manifest["metadata"]["namespace"] == layout.NAMESPACE


def test_namespace_account_schedule_and_label_are_those_of_the_program():
    assert len(MANIFESTS) == 3
    assert f"--serviceaccount={layout.NAMESPACE}:{layout.NAME}" in TEXT
    assert MANIFESTS[2]["spec"]["labelSelector"] == {"matchLabels": {TENANT_LABEL: "analytics"}}
    assert {name for block in BLOCKS for name in re.findall(r"-n (\S+)", block)} == {layout.NAMESPACE}


def test_rights_that_are_lent_are_taken_back():
    assert len(re.findall("kubectl create clusterrolebinding restore-in-progress", TEXT)) == 1
    assert TEXT.index("delete clusterrolebinding restore-in-progress") > TEXT.index("name: restore-analytics-shared")
