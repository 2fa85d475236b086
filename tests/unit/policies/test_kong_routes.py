"""What guards the routes of Kong, read from its own file: the program's, and files that are odd."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from policies.kong import kong_files, routes
from policies.model import Resource
from policies.rules.network.require_known_callers.rule import require_known_callers
from policies.unknown import UNKNOWN, UnknownValueError

MAP, SECRET = "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"
GUARDS: list[dict[str, Any]] = [{"name": "key-auth"}, {"name": "rate-limiting"}]


def holder(text: Any, *, name: str = "kong.json", kind: str = MAP) -> Resource:
    return Resource("urn", kind, "routes", {"metadata": {"name": "routes"}, "data": {name: text}})


def problems(**content: Any) -> list[str]:
    resource = holder(json.dumps({"_format_version": "3.0", **content}))
    return [violation.message for violation in require_known_callers.check(resource)]


def test_a_guard_of_another_route_or_of_one_consumer_guards_nothing():
    for reference in ({"route": "other"}, {"service": {"name": "other"}}, {"consumer": "one"}, {"enabled": False}):
        guarded = [{**GUARDS[0], **reference}, GUARDS[1]]
        assert problems(plugins=guarded, routes=[{"name": "quotes"}]) == ["the route 'quotes' asks nobody who they are"]


def test_a_route_without_a_name_is_called_by_its_path():
    content = {"_format_version": "3.0", "routes": [{"paths": ["/quotes"]}, {}, "odd"], "services": "odd"}
    assert [route.name for route in routes(content)] == ["/quotes", "without a name"]


@pytest.mark.parametrize("text", ["_format_version: [", "[_format_version]", "{}", "notes on _format_version", ""])
def test_what_is_no_file_of_kongs_is_left_alone(text: str):
    assert list(kong_files(holder(text))) == []


@pytest.mark.parametrize(("kind", "text"), [(SECRET, "[secret]"), (SECRET, UNKNOWN), (MAP, UNKNOWN)])
def test_a_file_that_is_not_shown_is_not_taken_for_a_good_one(kind: str, text: Any):
    with pytest.raises(UnknownValueError, match=r"kong\.json"):
        list(require_known_callers.check(holder(text, kind=kind)))
    assert list(require_known_callers.check(holder(text, kind=kind, name="password"))) == []


def test_a_message_never_shows_a_credential():
    consumers = [{"username": "edge", "keyauth_credentials": [{"key": "canary"}]}]
    found = problems(consumers=consumers, routes=[{"name": "quotes"}])
    assert len(found) == 2
    assert "canary" not in str(found)


def test_a_secrets_content_is_read_as_the_api_server_keeps_it():
    text = base64.b64encode(b'{"_format_version": "3.0", "routes": [{"name": "quotes"}]}').decode()
    assert len(list(require_known_callers.check(holder(text, kind=SECRET)))) == 2
