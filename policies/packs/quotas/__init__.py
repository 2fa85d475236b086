from policies.pack import Pack

PACK = Pack(
    name="quotas",
    description="Each namespace and tenant has its share, and what runs at its maximum fits it.",
    rules={
        "QUOTA-001": "quotas/require_resource_quota",
        "QUOTA-002": "quotas/require_limit_range",
        "QUOTA-003": "quotas/require_quota_coverage",
        "QUOTA-004": "quotas/limit_environment_total",
        "QUOTA-005": "quotas/enforce_namespace_fit",
        "QUOTA-006": "quotas/enforce_limit_range_order",
        "QUOTA-007": "quotas/enforce_limit_range",
        "QUOTA-008": "quotas/limit_exposure_counts",
        "QUOTA-009": "quotas/require_autoscaler_bounds",
        "QUOTA-010": "quotas/require_autoscaler_target",
        "QUOTA-011": "quotas/limit_event_scaling",
        "QUOTA-012": "quotas/limit_volume_claims",
        "QUOTA-013": "quotas/limit_priority_classes",
        "QUOTA-014": "quotas/require_known_priority",
        "QUOTA-015": "quotas/limit_overcommit",
        "QUOTA-016": "quotas/limit_tenant_share",
        "QUOTA-017": "quotas/require_measured_requests",
        "QUOTA-018": "quotas/require_kafka_quotas",
    },
)
"""The pack `quotas`."""
