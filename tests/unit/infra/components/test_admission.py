"""The policies of the API server, as the program declares them."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, settings

from infra.components.foundation.admission import Admission
from infra.components.foundation.admission_layout import AdmissionArgs, parse_admission
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.core.errors import ConfigurationError
from infra.core.labels import ENVIRONMENT_LABEL, Ownership, object_labels
from policies.cel.admission import NAMESPACES_WITH, OPERATORS
from tests.support.pulumi_mocks import PROJECT, ROOT, Rendered, _Mocks, _Monitor

FILES = {path.name: path.read_text() for path in (ROOT / "infra/catalog/admission").glob("*.yaml")}
OWNER = Ownership(environment="prod", owner="team", cost_centre="cc-1")


def declared(args: AdmissionArgs) -> Rendered:
    rendered = Rendered()
    settings.ROOT.set(None)
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(_Mocks(), project=PROJECT, stack="prod", preview=False, monitor=_Monitor(rendered))

    @pulumi.runtime.test
    def body() -> Any:
        return pulumi.Output.all(*(it.urn for it in Admission("admission", args).ready))

    body()
    return rendered


def test_every_policy_is_declared_with_the_binding_of_the_environment_after_it():
    args = parse_admission(FILES, OWNER)
    rendered = declared(args)
    policies = {it.inputs["metadata"]["name"]: it for it in rendered.of_type(":ValidatingAdmissionPolicy")}
    bindings = rendered.of_type(":ValidatingAdmissionPolicyBinding")
    assert len(policies) == len(bindings) == len(args.policies)
    assert len(policies) >= 2
    for binding in bindings:
        assert binding.parent_type == "platform:foundation:Admission"
        assert binding.inputs["spec"]["validationActions"] == ["Deny", "Audit"]
        assert policies[binding.inputs["spec"]["policyName"]].urn in binding.request.dependencies


def test_policies_and_bindings_carry_the_labels_of_every_object():
    for it in declared(parse_admission(FILES, OWNER)).kubernetes():
        name = it.inputs["metadata"]["name"]
        assert it.inputs["metadata"]["labels"] == object_labels(name, "admission", OWNER)


def test_dev_warns():
    args = parse_admission(FILES, OWNER.model_copy(update={"environment": "dev"}))
    assert ["Warn"] in [binding["spec"]["validationActions"] for binding in args.bindings]


def test_the_policies_hold_where_the_platforms_namespaces_are_and_know_its_operators():
    assert (NAMESPACES_WITH, OPERATORS) == (ENVIRONMENT_LABEL, OPERATOR_NAMESPACE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"bindings-prod.yaml": None},
            "admission/bindings-prod.yaml: file is missing: every environment has one",
        ),
        ({"bindings-prod.yaml": "# empty\n"}, "nothing binds the policy platform-workloads"),
        ({"platform-workloads.yaml": None}, "spec.policyName is platform-workloads: there is no such policy"),
        ({"platform-workloads.yaml": "a: [\n"}, "platform-workloads.yaml: file is .*: must be YAML"),
        ({"platform-x.yaml": "kind: Pod\n"}, r"platform-x.yaml: \[0\].kind is Pod: must be a ValidatingAdmissionPol"),
        ({"platform-x.yaml": "- 1\n"}, r"platform-x.yaml: \[0\].kind is list: must be a ValidatingAdmissionPolicy"),
    ],
)
def test_files_that_do_not_fit_each_other_are_refused_by_name(change: dict[str, str | None], message: str):
    files = {name: text for name, text in {**FILES, **change}.items() if text is not None}
    with pytest.raises(ConfigurationError, match=message) as refused:
        parse_admission(files, OWNER)
    assert all("policies admission" in problem.fix for problem in refused.value.problems)
