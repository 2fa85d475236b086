"""The wiring as a page for a review: who may talk to whom, as whom, and what that lets them do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.core.catalog.users import acls
from infra.core.markdown import table
from infra.core.wiring.grants import database_grants
from infra.core.wiring.graph import Wiring
from infra.core.wiring.logins import Login
from infra.core.wiring.maps import API_SERVER, mermaid

CONNECTIONS = (
    "What is not listed here is refused, by the network and by the mesh. Beside it, every pod may ask the cluster's "
    "DNS and is probed by its own node."
)


def wiring_report(wiring: Wiring) -> str:
    """Markdown: the map, the connections, Kafka's permissions and the grants. The same for the same graph."""
    lines = ["## Map", "", "```mermaid", *mermaid(wiring).splitlines(), "```", ""]
    lines += ["## Connections", "", CONNECTIONS, ""]
    lines += table(("client", "server", "port", "as", "identity of the client"), _connections(wiring))
    outside = [*_outside(wiring)]
    lines += ["## Outside the cluster", ""]
    lines += table(("client", "host", "port", "as"), outside) if outside else ["Nothing leaves the cluster.", ""]
    if wiring.users:
        lines += ["## Kafka permissions", ""]
        lines += table(("user", "tenant", "used by", "resource", "operations"), _permissions(wiring))
    for (server, database), statements in database_grants([*wiring.edges, *wiring.outside]).items():
        lines += [f"## Grants: {server}, database {database}", "", "```sql", *statements, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _connections(wiring: Wiring) -> Iterator[Sequence[str]]:
    for edge in wiring.edges:
        offer = edge.offer
        login = _account(edge.login)
        port = f"{offer.port_name} {offer.port}/{offer.protocol}"
        server = "its own replicas" if edge.between_replicas else f"`{offer.party}`"
        yield f"`{edge.client}`", server, port, login, f"`{edge.client.principal}`"


def _outside(wiring: Wiring) -> Iterator[Sequence[str]]:
    for edge in wiring.outside:
        yield f"`{edge.client}`", edge.target.host, f"{edge.target.port} ({edge.target.protocol})", _account(edge.login)
    for member in wiring.members:
        if member.api_server:
            yield f"`{member.party}`", API_SERVER, "443, 6443", ""


def _account(login: Login | None) -> str:
    return f"{login.kind} user {login.name}" if login else ""


def _permissions(wiring: Wiring) -> Iterator[Sequence[str]]:
    clients: dict[str, list[str]] = {}
    for edge in wiring.edges:
        if edge.login and edge.login.kind == "kafka":
            clients.setdefault(edge.login.name, []).append(f"`{edge.client}`")
    for name, user in sorted(wiring.users.items()):
        used = ", ".join(clients.get(name, [])) or "nothing that runs"
        for acl in acls(name, user):
            resource = f"{acl.resource} `{acl.name}{'*' if acl.prefix else ''}`"
            yield f"`{name}`", user.tenant, used, resource, ", ".join(acl.operations)
