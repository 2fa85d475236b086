"""The process that Pulumi asks about each resource, faster than the one that `pulumi_policy` brings.

That one converts the resource anew for each policy of a pack: with forty policies a Deployment takes 16 ms. Here it is
converted once and all rules are asked about it, and what Pulumi shows (names, levels, severities) stays the same.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent import futures
from typing import Any

import grpc
import pulumi
from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, Policy
from pulumi_policy.policy import _GRPC_CHANNEL_OPTIONS, _PolicyAnalyzerServicer

from policies.chart_reviews import OUTDATED
from policies.exceptions import EXPIRED, UNUSED
from policies.model import Finding, Level, Resource
from policies.readers.pulumi_values import SECRET, SIGNATURE, UNKNOWNS, opened
from policies.readers.state import AWS_PROVIDER
from policies.runtime import Packs
from policies.unknown import UNKNOWN

_INTERNAL = ("pulumi:pulumi:", "pulumi:providers:")
_THREADS = 4


class Analyzer(_PolicyAnalyzerServicer):
    """Answers for one pack; what is not asked about resources (names, configuration) is answered by `pulumi_policy`.

    Args:
        packs: The pack, loaded.
        policies: Its policies by the names under which Pulumi shows and configures them, as
            `policies.pulumi_adapter.pulumi_policies` makes them.
        stack: The stack's name, until Pulumi says another.
    """

    def __init__(self, packs: Packs, policies: list[Policy], stack: str) -> None:
        [pack] = packs.packs
        super().__init__(
            pack.name,
            "0.0.1",
            policies,
            EnforcementLevel.MANDATORY,
            None,
            pack.description,
            None,
            None,
            None,
            None,
            None,
        )
        self._packs = packs
        self._pack = pack.name
        self._by_name = {policy.name: policy for policy in policies}
        self._stack = stack
        self._declared: dict[str, Mapping[str, Any]] = {}

    def ConfigureStack(  # noqa: N802 - named by the protocol
        self, request: Any, context: Any
    ) -> Any:
        """Take note of the stack, from which the levels follow."""
        self._stack = request.stack or self._stack
        return super().ConfigureStack(request, context)

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - named by the protocol
        """Ask all rules about one resource."""
        response = analyzer_pb2.AnalyzeResponse()
        if not request.type.startswith(_INTERNAL):
            resource = Resource(request.urn, request.type, request.name, plain(request.properties))
            if self._packs.needs_stack:
                self._declared[resource.urn] = resource.props
            findings = self._packs.check_resource(resource, stack=self._stack)
            self._report(response, findings, f"{self._pack}-advisory")
        return response

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - named by the protocol
        """Ask the rules about the whole stack, and judge the exceptions."""
        response = analyzer_pb2.AnalyzeResponse()
        if self._packs.needs_stack:
            resources = [self._whole(item) for item in request.resources if _is_judged(item)]
            findings = self._packs.check_stack(resources, stack=self._stack)
            self._report(response, findings, f"{self._pack}-stack-advisory")
        return response

    def Remediate(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - named by the protocol
        """Change nothing: rules say what is wrong, people repair it."""
        return analyzer_pb2.RemediateResponse()

    def _whole(self, item: Any) -> Resource:
        # While a provider's own configuration is unknown (a cluster that the same run makes), Pulumi has no outputs of
        # its resources: an empty map, not an unknown one. What was declared is then all there is to judge.
        declared = self._declared.get(item.urn, {})
        props = plain(item.properties)
        known = {key: value for key, value in props.items() if value is not UNKNOWN or key not in declared}
        return Resource(item.urn, item.type, item.name, {**declared, **known})

    def _report(self, response: Any, findings: Iterable[Finding], advisory: str) -> None:
        waiting: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            if self._disabled(finding.rule):
                continue
            if finding.unknown:
                waiting.setdefault((finding.urn, finding.path), []).append(finding)
                continue
            own = finding.rule
            if finding.rule in {EXPIRED, OUTDATED, UNUSED}:
                own = f"{self._pack}-exceptions"
            elif finding.level is Level.ADVISORY:
                own = advisory
            self._say(response, own, _text(finding, with_rule=own != finding.rule), finding.urn)
        for (urn, _), several in waiting.items():
            self._say(response, advisory, _text_of_waiting(several), urn)

    def _say(self, response: Any, name: str, text: str, urn: str) -> None:
        policy = self._by_name[name]
        level = self._get_enforcement_level(policy)
        if level is not EnforcementLevel.DISABLED:
            report = self._create_report_violation(response, name, policy.description, level, policy.severity)
            report(text, urn or None)

    def _disabled(self, rule: str) -> bool:
        policy = self._by_name.get(rule)
        return policy is not None and self._get_enforcement_level(policy) is EnforcementLevel.DISABLED


def serve(packs: Packs, policies: list[Policy]) -> None:
    """Serve one pack to Pulumi as an analyzer plug-in; returns only when the process is told to stop.

    The port is the first line of standard output, as Pulumi expects it.

    Args:
        packs: The pack, loaded.
        policies: Its policies by name.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=_GRPC_CHANNEL_OPTIONS)
    servicer = Analyzer(packs, policies, pulumi.get_stack())
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop(0)


def plain(properties: Struct) -> dict[str, Any]:
    """A resource's properties as rules read them: plain data, whole numbers, `UNKNOWN` where not yet known.

    Args:
        properties: As they come over the wire.
    """
    return {key: _value(item) for key, item in properties.fields.items()}


def _value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWNS else text
    if kind == "struct_value":
        found = plain(value.struct_value)
        return opened(found) if found.get(SIGNATURE) == SECRET else found
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _is_judged(item: Any) -> bool:
    return item.type == AWS_PROVIDER or not item.type.startswith(_INTERNAL)


def _text(finding: Finding, *, with_rule: bool) -> str:
    rule = f"[{finding.rule}] " if with_rule else ""
    where = f"{finding.path}: " if finding.path and finding.path not in finding.message else ""
    return f"{rule}{where}{finding.message}. {finding.remedy}"


def _text_of_waiting(findings: Sequence[Finding]) -> str:
    """One sentence for all rules that wait for one value: a preview of a new stack has many of them."""
    rules = ", ".join(sorted({finding.rule for finding in findings}))
    where = findings[0].path or "a value"
    return f"UNKNOWN: [{rules}] {where} is not known yet. {findings[0].remedy}"
