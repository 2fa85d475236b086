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
    },
)
"""The pack `masking`."""
