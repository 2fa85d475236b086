"""The graph for people and for programs: a Mermaid map and a JSON document, the same for the same graph."""

from __future__ import annotations

import json
from typing import Any

from infra.core.wiring.edges import Edge, Party
from infra.core.wiring.graph import Member, Wiring
from infra.core.wiring.logins import Login

API_SERVER = "api-server"


def mermaid(wiring: Wiring) -> str:
    """A flowchart: one box for each namespace, one arrow for each pair with all its ports (Mermaid, Flowcharts)."""
    members = _members_by_namespace(wiring)
    ids = {member.party.key: f"n{index}" for index, member in enumerate(wiring.members)}
    hosts = sorted({edge.target.host for edge in wiring.outside})
    host_ids = {host: f"h{index}" for index, host in enumerate(hosts)}
    lines = ["flowchart LR"]
    for index, (namespace, inside) in enumerate(sorted(members.items())):
        lines.append(f'  subgraph ns{index}["{namespace}"]')
        lines += [f'    {ids[member.party.key]}["{member.party.name}"]' for member in inside]
        lines.append("  end")
    lines += [f'  {host_ids[host]}(["{host}"])' for host in hosts]
    if any(member.api_server for member in wiring.members):
        lines.append(f'  api(["{API_SERVER}"])')
    arrows: dict[tuple[str, str], list[str]] = {}
    for edge in wiring.edges:
        arrows.setdefault((ids[edge.client.key], ids[edge.offer.party.key]), []).append(_label(edge))
    for outside in wiring.outside:
        pair = (ids[outside.client.key], host_ids[outside.target.host])
        arrows.setdefault(pair, []).append(_named(f"{outside.target.protocol} {outside.target.port}", outside.login))
    for (source, target), labels in arrows.items():
        lines.append(f'  {source} -->|"{", ".join(labels)}"| {target}')
    lines += [f"  {ids[member.party.key]} -.-> api" for member in wiring.members if member.api_server]
    return "\n".join(lines) + "\n"


def as_json(wiring: Wiring) -> str:
    """The same as JSON: ``parties``, ``edges`` and ``outside``, each in one fixed order, with sorted keys."""
    document = {
        "parties": [_party(member) for member in wiring.members],
        "edges": [_edge(edge) for edge in wiring.edges],
        "outside": [
            {
                "client": _name(edge.client),
                "host": edge.target.host,
                "port": edge.target.port,
                "protocol": edge.target.protocol,
                "login": _login(edge.login),
            }
            for edge in wiring.outside
        ],
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _members_by_namespace(wiring: Wiring) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = {}
    for member in wiring.members:
        found.setdefault(member.party.namespace, []).append(member)
    return found


def _label(edge: Edge) -> str:
    return _named(f"{edge.offer.port_name} {edge.offer.port}", edge.login)


def _named(port: str, login: Login | None) -> str:
    return f"{port} as {login.name}" if login else port


def _login(login: Login | None) -> dict[str, str] | None:
    return {"kind": login.kind, "name": login.name} if login else None


def _name(party: Party) -> dict[str, str]:
    return {"namespace": party.namespace, "name": party.name}


def _party(member: Member) -> dict[str, Any]:
    party = member.party
    return {
        **_name(party),
        "component": member.component,
        "owner": member.ownership.owner,
        "tenant": member.ownership.tenant,
        "selector": dict(party.selector),
        "principal": party.principal,
        "serves": [
            {"port": offer.port, "name": offer.port_name, "protocol": offer.protocol, "login": offer.login}
            for offer in member.serves
        ],
        "apiServer": member.api_server,
        "awsRole": member.aws_role,
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "client": _name(edge.client),
        "server": _name(edge.offer.party),
        "port": edge.offer.port,
        "portName": edge.offer.port_name,
        "protocol": edge.offer.protocol,
        "login": _login(edge.login),
        "betweenReplicas": edge.between_replicas,
    }
