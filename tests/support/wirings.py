"""Small graphs for tests of the wiring."""

from __future__ import annotations

from typing import Any

from infra.core.labels import Ownership
from infra.core.wiring import DatabaseLogin, KafkaLogin, Login, Member, Offer, Party, TableGrant, Wiring, wire
from infra.core.wiring.edges import Edge, External, OutsideEdge

OWNERSHIP = Ownership(environment="local", owner="me", cost_centre="cc")
NAMESPACES = ("one", "two")
SERVER = Party.of_workload("server", "one")
HTTP, KAFKA, SQL = (
    SERVER.offer("http", 80),
    SERVER.offer("kafka", 9092, login="kafka"),
    SERVER.offer("sql", 5432, login="postgresql"),
)
READER = DatabaseLogin(
    role="reader", database="platform", grants=(TableGrant(schema_name="prices", privileges=("SELECT",)),)
)


def server(**changes: Any) -> Member:
    """A party that serves HTTP, Kafka and SQL."""
    return member(SERVER, serves=(HTTP, KAFKA, SQL), **changes)


def client(name: str = "client", namespace: str = "two", *uses: Offer | tuple[Offer, Login] | External) -> Member:
    """A party that uses ``uses``."""
    party = Party.of_workload(name, namespace)
    edges = [
        Edge(client=party, offer=use[0], login=use[1]) if isinstance(use, tuple) else Edge(client=party, offer=use)
        for use in uses
        if not isinstance(use, External)
    ]
    outside = [OutsideEdge(client=party, target=use) for use in uses if isinstance(use, External)]
    return member(party, edges=tuple(edges), outside=tuple(outside))


def member(party: Party, **changes: Any) -> Member:
    """A member of the component ``testing``."""
    return Member(party=party, component="testing", ownership=OWNERSHIP, **changes)


def wired(*members: Member, users: Any = None) -> Wiring:
    """The checked graph of ``members``."""
    return wire(members, namespaces=NAMESPACES, users=users or {})


def kafka(user: str) -> tuple[Offer, Login]:
    """The Kafka port, used as ``user``."""
    return KAFKA, KafkaLogin(user=user)
