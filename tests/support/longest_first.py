"""Files of tests that take long, the longest first: what is begun last decides when all are done."""

from __future__ import annotations

from collections import Counter

import pytest

LONGEST = (
    "e2e/test_price_path.py",
    "e2e/test_deploy_course.py",
    "e2e/test_kills.py",
    "e2e/test_rehearse_and_render.py",
    "e2e/test_interrupts.py",
    "e2e/test_restart.py",
    "e2e/test_bad_input.py",
    "e2e/test_canary_secrets.py",
    "e2e/test_preview_against_main.py",
    "integration/sandbox/recovery/test_restore_drill.py",
    "integration/services/prediction_consumer/test_exactly_once.py",
    "integration/services/stream_analytics/test_stream_analytics_on_kafka.py",
    "integration/control_plane/test_lifecycle.py",
    "integration/policies/test_policy_admission.py",
    "integration/services/stream_gateway/test_stream_gateway_kafka.py",
    "integration/services/model_training/test_training_registers.py",
    "integration/services/model_server/test_model_server_process.py",
    "integration/services/feature_job/test_feature_job_on_stores.py",
    "integration/data/test_clickhouse_roles.py",
    "integration/policies/test_linters_of_others.py",
    "integration/kafka/test_catalog_permissions.py",
    "integration/apps/test_stream_gateway_process.py",
    "integration/sandbox/deploy/cloud/test_cloud_guards.py",
    "integration/sandbox/host/test_pods_that_run.py",
    "integration/policies/test_pod_security_fixtures.py",
)
"""By what they took on two cores (``pytest --durations``); the others take seconds."""


def keep_order(config: pytest.Config) -> None:
    """Have pytest-xdist hand files out in our order, and not by the number of their tests: a long one may have one."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def longest_first(items: list[pytest.Item]) -> None:
    """Put whole files into the order in which they are to begin: the long ones, then those with most tests."""
    tests = Counter(map(_file, items))
    places = {f"tests/{name}": number for number, name in enumerate(LONGEST)}

    def place(item: pytest.Item) -> tuple[int, int]:
        known = places.get(_file(item))
        return (len(LONGEST), -tests[_file(item)]) if known is None else (known, 0)

    items.sort(key=place)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
