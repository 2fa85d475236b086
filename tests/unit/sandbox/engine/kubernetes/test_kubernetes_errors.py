from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.providers.kubernetes.errors import RefusedError, scrub, secret_texts, unreachable, untrusted
from tests.support.kubernetes_inputs import config_map, secret

URL = "https://127.0.0.1:6443"


def refused(code: int, status: Any) -> RefusedError:
    return RefusedError("create ConfigMap a/b", URL, code, status)


def test_a_refusal_lists_every_field_with_its_cause() -> None:
    causes = [
        {"field": "spec.replicas", "message": "must be at least 0", "reason": "FieldValueInvalid"},
        {"field": "spec.selector", "message": "Required value", "reason": "FieldValueRequired"},
    ]
    error = refused(422, {"reason": "Invalid", "message": "long", "details": {"causes": causes}})

    assert str(error) == (
        f"create ConfigMap a/b: refused by {URL} (422 Invalid):\n"
        "  spec.replicas: must be at least 0\n"
        "  spec.selector: Required value"
    )
    assert not error.transient


def test_a_refusal_without_causes_shows_the_servers_message() -> None:
    assert str(refused(403, {"reason": "Forbidden", "message": "no"})).endswith("(403 Forbidden): no")
    assert str(refused(502, "<html>")).endswith("(502): <html>")
    assert str(refused(500, None)).endswith("(500): no message")
    nameless = {"reason": "Invalid", "message": "x: bad", "details": {"causes": [{"message": "bad"}]}}
    assert str(refused(422, nameless)).endswith("x: bad")


def test_a_conflict_names_the_manager_and_what_to_do() -> None:
    cause = {"field": ".data.x", "message": 'conflict with "kubectl"', "reason": "FieldManagerConflict"}
    error = refused(409, {"reason": "Conflict", "details": {"causes": [cause]}})

    assert '.data.x: conflict with "kubectl"' in str(error)
    assert "To fix it: delete that object" in str(error)
    assert not error.transient


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        (429, "slow", True),
        (500, {"message": "etcdserver: leader changed"}, True),
        (503, None, True),
        (504, None, True),
        (409, {"reason": "Conflict", "message": "the object has been modified"}, True),
        (409, {"reason": "AlreadyExists"}, False),
        (500, {"message": "failed to create typed patch object (a/b): .x: field not declared in schema"}, False),
        (404, {"reason": "NotFound"}, False),
        (422, {"reason": "Invalid"}, False),
    ],
)
def test_only_what_may_pass_is_tried_again(code: int, status: Any, transient: bool) -> None:
    assert refused(code, status).transient is transient


def test_a_missing_namespace_is_told_from_a_missing_object() -> None:
    assert refused(404, {"details": {"kind": "namespaces", "name": "x"}}).namespace_missing
    assert not refused(404, {"details": {"kind": "configmaps", "name": "x"}}).namespace_missing


def test_an_unreachable_or_untrusted_server_is_named_with_the_cause_and_the_way_out() -> None:
    text = str(unreachable("create Pod a", URL, "connection refused", 30.4))
    assert all(part in text for part in ("create Pod a", URL, "30 s", "connection refused", "To fix it"))
    text = str(untrusted("create Pod a", URL, "self-signed"))
    assert all(part in text for part in ("create Pod a", URL, "self-signed", "To fix it"))


def test_no_message_shows_the_values_of_a_secret() -> None:
    inputs = {**secret("a", password="correct horse", short="ab"), "data": {"token": "c2VjcmV0IHRva2Vu", "raw": "///"}}
    message = "bad 'correct horse', 'c2VjcmV0IHRva2Vu', 'secret token' and 'ab'"

    assert scrub(message, secret_texts(inputs)) == "bad '[secret]', '[secret]', '[secret]' and 'ab'"
    assert secret_texts(config_map("a", password="correct horse")) == []
