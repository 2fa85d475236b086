"""Made-up requests against a service whose documented routes take no parameter: what is left is what nobody documents.

A generator that goes by the document alone has one request for each such route. Made up are method, path, query,
headers and body: the routes of the document answer as it says whatever comes with the question, and all else is
refused.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from servicekit.errors import Problem

from tests.support.api_fuzz import CHECKS

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
_TEXT = st.text(max_size=40)
_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=80)
_MEDIA = (
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
    "application/openmetrics-text;version=;escaping=allow-utf-8,,;q",
    "text/plain; version=1.0.0; escaping=underscores",
    "text/plain;q=0.5,*/*;q=x",
    "application/json",
)
_TRACE = "00-{}-00f067aa0ba902b7-01"
_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "accept": st.sampled_from(_MEDIA) | _VALUES,
        "authorization": _VALUES,
        "connection": st.sampled_from(("close", "keep-alive", "upgrade")),
        "content-type": st.sampled_from(("application/json", "multipart/form-data")) | _VALUES,
        "cookie": _VALUES,
        "traceparent": st.sampled_from((_TRACE.format("0" * 32), _TRACE.format("4bf92f3577b34da6a3ce929d0e0e4736")))
        | _VALUES,
        "x-request-id": _VALUES,
        "upgrade": st.sampled_from(("websocket", "h2c")),
    },
)
_BODIES = st.binary(max_size=200) | st.just(b"x" * (1 << 21))
_REFUSED = {404, 405, 413}


def fuzz_surface(document: Path, url: str, *, cases: int) -> Counter[int]:
    """Send so many requests; fails at an answer that is not documented, or at a refusal without problem details.

    Args:
        document: the service's committed OpenAPI document.
        url: the service.
        cases: how many.

    Returns:
        How often each status was answered.
    """
    schema = schemathesis.openapi.from_path(document)
    operations = {(one.method.upper(), one.path): one for one in (found.ok() for found in schema.get_all_operations())}
    known = st.sampled_from(sorted({path for _, path in operations}))
    paths = known | st.builds("{}{}".format, known, _TEXT) | st.builds("/{}".format, _TEXT)
    answered: Counter[int] = Counter()

    with httpx.Client(base_url=url, timeout=30) as client:

        @settings(
            max_examples=cases,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            method=st.just("GET") | st.sampled_from(_METHODS),
            path=paths,
            query=st.dictionaries(_TEXT, _TEXT, max_size=3),
            headers=_HEADERS,
            body=st.just(b"") | _BODIES,
        )
        def send(method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> None:
            operation = operations.get((method, path))
            raw = {name: value.strip().encode("latin-1") for name, value in headers.items()}
            if operation is not None:
                # The checks of the document need its own kind of request.
                case = operation.Case(
                    query=query, headers={name: value.decode("latin-1") for name, value in raw.items()}
                )
                answer: Any = case.call(base_url=url)
                answered[answer.status_code] += 1
                assert str(answer.status_code) in operation.definition.raw["responses"], answer.text
                case.validate_response(answer, checks=CHECKS)
                return
            answer = client.request(
                method, quote(path, safe="/"), params=query, headers=raw, content=body, follow_redirects=False
            )
            answered[answer.status_code] += 1
            _must_be_refused(method, path, answer)

        send()
    return answered


def _must_be_refused(method: str, path: str, answer: httpx.Response) -> None:
    what = f"{method} {path!r}: {answer.status_code} {answer.text}"
    if answer.status_code == 307:
        # The router's own: the same path without the slash at its end.
        assert path.endswith("/"), what
        return
    assert answer.status_code in _REFUSED, what
    assert answer.headers["content-type"] == "application/problem+json", what
    if method != "HEAD":
        problem = Problem.model_validate_json(answer.content)
        assert problem.status == answer.status_code, what
