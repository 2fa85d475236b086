from infra.core.wiring import External, KafkaLogin
from infra.core.wiring.mesh import authorization, deny_all, service_entry, strict_mtls
from tests.support.wirings import HTTP, SERVER, client, kafka, server, wired


def test_a_server_admits_its_callers_by_account_each_on_its_port():
    graph = wired(server(), client("a", "two", HTTP), client("b", "one", HTTP, kafka("u")), users={"u": None})
    ((member, edges),) = graph.servers()
    policy = authorization(member.party, edges)
    assert policy["metadata"] == {"name": "server-callers", "namespace": "one"}
    assert policy["spec"] == {
        "selector": {"matchLabels": SERVER.selector},
        "action": "ALLOW",
        "rules": [
            {
                "from": [{"source": {"principals": ["cluster.local/ns/one/sa/b", "cluster.local/ns/two/sa/a"]}}],
                "to": [{"operation": {"ports": ["80"]}}],
            },
            {
                "from": [{"source": {"principals": ["cluster.local/ns/one/sa/b"]}}],
                "to": [{"operation": {"ports": ["9092"]}}],
            },
        ],
    }


def test_ports_with_the_same_callers_share_a_rule():
    graph = wired(server(), client("a", "two", HTTP, kafka("u")), users={"u": None})
    ((member, edges),) = graph.servers()
    (rule,) = authorization(member.party, edges)["spec"]["rules"]
    assert rule["to"] == [{"operation": {"ports": ["80", "9092"]}}]


def test_an_account_of_another_name_is_the_identity():
    party = SERVER.model_copy(update={"account": "kafka-kafka"})
    assert party.principal == "cluster.local/ns/one/sa/kafka-kafka"


def test_a_party_without_clients_has_no_policy_of_its_own_and_stays_denied():
    assert not [*wired(server(), client("a", "two")).servers()]


def test_a_namespace_allows_nothing_and_encrypts_everything():
    assert deny_all("x")["spec"] == {}
    assert "selector" not in strict_mtls("x")["spec"]
    assert strict_mtls("x")["spec"] == {"mtls": {"mode": "STRICT"}}


def test_a_host_outside_is_told_to_its_clients_namespace_once_with_all_ports():
    web, messages = External(host="api.example.org"), External(host="api.example.org", port=8883, protocol="TLS")
    graph = wired(client("a", "two", web, messages), client("b", "two", web))
    ((key, targets),) = graph.external_hosts().items()
    assert key == ("two", "api.example.org")
    spec = service_entry(*key, targets)["spec"]
    assert spec["ports"] == [
        {"name": "https-443", "number": 443, "protocol": "HTTPS"},
        {"name": "tls-8883", "number": 8883, "protocol": "TLS"},
    ]
    assert (spec["hosts"], spec["location"], spec["exportTo"]) == (["api.example.org"], "MESH_EXTERNAL", ["."])


def test_a_login_says_who():
    assert KafkaLogin(user="u").name == "u"
