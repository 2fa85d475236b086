import json
from pathlib import Path
from typing import Any

import pytest
from kafka_admin.declaration import Declaration, DeclarationError, read_declaration, read_passwords

GOOD = {
    "topics": {"prices": {"partitions": 3, "replication": 1, "settings": {"retention.ms": "1000"}}},
    "users": {
        "feed": {
            "password_variable": "FEED_PASSWORD",
            "quotas": {"producer_byte_rate": 1024},
            "acls": [{"resource": "topic", "name": "prices", "operations": ["Write", "Describe"]}],
        }
    },
}


def read(tmp_path: Path, document: Any) -> Declaration:
    path = tmp_path / "declaration.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_declaration(path)


def test_each_operation_of_each_user_is_one_permission(tmp_path: Path):
    found = {str(permission) for permission in read(tmp_path, GOOD).permissions()}
    assert found == {"feed: Write topic prices", "feed: Describe topic prices"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"topics": {"prices": {"partitions": 0, "replication": 1}}}, "topics.prices.partitions = 0"),
        ({"topics": {"prices": {"partitions": "3", "replication": 1}}}, "topics.prices.partitions = '3'"),
        ({"topics": {"prices": {"partitions": 3}}}, "topics.prices.replication"),
        ({"topicz": {}}, "topicz"),
        ({"users": {"feed": {"password_variable": ""}}}, "users.feed.password_variable = ''"),
        (
            {"users": {"feed": {"password_variable": "X", "acls": [{"resource": "cluster", "name": "a"}]}}},
            "users.feed.acls.0.resource = 'cluster'",
        ),
    ],
)
def test_what_is_no_declaration_is_refused_by_field_and_value(tmp_path: Path, change: Any, said: str):
    with pytest.raises(DeclarationError, match="is not a declaration") as refused:
        read(tmp_path, {**GOOD, **change})
    assert said in str(refused.value)


def test_a_file_that_is_no_json_or_cannot_be_read_is_refused(tmp_path: Path):
    with pytest.raises(DeclarationError, match="Invalid JSON"):
        read(tmp_path, "{")
    with pytest.raises(DeclarationError, match="cannot be read"):
        read_declaration(tmp_path)


def test_passwords_come_from_the_variables_and_missing_ones_are_all_named(tmp_path: Path):
    users = read(tmp_path, GOOD).users
    assert read_passwords(users, {"FEED_PASSWORD": "secret"}) == {"feed": "secret"}
    with pytest.raises(DeclarationError, match=r"users.feed: FEED_PASSWORD is not set"):
        read_passwords(users, {"FEED_PASSWORD": ""})
