"""The parts of the graph: who sends, who serves, and the connections between them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.core.labels import selector_labels
from infra.core.models import Args
from infra.core.wiring.addresses import public_peers
from infra.core.wiring.logins import Login, LoginKind

TRUST_DOMAIN = "cluster.local"
"""First part of every identity in the mesh, unless it is configured otherwise (Istio, MeshConfig.trustDomain)."""


class Party(Args):
    """A group of pods that sends or receives."""

    name: str = Field(description="workload's name")
    namespace: str = Field(description="namespace that its pods are in")
    selector: dict[str, str] = Field(description="labels of its pods")
    account: str | None = Field(default=None, description="ServiceAccount of its pods; the party's name when left out")

    @classmethod
    def of_workload(cls, name: str, namespace: str) -> Party:
        """The pods of a workload of ours."""
        return cls(name=name, namespace=namespace, selector=selector_labels(name))

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name, which no two parties share."""
        return self.namespace, self.name

    @property
    def principal(self) -> str:
        """Identity of its pods in the mesh (Istio, AuthorizationPolicy, ``source.principals``)."""
        return f"{TRUST_DOMAIN}/ns/{self.namespace}/sa/{self.account or self.name}"

    def offer(self, port_name: str, port: int, *, login: LoginKind | None = None) -> Offer:
        """A TCP port that it serves; ``login`` when clients need an account there."""
        return Offer(party=self, port_name=port_name, port=port, login=login)

    def __str__(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


class Offer(Args):
    """A port that a party serves, for others to use."""

    party: Party
    port_name: str = Field(max_length=15, description="name of the container port")
    port: int = Field(ge=1, le=65535, description="port that its pods listen on")
    protocol: Literal["TCP", "UDP"] = "TCP"
    login: LoginKind | None = Field(default=None, description="kind of account that a client must have there")

    def use(self, login: Login | None = None) -> Use:
        """This offer, used with an account of its server."""
        return Use(offer=self, login=login)

    def __str__(self) -> str:
        """``namespace/name:port-name (port)``."""
        return f"{self.party}:{self.port_name} ({self.port})"


class Use(Args):
    """An offer, and as whom it is used."""

    offer: Offer
    login: Login | None = None


class External(Args):
    """A host outside the cluster. It is reached by name and port only: no address, no range, no wildcard."""

    host: str = Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
        max_length=253,
        description="fully qualified DNS name",
    )
    port: int = Field(default=443, ge=1, le=65535, description="port")
    protocol: Literal["HTTPS", "TLS", "TCP"] = Field(default="HTTPS", description="what is spoken there")

    def peers(self) -> list[dict[str, object]]:
        """Where a NetworkPolicy, which knows no names, lets connections go: to public addresses only."""
        return public_peers()

    def place(self) -> dict[str, object]:
        """How the mesh finds its addresses (Istio, ServiceEntry): by its name."""
        return {"resolution": "DNS"}

    def use(self, login: Login | None = None) -> OutsideUse:
        """This host, used with an account of its server."""
        return OutsideUse(target=self, login=login)

    def __str__(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"


class OutsideUse(Args):
    """A host outside the cluster, and as whom it is used."""

    target: External
    login: Login | None = None


class Edge(Args):
    """One declared connection: a client uses an offer."""

    client: Party
    offer: Offer
    login: Login | None = Field(default=None, description="account that the client has at the server")
    between_replicas: bool = Field(default=False, description="whether a party's own replicas talk to each other")

    @property
    def key(self) -> tuple[tuple[str, str], tuple[str, str], str]:
        """Client, server and port, by which edges are ordered and told apart."""
        return self.client.key, self.offer.party.key, self.offer.port_name

    @property
    def server(self) -> str:
        """Who serves, for people: ``namespace/name``."""
        return str(self.offer.party)


class OutsideEdge(Args):
    """A declared connection to a host outside the cluster."""

    client: Party
    target: External
    login: Login | None = Field(default=None, description="account that the client has at the server")

    @property
    def server(self) -> str:
        """Who serves, for people: the host."""
        return self.target.host
