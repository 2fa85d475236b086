import pytest

from sandbox.deploy.compare.kafka import kafka_turns
from sandbox.deploy.compare.mesh import mesh_turns
from sandbox.deploy.compare.network import network_turns
from sandbox.deploy.compare.phrase import plain
from tests.support.renderings import MESH, manifest, policy


def told(turns: object) -> dict[str, list[str]]:
    return {side: [plain(phrase) for phrase in getattr(turns, side)] for side in ("opened", "closed")}


def app(name: str) -> dict:
    return {"matchLabels": {"app.kubernetes.io/name": name}}


def peer(name: str, namespace: str) -> dict:
    return {
        "podSelector": app(name),
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }


PORTS = [{"protocol": "TCP", "port": 5432}]
OUT = policy(
    "web-to-db",
    {"podSelector": app("web"), "policyTypes": ["Egress"], "egress": [{"to": [peer("db", "data")], "ports": PORTS}]},
)
IN = policy(
    "db-from-web", {"podSelector": app("db"), "ingress": [{"from": [peer("web", "shop")], "ports": PORTS}]}, "data"
)
DENY_WEB = policy("deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})


def test_an_edge_is_one_sentence_when_both_ends_allow_it() -> None:
    opened = told(network_turns([], [OUT, IN]))["opened"]
    assert opened == ["web in shop may now reach db in data on TCP 5432 (at both ends)"]


def test_an_edge_that_only_one_end_takes_back_says_at_which() -> None:
    closed = told(network_turns([OUT, IN], [OUT]))["closed"]
    assert closed == ["web in shop may no longer reach db in data on TCP 5432 (at the receiver's end)"]


def test_the_end_of_isolation_opens_everything() -> None:
    assert told(network_turns([DENY_WEB], []))["opened"] == [
        "every pod in shop may be reached by everything, unless another policy selects them",
        "every pod in shop may reach everything, unless another policy selects them",
    ]


def test_the_beginning_of_isolation_closes() -> None:
    closed = told(network_turns([], [DENY_WEB]))["closed"]
    assert closed == [
        "every pod in shop may be reached by nothing but what is allowed",
        "every pod in shop may reach nothing but what is allowed",
    ]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({}, "web in shop may now reach everybody on every port"),
        (
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]},
            "addresses 0.0.0.0/0 except 10.0.0.0/8 on every port",
        ),
        ({"to": [{"namespaceSelector": {}}]}, "may now reach every pod in any namespace on every port"),
        ({"to": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}, "every pod in namespaces with team=a on"),
        (
            {"to": [{"podSelector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}]}}]},
            "reach tier In (a, b) in shop on",
        ),
        (
            {"ports": [{"port": 8000, "endPort": 8010}, {"protocol": "UDP"}]},
            "everybody on TCP 8000-8010, UDP every port",
        ),
    ],
)
def test_every_form_of_a_peer_and_of_a_port_is_told(rule: dict, sentence: str) -> None:
    spec = {"podSelector": app("web"), "policyTypes": ["Egress"]}
    turns = network_turns([policy("out", spec)], [policy("out", spec | {"egress": [rule]})])
    assert sentence in told(turns)["opened"][0]


def test_a_policy_that_is_only_renamed_turns_nothing() -> None:
    again = policy("other-name", dict(OUT.inputs["spec"]))
    assert not network_turns([OUT], [again])


def test_a_rule_for_a_direction_that_the_policy_is_not_about_counts_for_nothing() -> None:
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "egress": [{}]}
    assert "may now reach" not in str(network_turns([], [policy("odd", spec)]))


def test_a_service_that_turns_to_the_outside_is_an_opening() -> None:
    inside, outside = (manifest("Service", "web", spec={"type": kind}) for kind in ("ClusterIP", "LoadBalancer"))
    assert told(network_turns([inside], [outside]))["opened"] == [
        "the Service shop/web can be reached from outside of the cluster (LoadBalancer)"
    ]


def authorization(*rules: dict, action: str = "ALLOW", **spec: object):
    return manifest("AuthorizationPolicy", "callers", MESH, spec={"action": action, "rules": list(rules), **spec})


def caller(*principals: str, ports: tuple[str, ...] = ("8080",), **more: object) -> dict:
    return {
        "from": [{"source": {"principals": list(principals)}}],
        "to": [{"operation": {"ports": list(ports), **more}}],
    }


WEB = "cluster.local/ns/shop/sa/web"


def test_the_mesh_names_caller_callee_and_port() -> None:
    selector = {"selector": {"matchLabels": {"app": "db"}}}
    turns = told(mesh_turns([authorization(**selector)], [authorization(caller(WEB), **selector)]))
    assert turns == {"opened": ["web of shop may now call app=db in shop on port 8080"], "closed": []}


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({}, "everybody may now call every workload in shop on every port"),
        (
            {"from": [{"source": {"namespaces": ["ops"]}}]},
            "everything in ops may now call every workload in shop on every port",
        ),
        (
            {"from": [{"source": {"notPrincipals": [WEB]}}]},
            'whoever matches {"notPrincipals": ["cluster.local/ns/shop/sa/web"]} may now call',
        ),
        (caller("*"), "* may now call every workload in shop on port 8080"),
        (caller(WEB, methods=["GET"]), 'on port 8080 with {"methods": ["GET"]}'),
        (caller(WEB) | {"when": [{"key": "a", "values": ["b"]}]}, 'when {"key": "a", "values": ["b"]}'),
    ],
)
def test_every_form_of_a_rule_of_the_mesh_is_told(rule: dict, sentence: str) -> None:
    (opened,) = told(mesh_turns([authorization()], [authorization(rule)]))["opened"]
    assert sentence in opened


def test_a_refusal_that_is_taken_back_is_an_opening() -> None:
    turns = told(mesh_turns([authorization(caller(WEB), action="DENY")], [authorization(action="DENY")]))
    assert turns["opened"] == ["web of shop is no longer refused by every workload in shop on port 8080"]


def test_the_last_allowing_policy_taken_away_lets_everybody_call() -> None:
    (opened,) = told(mesh_turns([authorization()], []))["opened"]
    assert opened == "every workload in shop may be called by everybody, unless another policy allows somebody"


def test_mutual_tls_that_is_no_longer_insisted_on_is_an_opening() -> None:
    strict, lax = (
        manifest("PeerAuthentication", "default", MESH, spec={"mtls": {"mode": mode}})
        for mode in ("STRICT", "PERMISSIVE")
    )
    assert told(mesh_turns([strict], [lax]))["opened"] == [
        "every workload in shop no longer insists on mutual TLS",
        "every workload in shop takes plain text as well (PERMISSIVE)",
    ]


def user(*acls: dict):
    return manifest(
        "KafkaUser", "web", "kafka.strimzi.io/v1", spec={"authorization": {"type": "simple", "acls": list(acls)}}
    )


def acl(name: str, *operations: str, **more: object) -> dict:
    return {
        "resource": {"type": "topic", "name": name, "patternType": "literal"},
        "operations": list(operations),
        "host": "*",
        **more,
    }


def test_acls_are_told_operation_by_operation() -> None:
    turns = told(kafka_turns([user(acl("orders", "Read"))], [user(acl("orders", "Read", "Write"))]))
    assert turns == {"opened": ["web may now Write the topic orders"], "closed": []}


def test_a_prefix_a_host_and_a_denial_are_told() -> None:
    prefixed = {
        "resource": {"type": "group", "name": "web.", "patternType": "prefix"},
        "operations": ["Read"],
        "host": "10.0.0.1",
    }
    turns = told(kafka_turns([user(acl("orders", "Read", type="deny"))], [user(prefixed)]))
    assert turns["opened"] == [
        "web is no longer refused Read the topic orders",
        "web may now Read the groups that begin with web. from 10.0.0.1",
    ]


def test_a_cluster_that_no_longer_asks_for_acls_opens_everything() -> None:
    guarded, bare = (
        manifest("Kafka", "kafka", "kafka.strimzi.io/v1", spec={"kafka": kafka})
        for kafka in ({"authorization": {"type": "simple"}}, {})
    )
    (opened,) = told(kafka_turns([guarded], [bare]))["opened"]
    assert opened == "the cluster shop/kafka no longer asks for ACLs: every user may do everything"


def test_isolation_of_some_pods_says_nothing_where_the_whole_namespace_is_isolated() -> None:
    assert not network_turns(
        [DENY_WEB], [DENY_WEB, policy("none", {"podSelector": app("web"), "policyTypes": ["Egress"]})]
    )
    assert not mesh_turns(
        [authorization()], [authorization(), manifest("AuthorizationPolicy", "b", MESH, spec={"selector": app("b")})]
    )


def test_a_namespace_that_is_gone_is_not_opened() -> None:
    base = [manifest("Namespace", "shop"), DENY_WEB, authorization()]
    assert told(network_turns(base, [])) == told(mesh_turns(base, [])) == {"opened": [], "closed": []}
