"""The pack as Pulumi runs it: a process that is started as the analyzer host does and asked over gRPC.

The host (sdk/go/common/resource/plugin/analyzer_plugin.go and sdk/python/dist/pulumi-analyzer-policy-python in
pulumi/pulumi) runs `python -u -m pulumi.policy ENGINE .` in the pack's folder with the stack in PULUMI_*, reads the
port from the first line of its output, tries Handshake, and calls ConfigureStack, GetAnalyzerInfo, Analyze and
AnalyzeStack.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_STRING_VALUE

import policies
from policies.runtime import PACKS, load_packs
from tests.support.policy_examples import examples

pytestmark = pytest.mark.integration

PACKS_FOLDER = Path(policies.__file__).parent / "packs"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
GOOD_CONTAINER: dict[str, Any] = {
    "name": "web",
    "image": f"registry.example/web:1.0.0@sha256:{'0' * 64}",
    "resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": 1, "memory": "1Gi"}},
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}},
    "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsUser": 10001,
        "capabilities": {"drop": ["ALL"]},
    },
}
LABELS = {
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/part-of": "analytics-platform",
    "platform/owner": "data",
    "platform/cost-centre": "cc-1",
}


def _deployment(containers: Any, **spec: Any) -> dict[str, Any]:
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "serviceAccountName": "web",
                    "automountServiceAccountToken": False,
                    "priorityClassName": "platform-standard",
                    "securityContext": security,
                    "containers": containers,
                    **spec,
                },
            },
        },
    }


@contextmanager
def _pack(stack: str, *, dry_run: bool = True, name: str = "workloads") -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    env = {
        **os.environ,
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_PROJECT": "analytics-platform",
        "PULUMI_STACK": stack,
        "PULUMI_DRY_RUN": str(dry_run).lower(),
    }
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
    with subprocess.Popen(command, cwd=PACKS_FOLDER / name, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = analyzer_pb2_grpc.AnalyzerStub(channel)
                with pytest.raises(grpc.RpcError) as refused:
                    stub.Handshake(pb.AnalyzerHandshakeRequest(engine_address="127.0.0.1:0"))
                assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
                stub.ConfigureStack(pb.AnalyzerStackConfigureRequest(stack=stack, project="analytics-platform"))
                yield stub
        finally:
            process.send_signal(signal.SIGKILL)


def _request(properties: dict[str, Any], token: str = DEPLOYMENT) -> pb.AnalyzeRequest:
    message = struct_pb2.Struct()
    message.update(properties)
    urn = f"urn:pulumi:prod::analytics-platform::{token}::web"
    return pb.AnalyzeRequest(type=token, urn=urn, name="web", properties=message)


def _found(response: pb.AnalyzeResponse) -> set[tuple[str, int]]:
    return {(item.policyName, item.enforcementLevel) for item in response.diagnostics}


def test_the_pack_names_every_rule_with_its_severity_and_what_to_do():
    with _pack("prod") as stub:
        info = stub.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "workloads"
    by_name = {policy.name: policy for policy in info.policies}
    for rule in load_packs(["workloads"]).rules.values():
        assert by_name[rule.id].enforcementLevel == pb.MANDATORY
        assert pb.PolicySeverity.Name(by_name[rule.id].severity) == f"POLICY_SEVERITY_{rule.severity.upper()}"
        assert by_name[rule.id].remediation_steps == rule.remediation
    assert by_name["workloads-advisory"].enforcementLevel == pb.ADVISORY


@pytest.mark.parametrize("name", sorted(set(PACKS) - {"workloads"}))
def test_every_pack_serves_its_rules_over_the_wire(name: str):
    with _pack("prod", name=name) as stub:
        info = stub.GetAnalyzerInfo(empty_pb2.Empty())
        answer = stub.Analyze(_request({"spec": UNKNOWN_STRING_VALUE}, "kubernetes:networking.k8s.io/v1:NetworkPolicy"))
    assert set(load_packs([name]).rules) <= {policy.name for policy in info.policies}
    assert {item.policyName for item in answer.diagnostics} <= {f"{name}-advisory"}


def test_a_good_resource_passes_and_a_bad_one_is_refused_by_the_rules_that_it_breaks():
    with _pack("prod") as stub:
        assert list(stub.Analyze(_request(_deployment([GOOD_CONTAINER]))).diagnostics) == []
        bad = stub.Analyze(_request(_deployment([{**GOOD_CONTAINER, "image": "web"}], hostNetwork=True)))
        assert _found(bad) == {(rule, pb.MANDATORY) for rule in ("POD-008", "POD-010", "POD-020")}
        [image] = [item for item in bad.diagnostics if item.policyName == "POD-008"]
        assert "spec.template.spec.containers[0].image" in image.message
        assert "pin the image by digest" in image.message
        root = {**GOOD_CONTAINER["securityContext"], "runAsUser": 0}
        rooted = stub.Analyze(_request(_deployment([{**GOOD_CONTAINER, "securityContext": root}])))
        assert _found(rooted) == {("POD-047", pb.MANDATORY)}


def test_dev_warns_and_still_refuses_what_endangers_others():
    with _pack("dev") as stub:
        bad = stub.Analyze(_request(_deployment([{**GOOD_CONTAINER, "image": "web"}], hostNetwork=True)))
    assert _found(bad) == {("workloads-advisory", pb.ADVISORY), ("POD-010", pb.MANDATORY)}
    assert any("[POD-008]" in item.message for item in bad.diagnostics)


@pytest.mark.parametrize("unknown", [[{**GOOD_CONTAINER, "image": UNKNOWN_STRING_VALUE}], UNKNOWN_ARRAY_VALUE])
def test_what_is_not_known_at_preview_is_advisory_and_says_so(unknown: Any):
    with _pack("prod") as stub:
        response = stub.Analyze(_request(_deployment(unknown)))
    assert _found(response) == {("workloads-advisory", pb.ADVISORY)}
    assert all("\nUNKNOWN: [POD-" in item.message for item in response.diagnostics)


def test_every_bad_example_is_refused_by_its_rule_over_the_wire():
    with _pack("prod") as stub:
        for example in examples("bad-"):
            if example.rule_folder.startswith("workloads/") and len(example.documents) == 1:
                [resource] = example.resources()
                request = _request(resource.props, resource.type)
                whole = pb.AnalyzerResource(
                    type=request.type, urn=request.urn, name=request.name, properties=request.properties
                )
                found = [
                    *stub.Analyze(request).diagnostics,
                    *stub.AnalyzeStack(pb.AnalyzeStackRequest(resources=[whole])).diagnostics,
                ]
                assert {rule for rule, _ in example.finds} <= {item.policyName for item in found}


def test_the_whole_stack_can_be_asked_about():
    request = _request(_deployment([GOOD_CONTAINER]))
    resource = pb.AnalyzerResource(type=request.type, urn=request.urn, name=request.name, properties=request.properties)
    own = pb.AnalyzerResource(type="pulumi:pulumi:Stack", urn="urn:pulumi:prod::p::pulumi:pulumi:Stack::p", name="p")
    with _pack("prod") as stub:
        assert list(stub.AnalyzeStack(pb.AnalyzeStackRequest(resources=[resource, own])).diagnostics) == []
