"""What follows from a declared route, against the schemas of Kong's own definitions, and who may call it."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from infra.components.edge import kong_layout as layout
from infra.components.edge import kong_models as km
from infra.components.edge.routes_layout import PublishedPort, published, route_manifests, service_annotations
from infra.components.foundation import operators_pods
from infra.core.labels import OWNER_LABEL, Ownership
from infra.core.workload.route import Route
from infra.core.workload.spec import Port, Probe, Probes, Resources, WorkloadSpec
from infra.stacks.files import read_catalog, read_definitions
from tests.support.wirings import OWNERSHIP

NAMESPACE = "operators"
HOSTS = ("data.example.com", "origin.data.example.com")
CHART = read_catalog().charts[layout.KONG]
ROUTE = Route(path="/query", requests_per_minute=30, methods=("GET", "POST"), origins=("https://app.example.com",))
SOCKET = Route(
    path="/stream/ws",
    upstream_path="/ws/stream",
    requests_per_minute=60,
    methods=("GET",),
    websocket=True,
    timeout_seconds=60,
)


def item(route: Route = ROUTE, name: str = "query") -> PublishedPort:
    return PublishedPort(
        name=name, namespace="apps", ownership=OWNERSHIP, port_name="http", port=8080, health="/readyz", route=route
    )


def manifests(route: Route = ROUTE) -> dict[str, dict[str, Any]]:
    return dict(route_manifests(item(route), HOSTS, layout.AUTHORITY))


def workload(*ports: Port, name: str = "query", path: str | None = "/readyz") -> WorkloadSpec:
    return WorkloadSpec(
        name=name,
        namespace="apps",
        component="edge",
        ownership=OWNERSHIP,
        image=read_catalog().images["opa"],
        resources=Resources(cpu_request=10, cpu_limit=10, memory=64 * 1024**2),
        ports=ports,
        probes=Probes(liveness=Probe(port="http"), readiness=Probe(port="http", path=path)),
        serves=tuple(port.name for port in ports),
    )


@cache
def schemas() -> dict[str, Any]:
    return {
        definition["spec"]["names"]["kind"]: strict(version["schema"]["openAPIV3Schema"])
        for definition in read_definitions(CHART.crds)
        for version in definition["spec"]["versions"]
    }


def strict(schema: Any) -> Any:
    """The schema as the API server applies it with strict field validation: no field that it does not name."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(each) for key, each in schema.items() if not key.startswith("x-kubernetes")}
    if "properties" in made and "additionalProperties" not in made and made.get("type") == "object":
        made["additionalProperties"] = False
    return made


@pytest.mark.parametrize("route", [ROUTE, SOCKET], ids=["requests", "socket"])
def test_every_object_of_kong_is_valid_under_its_own_schema(route: Route):
    found = [each for each in manifests(route).values() if each["kind"].startswith("Kong")]
    found += [each for _, each in layout.consumer_manifests(NAMESPACE, OWNERSHIP, []) if each["kind"] != "Secret"]
    assert {each["kind"] for each in found} == {"KongPlugin", "KongConsumer", "KongUpstreamPolicy"}
    for manifest in found:
        jsonschema.validate({k: v for k, v in manifest.items() if k != "metadata"}, schemas()[manifest["kind"]])


def test_the_schema_of_a_policy_refuses_a_field_that_kong_does_not_know():
    spec = {**manifests()["query-http-breaker"]["spec"], "colour": "blue"}
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate({"spec": spec}, schemas()["KongUpstreamPolicy"])


def test_a_route_is_behind_tls_a_known_caller_a_count_and_a_limit_of_size():
    found = manifests()
    ingress = found["query-http-ingress"]
    plugins = {each["metadata"]["name"]: each for each in found.values() if each["kind"] == "KongPlugin"}
    named = ingress["metadata"]["annotations"]["konghq.com/plugins"].split(",")
    assert named == list(plugins)
    assert [plugins[name]["plugin"] for name in named] == [
        "key-auth",
        "jwt",
        "rate-limiting",
        "request-size-limiting",
        "cors",
    ]
    assert ingress["metadata"]["annotations"]["konghq.com/protocols"] == "https"
    (tls,) = ingress["spec"]["tls"]
    assert tls == {"hosts": [HOSTS[0]], "secretName": found["query-http-certificate"]["spec"]["secretName"]}
    assert found["query-http-certificate"]["spec"]["dnsNames"] == list(HOSTS)


def test_a_token_is_counted_by_itself_and_never_looked_for_in_an_address():
    found = manifests()
    assert (
        found["query-http-rate-limiting"]["config"] | {"minute": 30, "limit_by": "header"}
        == (found["query-http-rate-limiting"]["config"])
    )
    token = found["query-http-jwt"]["config"]
    assert (token["uri_param_names"], token["cookie_names"]) == ([], [])
    assert token["claims_to_verify"] == ["exp"]
    assert 0 < token["maximum_expiration"] <= 86_400


def test_what_cloudfront_says_of_itself_goes_no_further():
    assert manifests()["query-http-key-auth"]["config"]["hide_credentials"] is True
    assert manifests()["query-http-key-auth"]["config"]["key_names"] == ["X-Origin-Token"]


def test_scripts_of_pages_that_nobody_named_may_not_call():
    assert "query-http-cors" not in manifests(SOCKET)
    assert manifests()["query-http-cors"]["config"]["origins"] == ["https://app.example.com"]


def test_another_path_at_the_workload_is_told_to_its_service_and_the_public_one_stripped():
    annotations = service_annotations(item(SOCKET))
    assert annotations["konghq.com/path"] == "/ws/stream"
    assert manifests(SOCKET)["query-http-ingress"]["metadata"]["annotations"]["konghq.com/strip-path"] == "true"
    assert "konghq.com/path" not in service_annotations(item())
    assert manifests()["query-http-ingress"]["metadata"]["annotations"]["konghq.com/strip-path"] == "false"


def test_a_pod_that_fails_is_left_out_and_asked_where_its_readiness_is_said():
    found = manifests(SOCKET)["query-http-breaker"]["spec"]
    assert found["algorithm"] == "least-connections"
    assert found["healthchecks"]["active"]["httpPath"] == "/readyz"
    assert "interval" not in found["healthchecks"]["passive"]["unhealthy"]
    assert service_annotations(item())["konghq.com/upstream-policy"] == "query"


def test_every_object_says_who_answers_for_the_workload():
    assert {each["metadata"]["labels"][OWNER_LABEL] for each in manifests().values()} == {OWNERSHIP.owner}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"path": "/Stream"}, "path"),
        ({"path": "/a/"}, "path"),
        ({"requests_per_minute": 0}, "greater than or equal to 1"),
        ({"origins": ("*",)}, "origins"),
        ({"origins": ("http://app.example.com",)}, "origins"),
        ({"methods": ()}, "methods"),
        ({"auth": "none"}, "jwt"),
        ({"websocket": True, "timeout_seconds": 60}, "its methods must be"),
        ({"websocket": True, "methods": ("GET",), "timeout_seconds": 30}, "60 or more"),
        ({"colour": "blue"}, "Extra inputs are not permitted"),
    ],
)
def test_a_route_that_cannot_be_meant_is_refused(changes: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        Route(**{"path": "/query", "requests_per_minute": 1, "methods": ("GET", "POST"), **changes})


@pytest.mark.parametrize(
    ("plugin", "fields", "reason"),
    [
        (km.Jwt, {"maximum_expiration": 60, "claims_to_verify": ()}, "needs exp"),
        (km.Jwt, {"maximum_expiration": 31_536_001}, "less than or equal"),
        (km.KeyAuth, {"key_names": ("k",), "key_in_query": True}, "False"),
        (km.RateLimiting, {"minute": 0, "header_name": "authorization"}, "greater than 0"),
        (km.Cors, {"origins": ("*",), "methods": ("GET",), "headers": (), "max_age": 1}, "named in full"),
        (km.RequestSize, {"allowed_payload_size": 1, "size_unit": "megabytes"}, "kilobytes"),
        (km.RequestSize, {"allowed_payload_size": 1, "colour": "blue"}, "Extra inputs"),
    ],
)
def test_a_plugin_that_protects_nothing_is_refused(plugin: type[km.Plugin], fields: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        plugin(**fields)


def test_who_is_only_watched_cannot_be_asked():
    with pytest.raises(ValidationError, match="interval must not be set"):
        km.Watched(unhealthy=km.Failing(http_failures=1, tcp_failures=1, timeouts=1, interval=5))


def test_two_routes_of_one_path_are_refused():
    one, other = (workload(Port(name="http", number=80, route=ROUTE), name=name) for name in ("one", "other"))
    with pytest.raises(ValueError, match="the path /query is declared by one and other"):
        published([one, other])


def test_a_workload_with_several_routes_has_no_other_path():
    ports = (Port(name="http", number=80, route=ROUTE), Port(name="ws", number=81, route=SOCKET))
    with pytest.raises(ValueError, match="none of them may have an upstream_path"):
        published([workload(*ports)])


def test_a_routed_workload_says_over_http_whether_it_is_ready():
    with pytest.raises(ValueError, match="must have a path"):
        published([workload(Port(name="http", number=80, route=ROUTE), path=None)])


def test_a_route_leads_only_to_a_port_that_is_served():
    spec = workload(Port(name="http", number=80, route=ROUTE))
    with pytest.raises(ValidationError, match="has a route to a port that it does not serve"):
        WorkloadSpec(**{**spec.model_dump(), "serves": ()})


def test_kong_reaches_exactly_the_ports_with_a_route():
    (pod,) = layout.pods(NAMESPACE, [item()])
    policies = dict(operators_pods.network([pod], OWNERSHIP))
    assert {role for role in policies if "apps" in role} == {
        "kong-egress-apps-query-http",
        "kong-ingress-apps-query-http",
    }
    balancer = policies["kong-ingress-load-balancer"]["spec"]["ingress"][0]
    assert balancer["ports"] == [{"port": 8443, "protocol": "TCP"}]


def test_kong_reads_only_namespaces_with_routes_and_only_kinds_that_are_there():
    values = layout.values(CHART.footprint, NAMESPACE, ["apps", "apps"], OWNERSHIP)
    controller = values["ingressController"]
    assert controller["watchNamespaces"] == ["apps", NAMESPACE]
    kinds = {definition["spec"]["names"]["singular"] for definition in read_definitions(CHART.crds)}
    assert kinds == {"kongconsumer", "kongconsumergroup", "kongplugin", "kongupstreampolicy"}
    assert not {f"enable_controller_{kind}" for kind in kinds} & set(controller["env"])
    assert set(controller["env"].values()) == {"false"}


def test_no_administration_and_no_plain_http_from_outside_the_pod():
    values = layout.values(CHART.footprint, NAMESPACE, [], OWNERSHIP)
    assert values["admin"] == {"enabled": False, "http": {"enabled": False}}
    assert values["proxy"] == {"type": "ClusterIP", "http": {"enabled": False}}
    assert values["manager"] == {"enabled": False}
    assert values["ingressController"]["admissionWebhook"] == {"enabled": False}


def test_both_containers_of_a_pod_together_are_the_footprint():
    values = layout.values(CHART.footprint, NAMESPACE, [], OWNERSHIP)
    halves = (values["resources"]["requests"], values["ingressController"]["resources"]["requests"])
    assert halves == ({"cpu": "500m", "memory": "512Mi"},) * 2
    assert (CHART.footprint.cpu, CHART.footprint.memory) == (1000, 1024**3)


def test_a_token_is_known_by_the_name_of_its_key():
    key = layout.SigningKey(name="Key-1", algorithm="RS256", pem="PEM")
    found = dict(layout.consumer_manifests(NAMESPACE, Ownership(environment="prod", owner="t", cost_centre="c"), [key]))
    assert found["key-key-1"]["metadata"]["labels"]["konghq.com/credential"] == "jwt"
    assert sorted(found["key-key-1"]["data"]) == ["algorithm", "key", "rsa_public_key"]
    assert found["consumer-identity"]["credentials"] == [found["key-key-1"]["metadata"]["name"]]
    assert found["consumer-origin"]["credentials"] == [layout.ORIGIN]


def test_a_credential_is_written_as_the_api_server_keeps_it():
    assert layout._encoded("k") == base64.b64encode(b"k").decode()
