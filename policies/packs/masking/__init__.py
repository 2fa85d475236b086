from policies.pack import Pack

PACK = Pack(
    name="masking",
    description="Personal data is masked in every engine; data is owned, durable and not kept too long.",
    rules={
        "MASK-001": "masking/require_clickhouse_masks",
        "MASK-002": "masking/require_trino_masks",
        "MASK-003": "masking/require_decision_data",
        "MASK-004": "masking/limit_detokenization",
        "MASK-005": "masking/require_tokens_for_sharing",
        "MASK-006": "masking/require_row_filters",
        "MASK-007": "masking/disallow_personal_data_in_config",
        "DATA-001": "masking/require_topic_ownership",
        "DATA-002": "masking/require_topic_durability",
        "DATA-003": "masking/require_broker_durability",
        "DATA-004": "masking/limit_topic_retention",
        "DATA-005": "masking/limit_topic_access",
        "DATA-006": "masking/require_topic_schemas",
        "DATA-007": "masking/disallow_secrets_in_config",
        "DATA-008": "masking/require_declared_secrets",
        "DATA-009": "masking/limit_clickhouse_users",
        "DATA-010": "masking/disallow_inline_credentials",
        "DATA-011": "masking/require_encrypted_volumes",
        "DATA-012": "masking/require_guarded_decisions",
        "DATA-013": "masking/require_backup_schedules",
    },
)
"""The pack `masking`."""
