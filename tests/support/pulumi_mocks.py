"""Runs the program against recording mocks and says what it registered, without a cluster or an account."""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml
from pulumi import log
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import resource, rpc, settings
from pulumi.runtime.proto import source_pb2

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "analytics-platform"
SIGNATURE = rpc._special_sig_key
EMULATOR = {"accountId": "123456789012", "region": "us-east-1", "endpoint": "http://127.0.0.1:5555"}


@dataclass(frozen=True)
class Registered:
    """One registration, as the engine would see it."""

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    provider: str
    custom: bool
    request: Any

    @property
    def parent_type(self) -> str:
        chain = self.urn.split("::")[2].split("$")
        return chain[-2] if len(chain) > 1 else ""


@dataclass
class Rendered:
    """Everything one run of the program registered and exported."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def kubernetes(self) -> list[Registered]:
        return [r for r in self.resources if r.type.startswith("kubernetes:")]

    def of_type(self, suffix: str) -> list[Registered]:
        return [r for r in self.resources if r.type.endswith(suffix)]

    def named(self, name: str) -> Registered:
        found = [r for r in self.resources if r.name == name]
        assert len(found) == 1, f"{name}: {[r.name for r in self.resources]}"
        return found[0]


class _Mocks(pulumi_mocks.Mocks):
    def call(self, args: pulumi_mocks.MockCallArgs):
        raise AssertionError(f"the program invokes {args.token}, which not every engine can do")

    def new_resource(self, args: pulumi_mocks.MockResourceArgs):
        state = dict(args.inputs)
        if args.typ == "random:index/randomPassword:RandomPassword":
            state["result"] = {SIGNATURE: rpc._special_secret_sig, "value": f"generated-for-{args.name}"}
        if args.typ.startswith("aws:"):
            state |= {
                "arn": f"arn:aws:mock:::{args.name}",
                "keyId": f"{args.name}-id",
                "repositoryUrl": "mock/repository",
            }
        if args.typ == "aws:eks/cluster:Cluster":
            state |= {"endpoint": "https://mock.eks", "certificateAuthority": {"data": "bW9jaw=="}}
            state["vpcConfig"] |= {"clusterSecurityGroupId": "sg-cluster"}
        if args.typ == "aws:rds/instance:Instance":
            state |= {"address": "mock.rds", "masterUserSecrets": [{"secretArn": "arn:aws:mock:::database-password"}]}
        if args.typ == "aws:elasticache/replicationGroup:ReplicationGroup":
            state |= {"primaryEndpointAddress": "mock.cache", "readerEndpointAddress": "mock-ro.cache"}
        if args.typ == "aws:acm/certificate:Certificate":
            proof = ("domainName", "resourceRecordName", "resourceRecordType", "resourceRecordValue")
            state["domainValidationOptions"] = [{key: f"{args.name}-{key}" for key in proof}]
        if args.typ == "aws:ec2/launchTemplate:LaunchTemplate":
            state["latestVersion"] = 1
        return f"{args.name}_id", state


class _Monitor(pulumi_mocks.MockMonitor):
    """A mock monitor that keeps the raw requests: the mocks themselves see neither parent nor provider."""

    def __init__(self, rendered: Rendered) -> None:
        super().__init__(_Mocks())
        self._rendered = rendered

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the RPC
        response = super().RegisterResource(request)
        self._rendered.resources.append(
            Registered(
                type=request.type,
                name=request.name,
                urn=response.urn,
                inputs=plain(rpc.deserialize_properties(request.object)),
                provider=request.provider,
                custom=request.custom,
                request=request,
            )
        )
        return response


def configuration(stack: str, **overrides: Any) -> dict[str, Any]:
    """The committed configuration of a stack; ``None`` removes a key."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    values = {k.removeprefix(f"{PROJECT}:"): v for k, v in document.items() if k.startswith(f"{PROJECT}:")}
    values |= overrides
    return {key: value for key, value in values.items() if value is not None}


def run_program(
    stack: str, secret_keys: tuple[str, ...] = (), *, file_of: str | None = None, **overrides: Any
) -> Rendered:
    """Run ``infra/__main__.py`` as Pulumi's language host does, with the configuration of ``file_of`` or the stack."""
    rendered = Rendered()
    values = configuration(file_of or stack, **overrides)
    encoded = {f"{PROJECT}:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    # Otherwise a second run would get the first one's stack as its root.
    settings.ROOT.set(None)
    # asyncio.run, with which other tests run programs, leaves a thread without a loop.
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi_mocks.set_mocks(_Mocks(), project=PROJECT, stack=stack, preview=False, monitor=_Monitor(rendered))
    pulumi.runtime.set_all_config(encoded, [f"{PROJECT}:{key}" for key in secret_keys])
    exported: dict[str, Any] = {}
    path = list(sys.path)

    @pulumi.runtime.test
    def body() -> Any:
        runpy.run_path(str(ROOT / "infra"), run_name="__main__")
        return pulumi.Output.all(**exported).apply(rendered.outputs.update)

    try:
        # Nobody here reads where a resource was declared, or the SDK's own log: together a fourth of the time.
        with (
            mock.patch.object(pulumi, "export", exported.__setitem__),
            mock.patch.object(resource, "_get_stack_trace", source_pb2.StackTrace),
            mock.patch.object(log, "debug"),
        ):
            body()
    finally:
        sys.path[:] = path
    return rendered


def plain(value: Any) -> Any:
    """Inputs without secret wrappers."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
