"""Velero's custom resources against its own schemas, what it may do, and what is covered."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from infra.components.foundation import velero_layout as layout
from infra.components.foundation import velero_models as cr
from infra.components.foundation.tenancy_layout import NamespaceSpec
from infra.core.iam import AwsEndpoint
from infra.core.labels import Ownership
from infra.core.quantity import Compute
from infra.core.quota import Budget
from infra.stacks.files import ROOT, read_catalog, read_definitions
from infra.stacks.recovery_plan import SNAPSHOT_DEFINITIONS, schedules
from tests.support.strict_schemas import strict

CATALOG = read_catalog()
CHART, PLUGIN = CATALOG.charts["velero"], CATALOG.images[layout.PLUGIN_IMAGE]
OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
LOCATION = layout.RecoveryLocation(bucket="backups-of-prod", region="us-east-1")
VALUES = layout.values(CHART.footprint, PLUGIN, OWNERSHIP)


def namespace(name: str, tenant: str = "platform") -> NamespaceSpec:
    ownership = OWNERSHIP.model_copy(update={"tenant": tenant})
    budget = Budget(Compute(1, 1), Compute(1, 1), 1, 0, 0)
    return NamespaceSpec(name=name, ownership=ownership, budget=budget, largest=Compute(1, 1), roles=())


SCHEDULES = [
    *schedules(
        CATALOG, [namespace("a"), namespace("platform-streaming"), namespace("tenant-analytics", "analytics")], []
    )
]


@cache
def schemas() -> dict[str, Any]:
    found = {}
    for definition in read_definitions((*CHART.crds, *SNAPSHOT_DEFINITIONS)):
        names, (version, *_) = definition["spec"]["names"], definition["spec"]["versions"]
        properties = strict(version["schema"]["openAPIV3Schema"]["properties"])
        found[names["kind"]] = {key: properties[key] for key in properties if key not in ("metadata", "status")}
    return found


MANIFESTS = [
    layout.location_manifest(LOCATION, OWNERSHIP),
    layout.snapshot_class_manifest(OWNERSHIP),
    *map(layout.schedule_manifest, SCHEDULES),
]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: str(manifest["metadata"]["name"]))
def test_every_custom_resource_is_valid_under_the_schemas_of_its_own_software(manifest: dict[str, Any]):
    for key, schema in schemas()[manifest["kind"]].items():
        if key in manifest:
            jsonschema.Draft202012Validator(schema).validate(manifest[key])


def test_the_schemas_refuse_a_field_that_velero_does_not_know():
    spec = {**layout.location_manifest(LOCATION, OWNERSHIP)["spec"], "colour": "blue"}
    errors = jsonschema.Draft202012Validator(schemas()["BackupStorageLocation"]["spec"]).iter_errors(spec)
    assert [error.validator for error in errors] == ["additionalProperties"]


@pytest.mark.parametrize(
    "wrong", [{"ttl": "14d"}, {"included_namespaces": ()}, {"colour": "blue"}, {"storage_location": None}]
)
def test_a_template_that_velero_would_misread_is_refused(wrong: dict[str, Any]):
    fields: dict[str, Any] = {"included_namespaces": ("a",), "storage_location": "default", "ttl": "24h0m0s"}
    cr.BackupTemplate(**fields)
    with pytest.raises(ValidationError):
        cr.BackupTemplate(**{**fields, **wrong})


def test_each_tenant_has_a_schedule_of_its_own_and_the_platform_one_for_each_class():
    assert {schedule.name: schedule.namespaces for schedule in SCHEDULES} == {
        "tenant-analytics": ("tenant-analytics",),
        "platform-confidential": ("platform-streaming",),
        "platform-internal": ("a",),
    }
    # What the tenant may read is confidential, so its own copies of it are too.
    assert SCHEDULES[0].objective == CATALOG.recovery.classes["confidential"]


def test_a_schedule_says_what_it_promises_and_keeps_its_backups_so_long():
    manifest = layout.schedule_manifest(SCHEDULES[0])
    assert manifest["metadata"]["annotations"] == {
        "platform/loss-hours": str(SCHEDULES[0].objective.loss_hours),
        "platform/outage-minutes": str(SCHEDULES[0].objective.outage_minutes),
    }
    assert manifest["spec"]["template"]["ttl"] == f"{24 * SCHEDULES[0].objective.keep_days}h0m0s"
    assert manifest["spec"]["template"]["snapshotVolumes"] is True


RIGHTS = {manifest["kind"]: manifest for manifest in VALUES["extraObjects"]}


def test_velero_may_write_snapshots_anywhere_and_else_only_its_own_objects():
    writing = [rule for rule in RIGHTS["ClusterRole"]["rules"] if set(rule["verbs"]) - {"get", "list", "watch"}]
    assert [rule["apiGroups"] for rule in writing] == [["snapshot.storage.k8s.io"]]
    assert [rule["apiGroups"] for rule in RIGHTS["Role"]["rules"]] == [["velero.io"], [""]]
    assert RIGHTS["Role"]["rules"][1] == {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}
    assert VALUES["rbac"] == {"create": False, "clusterAdministrator": False}


def test_velero_may_read_every_kind_that_is_declared_here_and_run_no_command_in_a_pod():
    core, others, _ = RIGHTS["ClusterRole"]["rules"]
    paths = (ROOT / "infra/catalog/crds").glob("*/*.json")
    assert {json.loads(path.read_text("utf-8"))["spec"]["group"] for path in paths} <= set(others["apiGroups"])
    assert core["apiGroups"] == [""]
    assert not [name for name in core["resources"] if name == "*" or "/" in name]


def test_there_is_no_agent_on_nodes_and_no_credential_and_all_pods_are_confined():
    assert VALUES["deployNodeAgent"] is False
    assert VALUES["credentials"] == {"useSecret": False}
    assert VALUES["podSecurityContext"]["runAsNonRoot"] is True
    for context in (VALUES["containerSecurityContext"], VALUES["initContainers"][0]["securityContext"]):
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}


def test_velero_reaches_the_api_server_its_bucket_and_the_agent_of_its_node_and_nothing_else():
    member = layout.member(OWNERSHIP, [AwsEndpoint(host="backups-of-prod.s3.us-east-1.amazonaws.com", blocks=())])
    policies = dict(layout.network(member))
    assert set(policies) == {
        "egress-api-server",
        "egress-identity-agent",
        "egress-backups-of-prod.s3.us-east-1.amazonaws.com-443",
    }
    assert {tuple(policy["spec"]["policyTypes"]) for policy in policies.values()} == {("Egress",)}


def test_snapshots_are_counted_with_each_volume_once_and_what_changes():
    (usage,) = layout.snapshot_usages(100, 2, 14, keep=True)
    assert (usage.typical, usage.idle, usage.survives) == (128, 128, 128)
    assert [*layout.snapshot_usages(0, 0, 14, keep=True)] == []
