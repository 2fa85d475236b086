import json

from infra.core.catalog.users import KafkaUser
from infra.core.wiring import Edge, External, OutsideEdge, Party
from infra.core.wiring.maps import as_json, mermaid
from infra.core.wiring.report import wiring_report
from tests.support.wirings import HTTP, READER, SERVER, SQL, client, kafka, server, wired

USERS = {
    name: KafkaUser.model_validate({"owner": "me", "tenant": "platform", "consumes": ["events"], "produces": ["audit"]})
    for name in ("gateway", "nobody")
}
MEMBERS = (
    server(edges=(Edge(client=SERVER, offer=HTTP, between_replicas=True),), api_server=True),
    client("feed", "two", HTTP, kafka("gateway"), (SQL, READER), External(host="api.example.org")),
)
GRAPH = wired(*MEMBERS, users=USERS)


def test_the_map_has_a_box_for_each_namespace_and_an_arrow_for_each_pair():
    assert mermaid(GRAPH).splitlines() == [
        "flowchart LR",
        '  subgraph ns0["one"]',
        '    n0["server"]',
        "  end",
        '  subgraph ns1["two"]',
        '    n1["feed"]',
        "  end",
        '  h0(["api.example.org"])',
        '  api(["api-server"])',
        '  n0 -->|"http 80"| n0',
        '  n1 -->|"http 80, kafka 9092 as gateway, sql 5432 as reader"| n0',
        '  n1 -->|"HTTPS 443"| h0',
        "  n0 -.-> api",
    ]


def test_the_json_says_the_same():
    document = json.loads(as_json(GRAPH))
    assert [party["name"] for party in document["parties"]] == ["server", "feed"]
    assert document["parties"][0]["serves"][1] == {"name": "kafka", "port": 9092, "protocol": "TCP", "login": "kafka"}
    assert [edge["portName"] for edge in document["edges"]] == ["http", "http", "kafka", "sql"]
    assert document["edges"][2]["login"] == {"kind": "kafka", "name": "gateway"}
    assert document["outside"] == [
        {
            "client": {"name": "feed", "namespace": "two"},
            "host": "api.example.org",
            "port": 443,
            "protocol": "HTTPS",
            "login": None,
        }
    ]


def test_the_report_lists_connections_permissions_and_grants():
    text = wiring_report(GRAPH)
    assert "| `one/server` | its own replicas | http 80/TCP |  | `cluster.local/ns/one/sa/server` |" in text
    assert "| `two/feed` | `one/server` | kafka 9092/TCP | kafka user gateway |" in text
    assert "| `two/feed` | api.example.org | 443 (HTTPS) |" in text
    assert "| `one/server` | api-server | 443, 6443 |" in text
    assert "| `gateway` | platform | `two/feed` | topic `events` | Read, Describe |" in text
    assert "| `nobody` | platform | nothing that runs | group `nobody*` | Read |" in text
    assert 'GRANT CONNECT ON DATABASE "platform" TO "reader";' in text


def test_a_server_outside_is_used_as_somebody_and_grants_follow_as_for_one_inside():
    feed = Party.of_workload("feed", "two")
    outside = OutsideEdge(client=feed, target=External(host="db.example.org", port=5432, protocol="TCP"), login=READER)
    graph = wired(client("feed", "two").model_copy(update={"outside": (outside,)}))
    text = wiring_report(graph)
    assert "| `two/feed` | db.example.org | 5432 (TCP) | postgresql user reader |" in text
    assert "## Grants: db.example.org, database platform" in text
    assert 'GRANT CONNECT ON DATABASE "platform" TO "reader";' in text
    assert '-->|"TCP 5432 as reader"|' in mermaid(graph)
    assert json.loads(as_json(graph))["outside"][0]["login"] == {"kind": "postgresql", "name": "reader"}


def test_texts_do_not_depend_on_the_order_of_declaration():
    other = wired(*reversed(MEMBERS), users=dict(reversed(USERS.items())))
    assert (mermaid(other), as_json(other), wiring_report(other)) == (
        mermaid(GRAPH),
        as_json(GRAPH),
        wiring_report(GRAPH),
    )


def test_a_report_of_a_closed_platform_says_so():
    assert "Nothing leaves the cluster." in wiring_report(wired(server()))
