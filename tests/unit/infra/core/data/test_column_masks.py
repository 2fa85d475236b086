import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.core.data.classes import MaskName
from infra.core.data.masks import MASKS, MOST_KEPT, REDACTED, TOKEN_PATTERN, Mask, mask_sql, mask_value, token_sql
from infra.core.data.sql_text import literal
from tests.support.pii_strings import ACCOUNTS, CARDS, EMAILS, EVERYTHING, NAMES, PHONES, SSNS, TELLING, leak


def test_the_search_for_leaks_finds_one():
    assert leak("jane.doe@example.com", "j***@example.com") == "examp"
    assert leak("078-05-1120", "no 07 80 5") == "07805"
    assert leak("4111 1111 1111 1234", "**** **** **** 1234") is None


@pytest.mark.parametrize("name", MASKS)
def test_no_mask_lets_anything_telling_through(name: MaskName):
    assert MOST_KEPT < TELLING
    assert [(text, mask_value(name, text)) for text in EVERYTHING if leak(text, mask_value(name, text))] == []


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(MASKS)), text=st.text(max_size=60) | st.from_regex(r"[0-9 @a-z.-]{5,40}"))
@example(name="email", text="a" * 200 + "@b")
def test_no_mask_lets_anything_telling_of_any_text_through(name: MaskName, text: str):
    shown = mask_value(name, text)
    assert leak(text, shown) is None
    assert shown is not None
    assert sum(character.isalnum() for character in shown) <= MOST_KEPT


@pytest.mark.parametrize("name", MASKS)
def test_what_is_not_there_stays_so(name: MaskName):
    assert mask_value(name, None) is None
    assert mask_value(name, "") == REDACTED


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("email", "jane.doe@example.com", "j***@***"),
        ("email", "j+tag@example.com", "j***@***"),
        ("email", '"jane"@example.com', REDACTED),
        ("email", "jane@doe@example.com", REDACTED),
        ("email", "write to jane@example.com", REDACTED),
        ("email", "078-05-1120", REDACTED),
        ("ssn", "078-05-1120", "***-**-1120"),
        ("ssn", "078051120", "***-**-1120"),
        ("ssn", "078-05-1120\n", REDACTED),
        ("ssn", "\u0660\u0667\u0668-\u0660\u0665-\u0661\u0661\u0662\u0660", REDACTED),
        ("card", "4111 1111 1111 1234", "**** **** **** 1234"),
        ("card", "4222222222222", "**** **** **** 2222"),
        ("card", "411111111111", REDACTED),
        ("card", "41111111111111111111", REDACTED),
        ("phone", "+1 (202) 555-0143", "***-43"),
        ("phone", "12345", REDACTED),
        ("account", "DE89 3704 0044 0532 0130 00", "****3000"),
        ("redact", "Ada Lovelace", REDACTED),
    ],
)
def test_a_mask_keeps_the_form_of_what_it_knows_and_nothing_of_what_it_does_not(name: MaskName, text: str, shown: str):
    assert mask_value(name, text) == shown


def test_most_of_the_usual_forms_are_recognized():
    known: dict[MaskName, tuple[str, ...]] = {
        "email": EMAILS[:4],
        "ssn": SSNS[:4],
        "card": CARDS[:7],
        "phone": PHONES[:4],
        "account": ACCOUNTS[:3],
    }
    for name, texts in known.items():
        assert all(mask_value(name, text) != REDACTED for text in texts), name
    assert all(mask_value("redact", text) == REDACTED for text in NAMES)


def test_a_mask_that_would_keep_too_much_cannot_be_made():
    with pytest.raises(ValueError, match="at most 4 characters, not 5"):
        Mask(form="x", first=1, last=4)


def test_expressions_are_those_of_their_engine():
    clickhouse = mask_sql("ssn", "`ssn`", "clickhouse")
    trino = mask_sql("ssn", '"ssn"', "trino")
    assert r"match(`ssn`, '\\A(?:" in clickhouse
    assert r"regexp_like(" in trino
    assert r"'\A(?:" in trino
    assert token_sql('"a__token"', "trino") == (
        rf"""CASE WHEN regexp_like("a__token", '\A(?:{TOKEN_PATTERN})\z') THEN "a__token" END"""
    )


def test_a_quote_in_a_text_ends_no_text():
    assert literal("it's", "trino") == "'it''s'"
    assert literal("a\\'b", "clickhouse") == "'a\\\\''b'"
