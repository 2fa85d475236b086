"""Thousands of made-up requests against a service: no answer that its OpenAPI document does not tell of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import response_schema_conformance, status_code_conformance
from schemathesis.specs.openapi.checks import content_type_conformance, response_headers_conformance

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def fuzz(document: Path, service: Any, *, headers: Mapping[str, str], cases: int) -> Counter[int]:
    """Send at least so many requests, sound and unsound ones, to all operations; fails at an answer not documented.

    Args:
        document: the service's committed OpenAPI document.
        service: its URL, or an ASGI application.
        headers: of every request: the token.
        cases: how many.

    Returns:
        How often each status was answered.
    """
    answered: Counter[int] = Counter()
    schema = schemathesis.openapi.from_path(document)
    target: dict[str, Any] = {}
    if isinstance(service, str):
        target["base_url"] = service
    else:
        schema.app = service
    operations = [found.ok() for found in schema.get_all_operations()]
    guarded = [one for one in operations if one.path.startswith("/v1/")]
    for operation in operations:
        for mode in GenerationMode:
            share = -(-cases // (2 * len(guarded))) if operation in guarded else 5
            _send(operation, mode, dict(headers), share, answered, target)
    # Some operations have too few different requests: the others make up for them.
    rounds = 0
    while sum(answered.values()) < cases:
        rounds += 1
        assert rounds < 50, f"only {sum(answered.values())} requests could be made"
        for operation in guarded:
            _send(operation, GenerationMode.NEGATIVE, dict(headers), 200, answered, target)
            _send(operation, GenerationMode.POSITIVE, dict(headers), 200, answered, target)
    return answered


def _send(
    operation: Any,
    mode: GenerationMode,
    headers: dict[str, str],
    count: int,
    answered: Counter[int],
    target: Mapping[str, Any],
) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        # Ours last: a made-up token would only ever try the refusal, which has tests of its own.
        case.headers = {**(case.headers or {}), **headers}
        response = case.call(**target)
        answered[response.status_code] += 1
        assert response.status_code < 500 or str(response.status_code) in _documented(operation), (
            f"{case.as_curl_command()}: {response.status_code} {response.text}"
        )
        case.validate_response(response, checks=CHECKS)

    try:
        send()
    except Unsatisfiable:
        # There is no unsound request where there is nothing to get wrong.
        return


def _documented(operation: Any) -> set[str]:
    return {str(status) for status in operation.definition.raw["responses"]}
