import pytest

from policies.masks.clickhouse import read_script
from policies.masks.expression import ExpressionError, evaluate
from policies.masks.leaks import MOST_KEPT, PROBES, problem_of_mask, shows_token

ROW = {"email": "anna@example.org", "email__token": "tok_email_x", "born": "1987-06-05", "none": None}
COLUMNS = ("email", "email__token", "born", "born__token")


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("email", "anna@example.org"),
        ("`email`", "anna@example.org"),
        ('"email"', "anna@example.org"),
        ("'it''s'", "it's"),
        ("NULL", None),
        ("[]", []),
        ("-4", -4),
        ("concat(substr(email, 1, 1), '***')", "a***"),
        ("substr(email, -3)", "org"),
        ("replaceRegexpAll(email, '[^a-z]', '')", "annaexampleorg"),
        ("CASE WHEN none IS NULL THEN 'empty' ELSE 'full' END", "empty"),
        ("CASE WHEN match(email, '^b') THEN 'b' WHEN match(email, '^a') THEN 'a' END", "a"),
        ("CASE WHEN match(email, '^b') THEN 'b' END", None),
        ("match(email, '\\\\Aanna.*\\\\z')", True),
        ("makeDate32(toYear(born), 1, 1)", "1987-01-01"),
        ("date_trunc('year', born)", "1987-01-01"),
        ("CAST(NULL AS Nullable(Decimal(12, 4)))", None),
        ("concat(none, 'x')", None),
    ],
)
def test_an_expression_yields_what_the_engine_would(sql: str, value: object):
    assert evaluate(sql, ROW, backslashes=True) == value


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "email email",
        "hex(email)",
        "concat(email",
        "missing",
        "email || 'x'",
        "CASE WHEN 'text' THEN email END",
        "CASE WHEN email IS NULL THEN 1",
        "substr(email)",
        "match(email, '(')",
        "date_trunc('day', born)",
        "(SELECT email)",
        "x" * 20_000,
    ],
)
def test_what_is_not_understood_is_an_error_and_no_value(sql: str):
    with pytest.raises(ExpressionError):
        evaluate(sql, ROW, backslashes=True)


@pytest.mark.parametrize(
    "sql",
    [
        "email",
        "concat('x', email)",
        "substr(email, 2)",
        "substr(email, -5)",
        "replaceRegexpAll(email, '[0-9]', '*')",
        "CASE WHEN match(email, '@') THEN '***' ELSE email END",
        "CASE WHEN email__token IS NULL THEN email ELSE email__token END",
        "email__token",
        "lower(email)",
    ],
)
def test_a_mask_that_lets_five_characters_through_is_found(sql: str):
    assert problem_of_mask(sql, ("email",), COLUMNS, backslashes=True)


@pytest.mark.parametrize(
    "sql",
    [
        "'***'",
        "NULL",
        f"substr(email, -{MOST_KEPT})",
        "concat(substr(email, 1, 1), '***')",
        "born",
        "CASE WHEN match(email__token, '\\\\Atok_[a-z]+_[A-Za-z0-9]{22,64}\\\\z') THEN email__token END",
    ],
)
def test_a_mask_that_keeps_a_person_unknown_passes(sql: str):
    assert problem_of_mask(sql, ("email",), COLUMNS, backslashes=True) == ""


def test_only_the_token_beside_a_value_is_its_token():
    guarded = "CASE WHEN match(email__token, '\\\\Atok_.*\\\\z') THEN email__token END"
    assert shows_token(guarded, "email", COLUMNS, backslashes=True)
    assert not shows_token("'***'", "email", COLUMNS, backslashes=True)
    assert not shows_token("email", "email", COLUMNS, backslashes=True)
    assert not shows_token("unheard_of(email)", "email", COLUMNS, backslashes=True)


def test_every_kind_of_value_is_tried():
    assert len(set(PROBES)) == len(PROBES) > 20


def test_a_script_is_split_outside_of_texts_and_brackets():
    script = read_script(
        "GRANT SELECT ON a.b TO r; CREATE ROW POLICY p ON a.b FOR SELECT USING x = ';' AND f(1, ';') TO r;\n;"
    )
    assert [grant.on for grant in script.grants] == [("a", "b")]
    assert script.policies == {("a", "b", "r"): "x = ';' AND f(1, ';')"}
    assert script.opaque == []


def test_one_statement_may_grant_several_things_to_several_roles():
    script = read_script("GRANT SELECT ON a.b, INSERT ON c.d TO r, `s t` WITH REPLACE OPTION; REVOKE ALL ON *.* FROM r")
    assert [(grant.privilege, grant.on, grant.role) for grant in script.grants] == [
        ("SELECT", ("a", "b"), "r"),
        ("SELECT", ("a", "b"), "s t"),
        ("INSERT", ("c", "d"), "r"),
        ("INSERT", ("c", "d"), "s t"),
    ]
    assert script.opaque == []


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON a.b TO r WITH GRANT OPTION",
        "GRANT SELECT ON a.b, reader TO r",
        "GRANT CURRENT GRANTS ON *.* TO r, s WITH ADMIN OPTION",
        "GRANT SELECT(email) ON a.b TO r",
        "GRANT a TO b",
        "CREATE USER masking IDENTIFIED WITH no_password",
        "CREATE VIEW a.b AS SELECT 1",
        "SET allow_everything = 1",
        "CREATE ROW POLICY p ON a.b FOR SELECT USING 1 TO ALL EXCEPT r",
    ],
)
def test_a_statement_of_another_form_is_told_apart(statement: str):
    assert read_script(statement).opaque == [statement]
