"""cert-manager and metrics-server: what is rendered, against cert-manager's own schemas, and what is counted."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from infra.components.foundation import certificate_models as cm
from infra.components.foundation import operators_layout as layout
from infra.components.foundation import operators_pods
from infra.core.labels import OWNER_LABEL, Ownership
from infra.core.quantity import Compute
from infra.core.wiring import wire
from infra.stacks.files import read_catalog, read_definitions
from tests.support.strict_schemas import strict

NAMESPACE = "operators"
OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
CHARTS = read_catalog().charts
RESOURCES = dict(layout.certificates(NAMESPACE, OWNERSHIP))
POLICIES = dict(operators_pods.network(layout.pods(NAMESPACE), OWNERSHIP))


@cache
def validators() -> dict[str, jsonschema.Draft202012Validator]:
    found = {}
    for definition in read_definitions(CHARTS[layout.CERT_MANAGER].crds):
        (version,) = definition["spec"]["versions"]
        assert f"{definition['spec']['group']}/{version['name']}" == cm.API_VERSION
        schema = strict(version["schema"]["openAPIV3Schema"]["properties"]["spec"])
        found[definition["spec"]["names"]["kind"]] = jsonschema.Draft202012Validator(schema)
    return found


def certificate(**changes: Any) -> cm.CertificateSpec:
    fields: dict[str, Any] = {
        "secret_name": "tls",
        "dns_names": ("a.b.svc",),
        "duration": "720h0m0s",
        "renew_before": "240h0m0s",
        "usages": ("server auth",),
        "issuer_ref": cm.IssuerRef(name="ca"),
    }
    return cm.CertificateSpec(**{**fields, **changes})


@pytest.mark.parametrize("role", RESOURCES)
def test_every_issuer_and_certificate_is_valid_under_cert_managers_own_schemas(role: str):
    manifest = RESOURCES[role]
    validators()[manifest["kind"]].validate(manifest["spec"])
    assert manifest["metadata"]["labels"][OWNER_LABEL] == "team"


def test_the_schemas_refuse_a_field_that_cert_manager_does_not_know():
    spec = {**RESOURCES["metrics-certificate"]["spec"], "colour": "blue"}
    assert [error.validator for error in validators()["Certificate"].iter_errors(spec)] == ["additionalProperties"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dns_names": None}, "set common_name or dns_names"),
        ({"renew_before": "720h0m0s"}, "must be shorter than duration 720h0m0s"),
        ({"duration": "30d"}, "duration"),
        ({"common_name": "x" * 65}, "at most 64 characters"),
        ({"colour": "blue"}, "Extra inputs are not permitted"),
    ],
)
def test_a_certificate_that_cannot_be_meant_is_refused(changes: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        certificate(**changes)


@pytest.mark.parametrize(
    "kinds", [{}, {"self_signed": cm.SelfSigned(), "ca": cm.CertificateAuthority(secret_name="ca")}]
)
def test_an_issuer_of_no_kind_or_of_two_is_refused(kinds: dict[str, Any]):
    with pytest.raises(ValidationError, match="either selfSigned or a ca"):
        cm.IssuerSpec(**kinds)


def test_what_is_certified_is_signed_by_an_authority_that_the_same_list_makes_first():
    made: set[str] = set()
    secrets: set[str] = set()
    for manifest in RESOURCES.values():
        spec, name = manifest["spec"], manifest["metadata"]["name"]
        if manifest["kind"] == "Certificate":
            assert spec["issuerRef"]["name"] in made
            secrets.add(spec["secretName"])
        else:
            assert "selfSigned" in spec or spec["ca"]["secretName"] in secrets
            made.add(name)


def test_metrics_server_is_called_by_a_name_and_a_certificate_that_its_callers_can_verify():
    values = layout.metrics_server_values(CHARTS[layout.METRICS_SERVER].footprint, NAMESPACE, OWNERSHIP)
    served = RESOURCES["metrics-certificate"]
    where = f"{served['metadata']['namespace']}/{served['metadata']['name']}"
    assert values["apiService"] == {
        "insecureSkipTLSVerify": False,
        "annotations": {"cert-manager.io/inject-ca-from": where},
    }
    assert values["tls"]["existingSecret"]["name"] == served["spec"]["secretName"]
    assert "metrics-server.operators.svc" in served["spec"]["dnsNames"]


def test_each_deployment_of_the_charts_is_counted_as_its_values_size_it():
    shares = {share.name: share for share in operators_pods.shares(CHARTS, layout.pods(NAMESPACE))}
    assert set(shares) == {"cert-manager", "cert-manager-cainjector", "cert-manager-webhook", "metrics-server"}
    for pod in layout.pods(NAMESPACE):
        footprint = CHARTS[pod.chart].footprint
        assert shares[pod.party.name].requests == Compute(footprint.cpu, footprint.memory) * (footprint.replicas + 1)
    paid = {item.name: item.typical for item in operators_pods.running(CHARTS, layout.pods(NAMESPACE))}
    assert paid["metrics-server"] == Compute(200, 400 * 1024**2)


def test_the_values_size_each_deployment_by_the_footprint_and_keep_one_of_it_up():
    footprint = CHARTS[layout.CERT_MANAGER].footprint
    values = layout.cert_manager_values(footprint, NAMESPACE, OWNERSHIP)
    amount = {"cpu": "100m", "memory": "256Mi"}
    for part in (values, values["webhook"], values["cainjector"]):
        assert part["replicaCount"] == 2
        assert part["resources"] == {"requests": amount, "limits": amount}
        assert part["podDisruptionBudget"]["maxUnavailable"] < part["replicaCount"]
    assert values["global"]["leaderElection"] == {"namespace": NAMESPACE}


def test_only_what_the_api_server_calls_is_outside_of_the_mesh_since_the_api_server_is():
    values = layout.cert_manager_values(CHARTS[layout.CERT_MANAGER].footprint, NAMESPACE, OWNERSHIP)
    outside = {"istio.io/dataplane-mode": "none"}
    assert (values["podLabels"], values["webhook"]["podLabels"], values["cainjector"]["podLabels"]) == ({}, outside, {})
    metrics = layout.metrics_server_values(CHARTS[layout.METRICS_SERVER].footprint, NAMESPACE, OWNERSHIP)
    assert outside.items() <= metrics["podLabels"].items()


def test_the_api_server_reaches_exactly_the_ports_that_it_calls():
    opened = {
        role: (manifest["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"], rule["ports"])
        for role, manifest in POLICIES.items()
        for rule in manifest["spec"].get("ingress", [])
    }
    assert opened == {
        "cert-manager-webhook-ingress-api-server": ("webhook", [{"port": 10260, "protocol": "TCP"}]),
        "metrics-server-ingress-api-server": ("metrics-server", [{"port": 10270, "protocol": "TCP"}]),
    }


def test_who_may_ask_every_kubelet_may_not_ask_what_the_api_server_calls():
    webhook = layout.cert_manager_values(CHARTS[layout.CERT_MANAGER].footprint, NAMESPACE, OWNERSHIP)["webhook"]
    metrics = layout.metrics_server_values(CHARTS[layout.METRICS_SERVER].footprint, NAMESPACE, OWNERSHIP)
    assert len({webhook["securePort"], metrics["containerPort"], operators_pods.KUBELET_PORT}) == 3


def test_only_metrics_server_reaches_nodes_and_nobody_reaches_the_metadata_of_one():
    peers = {
        role: [peer["ipBlock"]["cidr"] for rule in manifest["spec"].get("egress", []) for peer in rule.get("to", [])]
        for role, manifest in POLICIES.items()
    }
    assert {role for role, found in peers.items() if found} == {"metrics-server-egress-nodes"}
    assert not any(cidr.startswith("169.254") for found in peers.values() for cidr in found)


def test_no_two_deployments_can_be_taken_for_each_other():
    graph = wire(operators_pods.members(layout.pods(NAMESPACE), OWNERSHIP), namespaces=[NAMESPACE], users={})
    assert [member.party.name for member in graph.members if member.api_server] == [
        "cert-manager",
        "cert-manager-cainjector",
        "cert-manager-webhook",
        "metrics-server",
    ]


def test_no_label_of_ours_takes_the_place_of_one_by_which_a_chart_selects_its_pods():
    given = (
        layout.cert_manager_values(CHARTS[layout.CERT_MANAGER].footprint, NAMESPACE, OWNERSHIP)["global"][
            "commonLabels"
        ],
        layout.metrics_server_values(CHARTS[layout.METRICS_SERVER].footprint, NAMESPACE, OWNERSHIP)["podLabels"],
    )
    selecting = {key for pod in layout.pods(NAMESPACE) for key in pod.party.selector}
    for labels in given:
        assert labels[OWNER_LABEL] == "team"
        assert not selecting & set(labels)
