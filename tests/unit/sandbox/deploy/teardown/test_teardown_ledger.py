import inspect
import json
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.cli import teardown as command
from sandbox.cli.main import main
from sandbox.deploy.teardown import ledger as ledger_module
from sandbox.deploy.teardown.ledger import ledger
from sandbox.deploy.teardown.order import stage
from sandbox.deploy.teardown.report import teardown_report
from sandbox.engine.events import StepPlanned


def made(type_: str, **inputs: Any) -> StepPlanned:
    return StepPlanned("create", f"urn:pulumi:prod::shop::{type_}::it", type_, "", inputs=inputs)


def manifest(kind: str, **inputs: Any) -> StepPlanned:
    metadata = {"name": "it", "namespace": "here"}
    return made(f"kubernetes:any/v1:{kind}", apiVersion="any/v1", kind=kind, metadata=metadata, **inputs)


POOL = {"replicas": 3, "storage": {"type": "jbod", "volumes": [{"type": "persistent-claim", "size": "1Gi"}]}}
CLAIMS = {"replicas": 2, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}


@pytest.mark.parametrize(
    ("resource", "thing", "stays"),
    [
        (manifest("Service", spec={"type": "LoadBalancer"}), "load balancer with", False),
        (manifest("PersistentVolumeClaim"), "1 EBS volume", False),
        (manifest("StatefulSet", spec=CLAIMS), "2 EBS volumes", True),
        (manifest("KafkaNodePool", spec=POOL), "3 EBS volumes", True),
        (manifest("Certificate", spec={"secretName": "tls"}), "Secret tls", False),
        (manifest("ScaledObject"), "autoscaler keda-hpa-it", False),
        (manifest("Schedule"), "backups in the bucket", True),
        (made("aws:rds/instance:Instance", identifier="db", skipFinalSnapshot=False), "last snapshot", True),
        (made("aws:elasticache/replicationGroup:ReplicationGroup", finalSnapshotIdentifier="x"), "snapshot x", True),
        (made("aws:backup/vault:Vault", name="v"), "recovery points", True),
        (made("aws:secretsmanager/secret:Secret", recoveryWindowInDays=30), "secrets that are marked", True),
        (made("aws:kms/key:Key"), "keys that are marked", True),
        (made("aws:ecr/repository:Repository", name="r"), "images", True),
        (made("aws:s3/bucket:Bucket", bucket="b"), "objects and their versions", True),
        (made("aws:eks/nodeGroup:NodeGroup", clusterName="c"), "auto scaling groups, machines", False),
        (
            made("aws:cloudfront/vpcOrigin:VpcOrigin", vpcOriginEndpointConfig={"name": "edge"}),
            "security group and network interfaces of CloudFront",
            False,
        ),
    ],
)
def test_what_a_declaration_makes_others_make_is_named_and_whether_it_stays(
    resource: StepPlanned, thing: str, stays: bool
) -> None:
    [entry] = ledger([resource])
    assert entry.thing.startswith(thing)
    assert entry.stays is stays
    assert entry.how
    assert entry.find.startswith(("aws ", "kubectl "))


def test_every_text_is_told_of_something() -> None:
    rules = inspect.getsource(ledger_module)
    assert [key for key in ledger_module.texts() if f'"{key}"' not in rules] == []


@pytest.mark.parametrize(
    "resource",
    [
        manifest("Service", spec={"type": "ClusterIP"}),
        manifest("ConfigMap"),
        made("aws:secretsmanager/secret:Secret", recoveryWindowInDays=0),
        made("aws:s3/bucket:Bucket", bucket="b", forceDestroy=True),
        made("aws:ecr/repository:Repository", name="r", forceDelete=True),
        made("aws:rds/instance:Instance", identifier="db", skipFinalSnapshot=True),
    ],
)
def test_what_leaves_nothing_is_not_in_the_ledger(resource: StepPlanned) -> None:
    assert ledger([resource]) == []


def test_a_database_leaves_its_logs_and_takes_its_password_along() -> None:
    logs = {"enabledCloudwatchLogsExports": ["postgresql"], "manageMasterUserPassword": True, "skipFinalSnapshot": True}
    found = {entry.thing: entry.stays for entry in ledger([made("aws:rds/instance:Instance", identifier="db", **logs)])}
    assert found == {"log group /aws/rds/instance/db/postgresql": True, "secret of the administrator's password": False}


def test_a_cluster_takes_its_group_along_and_may_leave_its_log() -> None:
    found = {entry.maker: entry.stays for entry in ledger([made("aws:eks/cluster:Cluster", name="c")])}
    assert sorted(found.values()) == [False, True]
    assert all("cluster c" in maker for maker in found)


def test_logs_whose_group_is_declared_are_not_left() -> None:
    database = made(
        "aws:rds/instance:Instance", identifier="db", enabledCloudwatchLogsExports=["a", "b"], skipFinalSnapshot="true"
    )
    group = made("aws:cloudwatch/logGroup:LogGroup", name="/aws/rds/instance/db/a")
    assert [entry.thing for entry in ledger([database, group])] == ["log group /aws/rds/instance/db/b"]


def test_volumes_whose_claims_go_with_the_set_do_not_stay() -> None:
    spec = {**CLAIMS, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    assert [entry.stays for entry in ledger([manifest("StatefulSet", spec=spec)])] == [False]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("kubernetes:apps/v1:Deployment", 0),
        ("kubernetes:helm.sh/v4:Chart", 1),
        ("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", 2),
        ("aws:eks/nodeGroup:NodeGroup", 3),
        ("aws:eks/cluster:Cluster", 4),
        ("aws:ec2/subnet:Subnet", 5),
        ("aws:s3/bucket:Bucket", 6),
        ("pulumi:providers:aws", None),
        ("random:index/randomPassword:RandomPassword", None),
    ],
)
def test_each_type_has_its_stage(type_: str, expected: int | None) -> None:
    assert stage(made(type_)) == expected


def test_the_report_has_the_order_and_both_lists() -> None:
    text = teardown_report([made("aws:s3/bucket:Bucket", bucket="b"), manifest("PersistentVolumeClaim")], ["kong:1"])
    assert "1. workloads, load balancers and volumes: 1 PersistentVolumeClaim" in text
    assert "2. controllers: 1 Chart" in text
    stays, goes = text.index("objects and their versions"), text.index("1 EBS volume")
    assert text.index("## What stays") < stays < text.index("## What controllers make") < goes


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_tells_without_deleting_anything(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = SimpleNamespace(outputs={"recordedCharts": ["kong:1"]})
    report = SimpleNamespace(ok=True, steps=[made("aws:s3/bucket:Bucket", bucket="b")], ended=ended)
    monkeypatch.setattr(command.EmbeddedEngine, "render", lambda *_: report)
    assert main(["teardown", "--stack", "prod", *(["--json"] if as_json else [])]) == 0
    text = capsys.readouterr().out
    if as_json:
        found = json.loads(text)
        assert found["stages"][-1]["resources"] == ["urn:pulumi:prod::shop::aws:s3/bucket:Bucket::it"]
        assert [entry["stays"] for entry in found["ledger"]] == [True]
    else:
        assert text.startswith("# Teardown of prod\n")


def test_a_program_that_refuses_its_configuration_has_no_teardown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = SimpleNamespace(ok=False, steps=[], diagnostics=[SimpleNamespace(message="it is wrong")], exit_code=2)
    monkeypatch.setattr(command.EmbeddedEngine, "render", lambda *_: report)
    assert main(["teardown", "--stack", "prod"]) == 2
    assert "it is wrong" in capsys.readouterr().err


def test_the_stack_of_this_machine_goes_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["teardown"]) == 2
    assert "sandbox down, which proves that nothing is left" in capsys.readouterr().err
