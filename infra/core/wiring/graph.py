"""The graph of the whole platform, checked as one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from infra.core.catalog.users import KafkaUser
from infra.core.errors import ConfigurationError, Problem
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.validation import closest
from infra.core.wiring.edges import Edge, External, Offer, OutsideEdge, Party
from infra.core.wiring.network import edge_policies

KAFKA_USERS = "infra/catalog/kafka-users.yaml"


class Member(Args):
    """One party with what it serves and what it uses, as its declaration says."""

    party: Party
    component: str = Field(description="part of the platform that it belongs to")
    ownership: Ownership
    serves: tuple[Offer, ...] = ()
    edges: tuple[Edge, ...] = ()
    outside: tuple[OutsideEdge, ...] = ()
    api_server: bool = Field(default=False, description="whether it talks to the Kubernetes API server")
    api_networks: tuple[str, ...] = Field(default=(), description="networks that the API server is in, if known")
    aws_role: bool = Field(default=False, description="whether its pods have a role on AWS")
    file: str | None = Field(default=None, description="file in which it is declared, when that is no code")
    entry: str | None = Field(default=None, description="path inside the file")

    @property
    def place(self) -> tuple[str, str]:
        """File and field that an error about it names; the component where it is declared in code."""
        return self.file or f"component {self.component}", self.entry or f"{self.party}.uses"


@dataclass(frozen=True)
class Wiring:
    """Who may talk to whom, in one fixed order.

    Attributes:
        members: every party, by namespace and name.
        users: Kafka users of the environment, by name.
    """

    members: tuple[Member, ...]
    users: Mapping[str, KafkaUser] = field(default_factory=dict)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every connection inside the cluster, by client, server and port."""
        return tuple(sorted((edge for member in self.members for edge in member.edges), key=lambda edge: edge.key))

    @property
    def outside(self) -> tuple[OutsideEdge, ...]:
        """Every connection to a host outside, by client and host."""
        return tuple(
            sorted(
                (edge for member in self.members for edge in member.outside),
                key=lambda edge: (edge.client.key, edge.target.host, edge.target.port),
            )
        )

    def servers(self) -> Iterator[tuple[Member, tuple[Edge, ...]]]:
        """Every party that others talk to, with the connections that end there."""
        edges = self.edges
        for member in self.members:
            coming = tuple(edge for edge in edges if edge.offer.party.key == member.party.key)
            if coming:
                yield member, coming

    def external_hosts(self) -> Mapping[tuple[str, str], tuple[External, ...]]:
        """What each namespace reaches of each host: targets by namespace and host, ordered by port."""
        found: dict[tuple[str, str], set[External]] = {}
        for edge in self.outside:
            found.setdefault((edge.client.namespace, edge.target.host), set()).add(edge.target)
        return {key: tuple(sorted(targets, key=lambda item: item.port)) for key, targets in sorted(found.items())}


def wire(
    members: Iterable[Member],
    *,
    namespaces: Collection[str],
    users: Mapping[str, KafkaUser],
    administrators: Collection[str] = (),
) -> Wiring:
    """Put the graph together. A cycle is allowed: services may talk to each other both ways.

    Args:
        members: every party of the platform.
        namespaces: namespaces that there are.
        users: Kafka users of the environment.
        administrators: Kafka users that are not in the catalog, since nobody else may be them.

    Raises:
        ConfigurationError: with everything that is wrong: a party twice or in no namespace, two parties whose pods
            cannot be told apart, an edge to what nobody serves, an edge twice, an edge to oneself, a login that is
            missing, of the wrong kind or of nobody, one host and port with two protocols, two policies of one name.
    """
    wiring = Wiring(tuple(sorted(members, key=lambda member: member.party.key)), users)
    problems = [
        *_party_problems(wiring.members, namespaces),
        *_edge_problems(wiring.members),
        *_protocol_problems(wiring.members),
        *_login_problems(wiring.members, {*users, *administrators}),
        *_name_problems(wiring.members),
    ]
    if problems:
        raise ConfigurationError(problems)
    return wiring


def _party_problems(members: Sequence[Member], namespaces: Collection[str]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Member] = {}
    for member in members:
        party, (file, where) = member.party, member.place
        if party.namespace not in namespaces:
            yield Problem(
                file, where, str(party), f"no namespace {party.namespace}", closest(party.namespace, namespaces)
            )
        other = seen.setdefault(party.key, member)
        if other is not member:
            yield Problem(file, where, str(party), f"declared twice, also by {other.place[0]}", "Rename one of them")
    for index, member in enumerate(members):
        for other in members[index + 1 :]:
            if member.party.namespace == other.party.namespace and member.party.key != other.party.key:
                mine, theirs = member.party.selector.items(), other.party.selector.items()
                if mine <= theirs or theirs <= mine:
                    limit = f"the policies of {other.party} would select its pods too: their labels do not differ"
                    file, where = member.place
                    yield Problem(file, where, str(member.party), limit, "Give each a label value of its own")


def _edge_problems(members: Sequence[Member]) -> Iterator[Problem]:
    by_key = {member.party.key: member for member in members}
    for member in members:
        file, where = member.place
        seen: set[tuple[object, ...]] = set()
        for edge in member.edges:
            value = str(edge.offer)
            yield from _target_problems(member, edge, by_key.get(edge.offer.party.key), list(by_key))
            if edge.key in seen:
                yield Problem(file, where, value, "declared twice", "Remove the second one")
            seen.add(edge.key)
            if edge.client.key == edge.offer.party.key and not edge.between_replicas:
                limit = "an edge to itself: inside one pod nothing passes a policy"
                yield Problem(file, where, value, limit, "Remove it, or name the port in peers if replicas use it")
        for outside in member.outside:
            address = (outside.target.host, outside.target.port)
            if address in seen:
                yield Problem(file, where, str(outside.target), "declared twice", "Remove the second one")
            seen.add(address)


def _protocol_problems(members: Sequence[Member]) -> Iterator[Problem]:
    spoken: dict[tuple[str, str, int], OutsideEdge] = {}
    for member in members:
        file, where = member.place
        for edge in member.outside:
            target = edge.target
            first = spoken.setdefault((edge.client.namespace, target.host, target.port), edge)
            if first.target.protocol != target.protocol:
                limit = f"{first.client} speaks {first.target.protocol} there, not {target.protocol}"
                yield Problem(file, where, str(target), limit, "Name the same protocol in both")


def _target_problems(
    member: Member, edge: Edge, server: Member | None, known: Sequence[tuple[str, str]]
) -> Iterator[Problem]:
    file, where = member.place
    if edge.client != member.party:
        yield Problem(
            file, where, str(edge.client), f"an edge of somebody else than {member.party}", "Declare it there"
        )
    if server is None:
        names = ["/".join(key) for key in known]
        yield Problem(file, where, str(edge.offer), "nothing of that name runs", closest(str(edge.offer.party), names))
    elif edge.offer not in server.serves:
        offered = ", ".join(f"{offer.port_name} ({offer.port})" for offer in server.serves) or "nothing"
        yield Problem(file, where, str(edge.offer), f"{server.party} serves {offered}", "Use what it serves")


def _login_problems(members: Sequence[Member], users: Collection[str]) -> Iterator[Problem]:
    for member in members:
        file, where = member.place
        for edge in member.edges:
            wanted, given = edge.offer.login, edge.login
            if wanted is not None and given is None:
                limit = f"clients must have a {wanted} account there"
                yield Problem(file, where, str(edge.offer), limit, "Say as whom it is used: offer.use(login)")
            elif given is not None and given.kind != wanted:
                limit = f"takes {f'a {wanted}' if wanted else 'no'} login, not one of {given.kind}"
                yield Problem(file, where, str(edge.offer), limit, "Use the login that it asks for")
            elif given is not None and given.kind == "kafka" and given.name not in users:
                yield Problem(file, where, given.name, f"no such user in {KAFKA_USERS}", closest(given.name, users))


def _name_problems(members: Sequence[Member]) -> Iterator[Problem]:
    owners: dict[tuple[str, str], Edge] = {}
    for member in members:
        for edge in member.edges:
            for manifest in edge_policies(edge):
                metadata = manifest["metadata"]
                other = owners.setdefault((metadata["namespace"], metadata["name"]), edge)
                if other.key != edge.key:
                    file, where = member.place
                    limit = (
                        f"its policy would have the name {metadata['name']} of another: {other.client} to {other.offer}"
                    )
                    yield Problem(file, where, str(edge.offer), limit, "Rename the client, the server or the port")
