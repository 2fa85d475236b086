import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from infra.components.governance.access_document import access_document
from infra.components.governance.access_report import access_report
from infra.components.governance.artifacts import Artifact
from infra.components.governance.decision_point import (
    DecisionPointArgs,
    decision_point_spec,
    opa_files,
    token_of,
    token_variable,
)
from infra.components.governance.governance import GovernanceArgs
from infra.core.catalog.catalog import FOLDER
from infra.core.errors import ConfigurationError
from infra.core.labels import Ownership
from infra.core.workload.manifests import workload_manifests
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.governance_plan import governance_args
from tests.support.opa import GO_MINIMUM, MODULE, OPA

OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
CATALOG = read_catalog()
POLICIES = read_policies()
ARGS = governance_args(CATALOG, ("analytics",), POLICIES, OWNERSHIP, zones=3)


def spec(**changes: object) -> WorkloadSpec:
    return decision_point_spec(DecisionPointArgs.model_validate({**dict(ARGS.decision_point), **changes}))


def revision(policies: dict[str, str], document: dict[str, object]) -> str:
    settings = yaml.safe_load(opa_files(policies, document)["config.yaml"])
    return str(settings["labels"]["revision"])


def test_only_tenants_of_the_environment_and_the_platform_itself_are_known():
    document = ARGS.decision_point.document
    assert set(document["tenants"]) == {"analytics", "platform"}
    assert document["tenants"]["platform"]["clearance"] == ["public", "internal", "confidential", "pii"]
    assert document["sharedTenant"] == "platform"
    assert set(access_document(CATALOG, [])["tenants"]) == {"platform"}
    assert "platform" not in CATALOG.tenants


def test_the_server_loads_the_modules_and_the_document_and_no_tests():
    config = spec().config_files
    assert config
    assert set(config.files) == {*POLICIES, "config.yaml"}
    assert not [name for name in config.files if "test" in name]
    loaded = [text for text in spec().arguments if text.endswith((".rego", ".json"))]
    assert loaded == [*(f"/etc/opa/{name}" for name in sorted(POLICIES)), "catalog:/etc/opa-data/catalog.json"]


def test_the_server_mounts_the_very_document_that_is_delivered():
    [delivered] = [each for each in ARGS.artifacts if each.kind == "opa-data"]
    assert json.loads(delivered.files["catalog.json"]) == ARGS.decision_point.document
    [mounted] = spec().shared_files
    assert (mounted.config_map, mounted.mount_path) == (delivered.name, "/etc/opa-data")
    assert mounted != spec(document={"roles": {}}).shared_files[0]


def test_the_revision_of_the_decision_log_changes_with_modules_and_data():
    first = revision({"a.rego": "package a"}, {"x": 1})
    assert first == revision({"a.rego": "package a"}, {"x": 1})
    assert len({first, revision({"a.rego": "package b"}, {"x": 1}), revision({"a.rego": "package a"}, {"x": 2})}) == 3


def test_callers_are_authenticated_and_authorized_and_decisions_are_logged():
    assert {"--authentication=token", "--authorization=basic"} <= set(spec().arguments)
    settings = yaml.safe_load(opa_files(POLICIES, {})["config.yaml"])
    assert settings["decision_logs"] == {"console": True, "mask_decision": "/system/log/mask"}
    assert settings["server"]["decoding"]["max_length"] == 65536


def test_each_client_has_a_token_of_its_own_by_reference():
    workload = spec(clients={"trino": "platform-lakehouse", "data-sharing": "platform-governance"})
    assert workload.secret_environment == {
        "OPA_TOKEN_TRINO": token_of("trino"),
        "OPA_TOKEN_DATA_SHARING": token_of("data-sharing"),
    }
    assert token_of("trino").secret == "opa-client-trino"
    assert token_variable("data-sharing") == "OPA_TOKEN_DATA_SHARING"
    assert all(text.startswith("OPA_TOKEN_") for text in workload.secret_environment)
    assert 'startswith(name, "OPA_TOKEN_")' in POLICIES["authz.rego"]


def test_a_replica_in_each_zone_answers_and_probes_have_a_port_of_their_own():
    objects = dict(workload_manifests(spec()))
    deployment = objects["deployment"]["spec"]
    assert deployment["replicas"] == 3
    assert objects["budget"]["spec"]["maxUnavailable"] == 1
    [container] = deployment["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "diagnostics", "scheme": "HTTP"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["volumeMounts"] == [
        {"name": "config", "mountPath": "/etc/opa", "readOnly": True},
        {"name": "shared-0", "mountPath": "/etc/opa-data", "readOnly": True},
    ]


def test_a_decision_point_without_its_data_is_refused():
    others = tuple(each for each in ARGS.artifacts if each.kind != "opa-data")
    with pytest.raises(ValidationError, match=r"artifacts must have opa-data-[0-9a-f]{12}"):
        GovernanceArgs(decision_point=ARGS.decision_point, artifacts=others)


@pytest.mark.parametrize(("zones", "replicas"), [(1, 1), (2, 2), (3, 3), (6, 3)])
def test_replicas_follow_the_zones(zones: int, replicas: int):
    args = governance_args(CATALOG, (), POLICIES, OWNERSHIP, zones=zones)
    assert args.decision_point.replicas == replicas


def test_an_artifact_that_is_too_large_stops_the_plan_and_names_where_it_comes_from(monkeypatch: pytest.MonkeyPatch):
    large = Artifact(kind="trino-access", source=f"{FOLDER}/datasets.yaml", files={"rules.json": "x" * 1024**2})
    monkeypatch.setattr("infra.stacks.governance_plan.catalog_artifacts", lambda *_, **__: (large,))
    with pytest.raises(ConfigurationError, match=r"datasets\.yaml: artifact trino-access is 1048586 bytes: at most"):
        governance_args(CATALOG, (), POLICIES, OWNERSHIP, zones=1)


def test_the_tests_ask_the_version_that_is_deployed():
    tag = CATALOG.images["opa"].tag
    go_mod = (MODULE / "go.mod").read_text()
    assert f"require {OPA.package} v{tag}\n" in go_mod
    assert OPA.version == f"v{tag}"
    assert "go {}.{}.".format(*GO_MINIMUM) in go_mod


def test_a_folder_without_modules_is_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"infra/catalog/rego: the folder is empty"):
        read_policies(tmp_path)


def test_the_report_says_who_may_do_what_and_what_is_delivered():
    text = access_report(ARGS.decision_point.document, ARGS.artifacts)
    lines = text.splitlines()
    assert "| steward | read, detokenize | stewardship, erasure | all |" in lines
    assert "| analytics | clear | clear | clear | hidden |" in lines
    assert next(line for line in lines if line.startswith("| pii.email |")).split(" | ")[1] == "clear"
    assert [f"| {each.kind} | `{each.name}` |" in text for each in ARGS.artifacts] == [True] * len(ARGS.artifacts)
    assert text == access_report(ARGS.decision_point.document, ARGS.artifacts)
