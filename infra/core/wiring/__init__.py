"""Who may talk to whom: one typed graph of the platform, and everything that is computed from it."""

from infra.core.wiring.edges import Edge, External, Offer, OutsideEdge, OutsideUse, Party, Use
from infra.core.wiring.grants import database_grants
from infra.core.wiring.graph import Member, Wiring, wire
from infra.core.wiring.logins import DatabaseLogin, KafkaLogin, Login, LoginKind, TableGrant
from infra.core.wiring.managed import ManagedService
from infra.core.wiring.network import (
    NAMESPACE_LABEL,
    allow_probes,
    api_server_egress,
    default_deny,
    dns_egress,
    identity_agent_egress,
    labelled_edge_policies,
    labelled_outside_policy,
)

__all__ = [
    "NAMESPACE_LABEL",
    "DatabaseLogin",
    "Edge",
    "External",
    "KafkaLogin",
    "Login",
    "LoginKind",
    "ManagedService",
    "Member",
    "Offer",
    "OutsideEdge",
    "OutsideUse",
    "Party",
    "TableGrant",
    "Use",
    "Wiring",
    "allow_probes",
    "api_server_egress",
    "database_grants",
    "default_deny",
    "dns_egress",
    "identity_agent_egress",
    "labelled_edge_policies",
    "labelled_outside_policy",
    "wire",
]
