import json
from pathlib import Path
from typing import Any

import pytest
from database_admin.declaration import Declaration, DeclarationError, Role, read_declaration, read_passwords

ROLES = {"feature_job": {"password_file": "/secrets/feature_job"}}
DECLARED: dict[str, Any] = {"roles": ROLES, "databases": {"features": {"owner": "feature_job"}}}


def refusal(folder: Path, declared: Any) -> str:
    path = folder / "declaration.json"
    path.write_text(declared if isinstance(declared, str) else json.dumps(declared))
    with pytest.raises(DeclarationError) as caught:
        read_declaration(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_declaration_says_who_logs_in_with_which_file_and_who_owns_what(tmp_path: Path):
    path = tmp_path / "declaration.json"
    path.write_text(json.dumps(DECLARED))
    declared = read_declaration(path)
    assert declared == Declaration.model_validate(DECLARED)
    assert declared.owners == {"features": "feature_job"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"grants": []}, "grants = []: Extra inputs are not permitted"),
        ({"roles": {"feature_job": {"password_file": "/p", "superuser": True}}}, "roles.feature_job.superuser = True"),
        ({"roles": {"feature_job": {"password": "p"}}}, "roles.feature_job.password_file"),
        ({"roles": {"feature_job": {"password_file": "p"}}}, "roles.feature_job.password_file = 'p'"),
        ({"databases": {"features": {}}}, "databases.features.owner"),
        ({"databases": {"features": {"owner": "nobody"}}}, "no role of this file; there are feature_job"),
        ({"databases": {"postgres": {"owner": "feature_job"}}}, "databases.postgres = 'postgres': PostgreSQL and RDS"),
    ],
)
def test_what_is_unknown_missing_or_wrong_is_named_with_its_place(tmp_path: Path, change: Any, told: str):
    assert told in refusal(tmp_path, {**DECLARED, **change})


@pytest.mark.parametrize("name", ["", "Feature", "feature-job", "1st", "a b", 'x"; DROP ROLE y; --', "ä", "x" * 64])
def test_a_name_that_needs_quotes_is_no_identifier_here(tmp_path: Path, name: str):
    assert "should match pattern" in refusal(tmp_path, {"roles": {name: {"password_file": "/p"}}, "databases": {}})
    assert "should match pattern" in refusal(tmp_path, {**DECLARED, "databases": {name: {"owner": "feature_job"}}})


@pytest.mark.parametrize("name", ["pg_monitor", "rds_superuser", "rdsadmin", "postgres", "public", "none"])
def test_a_role_of_the_system_is_not_to_be_declared(tmp_path: Path, name: str):
    declared = {"roles": {name: {"password_file": "/p"}}, "databases": {}}
    assert f"roles.{name} = {name!r}: PostgreSQL and RDS keep this name" in refusal(tmp_path, declared)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "roles: {}"])
def test_what_is_no_object_of_json_is_refused(tmp_path: Path, text: str):
    assert "declaration.json is not a declaration:" in refusal(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path: Path):
    with pytest.raises(DeclarationError, match=r"nowhere\.json: cannot be read: No such file"):
        read_declaration(tmp_path / "nowhere.json")


def test_passwords_are_read_without_the_last_newline_and_what_cannot_be_one_is_told_all_at_once(tmp_path: Path):
    contents = {"good": b"secret\n", "empty": b"\n", "long": b"one\ntwo\n", "zero": b"a\0b", "bytes": b"\xff"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    roles = {name: Role(password_file=str(tmp_path / name)) for name in [*contents, "missing"]}
    with pytest.raises(DeclarationError) as caught:
        read_passwords(roles)
    told = str(caught.value).splitlines()
    assert [line.split(":")[-1].strip() for line in told[1:]] == [
        "the file is empty",
        "more than one line of text",
        "more than one line of text",
        "not UTF-8 text",
        "No such file or directory",
    ]
    assert "one" not in str(caught.value).replace("more than one line", "")
    assert read_passwords({"good": roles["good"]}) == {"good": "secret"}
