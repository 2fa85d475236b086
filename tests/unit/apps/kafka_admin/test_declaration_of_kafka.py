import json
from pathlib import Path
from typing import Any

import pytest
from kafka_admin.declaration import Declaration, DeclarationError, User, read_declaration, read_passwords

GOOD = {
    "topics": {"prices": {"partitions": 3, "replication": 1, "settings": {"retention.ms": "1000"}}},
    "users": {
        "feed": {
            "password_file": "/feed/password",
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
        ({"users": {"feed": {"password_file": "here"}}}, "users.feed.password_file = 'here'"),
        (
            {"users": {"feed": {"password_file": "/x", "acls": [{"resource": "cluster", "name": "a"}]}}},
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


def test_passwords_come_from_files_and_all_that_are_missing_or_empty_are_named(tmp_path: Path):
    file = tmp_path / "password"
    file.write_text("secret\n")
    users = {name: User(password_file=str(file)) for name in ("feed", "desk")}
    assert read_passwords(users) == {"feed": "secret", "desk": "secret"}
    file.write_text("")
    (tmp_path / "binary").write_bytes(b"\xff")
    users = {**users, "away": User(password_file="/nowhere"), "odd": User(password_file=str(tmp_path / "binary"))}
    with pytest.raises(DeclarationError, match="mount each user's Secret") as refused:
        read_passwords(users)
    for said in ("users.feed", "users.desk", "the file is empty", "'/nowhere': No such file", "not UTF-8 text"):
        assert said in str(refused.value)
