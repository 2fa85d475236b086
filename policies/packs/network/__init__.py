from policies.pack import Pack

PACK = Pack(
    name="network",
    description="Traffic is refused unless it is declared, encrypted and authorized.",
    rules={
        "NET-001": "network/require_default_deny",
        "NET-002": "network/require_policy_for_pods",
        "NET-003": "network/disallow_open_ingress",
        "NET-004": "network/disallow_open_egress",
        "NET-005": "network/disallow_metadata_egress",
        "NET-006": "network/limit_port_ranges",
        "NET-007": "network/disallow_dangling_policy",
        "NET-008": "network/require_edge_pairs",
        "NET-009": "network/limit_service_exposure",
        "NET-010": "network/require_hosts",
        "NET-011": "network/require_edge_tls",
        "NET-012": "network/disallow_snippets",
        "NET-013": "network/disallow_shared_hosts",
        "NET-014": "network/enforce_strict_mtls",
        "NET-015": "network/require_mesh_defaults",
        "NET-016": "network/limit_mesh_authorization",
        "NET-017": "network/enforce_upstream_tls",
        "NET-018": "network/require_upstream_verification",
        "NET-019": "network/limit_mesh_egress",
        "NET-020": "network/require_kafka_listener_security",
        "NET-021": "network/require_kafka_authorization",
        "NET-022": "network/limit_kafka_acls",
    },
)
"""The pack `network`."""
