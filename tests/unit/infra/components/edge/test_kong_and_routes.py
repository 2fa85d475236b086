"""What follows from a declared route: Kong's configuration, and a workload that may do nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from infra.components.edge import kong_layout as layout
from infra.components.edge import kong_models as km
from infra.components.edge.routes_layout import PublishedPort, SigningKey, configuration, published
from infra.core.workload.manifests import workload_manifests
from infra.core.workload.route import Route
from infra.core.workload.spec import Port, Probe, Probes, Resources, WorkloadSpec
from infra.stacks.files import read_catalog
from policies.model import Resource
from policies.rules.network.require_known_callers.rule import require_known_callers
from tests.support.wirings import OWNERSHIP

HOSTS = ("data.example.com", "origin.data.example.com")
IMAGE = read_catalog().images[layout.NAME]
KEY = SigningKey(name="Key-1", algorithm="RS256", pem="PEM")
ROUTE = Route(path="/query", requests_per_minute=30, methods=("GET", "POST"), origins=("https://app.example.com",))
SOCKET = Route(
    path="/stream/ws",
    upstream_path="/ws/stream",
    requests_per_minute=60,
    methods=("GET",),
    websocket=True,
    timeout_seconds=60,
)


def workload(*ports: Port, name: str = "query", path: str | None = "/readyz") -> WorkloadSpec:
    return WorkloadSpec(
        name=name,
        namespace="apps",
        component="edge",
        ownership=OWNERSHIP,
        image=IMAGE,
        resources=Resources(cpu_request=10, cpu_limit=10, memory=64 * 1024**2),
        ports=ports,
        probes=Probes(liveness=Probe(port="http"), readiness=Probe(port="http", path=path)),
        serves=tuple(port.name for port in ports),
    )


def routes(route: Route = ROUTE) -> tuple[PublishedPort, ...]:
    return published([workload(Port(name="http", number=8080, route=route))])


def service(route: Route = ROUTE) -> dict[str, Any]:
    (made,) = configuration(routes(route), HOSTS[0], [KEY], "token")["services"]
    return dict(made)


def plugin(name: str, route: Route = ROUTE) -> dict[str, Any]:
    (only,) = service(route)["routes"]
    return {each["name"]: each["config"] for each in only["plugins"]}[name]


def gateway(route: Route = ROUTE) -> layout.Gateway:
    return layout.Gateway(image=IMAGE, ownership=OWNERSHIP, zones=3, hosts=HOSTS, keys=(KEY,), routes=routes(route))


SPEC = layout.gateway_spec(gateway())


def test_a_route_is_behind_tls_a_known_caller_a_count_and_a_limit_of_size():
    (route,) = service()["routes"]
    assert [each["name"] for each in route["plugins"]] == [
        "key-auth",
        "jwt",
        "rate-limiting",
        "request-size-limiting",
        "cors",
    ]
    assert route["protocols"] == ["https"]
    assert route["hosts"] == ["data.example.com"]


def test_a_token_is_counted_by_itself_and_never_looked_for_in_an_address():
    limit = plugin("rate-limiting")
    assert (limit["minute"], limit["limit_by"], limit["header_name"]) == (30, "header", "authorization")
    token = plugin("jwt")
    assert (token["uri_param_names"], token["cookie_names"], token["claims_to_verify"]) == ([], [], ["exp"])
    assert 0 < token["maximum_expiration"] <= 86_400


def test_what_cloudfront_says_of_itself_is_asked_for_and_goes_no_further():
    assert plugin("key-auth")["key_names"] == ["X-Origin-Token"]
    assert plugin("key-auth")["hide_credentials"] is True


def test_scripts_of_pages_that_nobody_named_may_not_call():
    (socket,) = service(SOCKET)["routes"]
    assert "cors" not in [each["name"] for each in socket["plugins"]]
    assert plugin("cors")["origins"] == ["https://app.example.com"]


def test_a_path_is_matched_with_what_is_below_it_and_nothing_else_that_begins_alike():
    (route,) = service()["routes"]
    assert route["paths"] == ["~/query$", "/query/"]


def test_another_path_at_the_workload_takes_the_public_ones_place():
    assert service(SOCKET)["path"] == "/ws/stream"
    assert service(SOCKET)["routes"][0]["strip_path"] is True
    assert "path" not in service()
    assert service()["routes"][0]["strip_path"] is False


def test_a_server_that_fails_gets_no_requests_and_is_asked_where_its_readiness_is_said():
    (upstream,) = configuration(routes(), HOSTS[0], [KEY], "token")["upstreams"]
    assert upstream["name"] == service()["host"]
    assert upstream["targets"] == [{"target": "query.apps.svc.cluster.local:8080"}]
    assert upstream["healthchecks"]["active"]["http_path"] == "/readyz"
    assert upstream["healthchecks"]["active"]["unhealthy"]["interval"] == 5
    assert "interval" not in upstream["healthchecks"]["passive"]["unhealthy"]


def test_a_token_is_known_by_the_name_of_its_key_and_cloudfront_by_its_own():
    identity, origin = configuration(routes(), HOSTS[0], [KEY], "token")["consumers"]
    assert identity["jwt_secrets"] == [{"key": "Key-1", "algorithm": "RS256", "rsa_public_key": "PEM"}]
    assert origin["keyauth_credentials"] == [{"key": "token"}]


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
    ("kind", "fields", "reason"),
    [
        (km.Jwt, {"maximum_expiration": 60, "claims_to_verify": ()}, "needs exp"),
        (km.Jwt, {"maximum_expiration": 31_536_001}, "less than or equal"),
        (km.KeyAuth, {"key_names": ("k",), "key_in_query": True}, "False"),
        (km.RateLimiting, {"minute": 0, "header_name": "authorization"}, "greater than 0"),
        (km.Cors, {"origins": ("*",), "methods": ("GET",), "headers": (), "max_age": 1}, "named in full"),
        (km.RequestSize, {"allowed_payload_size": 1, "size_unit": "megabytes"}, "kilobytes"),
        (km.RequestSize, {"allowed_payload_size": 1, "colour": "blue"}, "Extra inputs"),
        (km.Failing, {"http_failures": 256, "tcp_failures": 0, "timeouts": 0}, "less than or equal to 255"),
    ],
)
def test_a_plugin_that_protects_nothing_is_refused(kind: type[km.Plugin], fields: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        kind(**fields)


def test_who_is_only_watched_cannot_be_asked():
    with pytest.raises(ValidationError, match="interval must not be set"):
        km.Watched(unhealthy=km.Failing(http_failures=1, tcp_failures=1, timeouts=1, interval=5))


def test_two_routes_of_one_path_are_refused():
    one, other = (workload(Port(name="http", number=80, route=ROUTE), name=name) for name in ("one", "other"))
    with pytest.raises(ValueError, match="the path /query is declared by apps/one and apps/other"):
        published([one, other])


def test_a_routed_workload_says_over_http_whether_it_is_ready():
    with pytest.raises(ValueError, match="must have a path"):
        published([workload(Port(name="http", number=80, route=ROUTE), path=None)])


def test_a_route_leads_only_to_a_port_that_is_served():
    spec = workload(Port(name="http", number=80, route=ROUTE))
    with pytest.raises(ValidationError, match="has a route to a port that it does not serve"):
        WorkloadSpec(**{**spec.model_dump(), "serves": ()})


def test_kong_uses_exactly_the_ports_with_a_route():
    assert [str(edge.offer) for edge in SPEC.edges()] == ["apps/query:http (8080)"]


def test_nothing_listens_but_the_proxy_and_its_health():
    listening = {key: value for key, value in SPEC.environment.items() if key.endswith("_LISTEN")}
    assert {key for key, value in listening.items() if value != "off"} == {"KONG_PROXY_LISTEN", "KONG_STATUS_LISTEN"}
    assert listening["KONG_PROXY_LISTEN"] == "0.0.0.0:8443 http2 ssl"


def test_kong_loads_the_plugins_that_routes_use_and_no_others():
    used = {each["name"] for each in service()["routes"][0]["plugins"]}
    assert set(SPEC.environment["KONG_PLUGINS"].split(",")) == used


def test_kong_tells_nobody_of_itself_and_stores_no_more_than_its_directory_holds():
    assert SPEC.environment["KONG_ANONYMOUS_REPORTS"] == "off"
    assert SPEC.environment["KONG_HEADERS"] == "off"
    assert SPEC.environment["KONG_LMDB_MAP_SIZE"] == "128m"
    assert max(each.size for each in SPEC.scratch) >= 2 * 128 * 1024**2


def test_kong_has_no_token_of_the_api_server_and_only_outbound_traffic_in_the_mesh():
    manifests = dict(workload_manifests(SPEC))
    template = manifests["deployment"]["spec"]["template"]
    assert template["spec"]["automountServiceAccountToken"] is False
    assert template["metadata"]["annotations"] == {"ambient.istio.io/bypass-inbound-capture": "true"}
    assert "NodePort" not in json.dumps(manifests)


def test_a_changed_route_is_a_rollout_and_a_changed_token_is_not_shown():
    again = layout.gateway_spec(gateway(SOCKET))
    assert again.environment["ROUTES_HASH"] != SPEC.environment["ROUTES_HASH"]
    assert "canary" in layout.rendered(gateway(), "canary")
    assert "canary" not in str(layout.gateway_spec(gateway()))


def test_the_load_balancer_alone_reaches_the_proxy_and_asks_whether_it_is_ready():
    place = gateway().model_copy(update={"balancer": ("10.20.0.0/19",)})
    policies = [manifest["spec"] for _, manifest in layout.balancer_manifests(place)]
    assert [policy["ingress"][0]["ports"] for policy in policies] == [
        [{"port": 8443, "protocol": "TCP"}],
        [{"port": 8100, "protocol": "TCP"}],
    ]
    for policy in policies:
        assert policy["podSelector"]["matchLabels"] == SPEC.party.selector
        assert policy["ingress"][0]["from"] == [{"ipBlock": {"cidr": "10.20.0.0/19"}}]


def test_the_certificate_is_for_every_name_and_kept_where_kong_reads_it():
    (_, issuer), (_, certificate) = layout.certificate_manifests(gateway(), "authority")
    assert issuer["spec"] == {"ca": {"secretName": "authority"}}
    assert certificate["spec"]["issuerRef"]["name"] == issuer["metadata"]["name"]
    assert certificate["spec"]["dnsNames"] == list(HOSTS)
    assert certificate["spec"]["secretName"] in {each.secret for each in SPEC.secret_files}


def test_every_route_of_the_program_passes_the_rule_about_routes_and_loses_it_with_any_plugin():
    def found(content: dict[str, Any]) -> list[str]:
        given = {"metadata": {"name": "x"}, "data": {layout.FILE: json.dumps(content)}}
        resource = Resource("urn", "kubernetes:core/v1:ConfigMap", "x", given)
        return [violation.message for violation in require_known_callers.check(resource)]

    content = json.loads(layout.rendered(gateway(SOCKET), "token"))
    assert found(content) == []
    (route,) = content["services"][0]["routes"]
    needed = [plugin["name"] for plugin in route["plugins"] if plugin["name"] != "key-auth"]
    kept = list(route["plugins"])
    for name in ("jwt", "rate-limiting"):
        assert name in needed
        route["plugins"] = [plugin for plugin in kept if plugin["name"] not in (name, "key-auth")]
        assert found(content)
