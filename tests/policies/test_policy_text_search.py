"""The quick searches that let most texts pass must let nothing pass that the exact ones would find."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import config_text, personal_text
from policies.personal_text import personal_number
from policies.secret_forms import secret_form

NUMBERS = ["4111 1111 1111 1111", "378282246310005", "078-05-1120", "078.05.1120", "DE89 3704 0044 0532 0130 00"]
SIGNS = st.text("0149 -.:/AZaz_\n٣", max_size=12)
PIECES = st.lists(SIGNS | st.sampled_from([*NUMBERS, "4111111111111111", "078051120"]), max_size=4).map("".join)
WORDS = st.lists(
    st.sampled_from(
        ["pass", "PWD", "Secret", "token:", "KEY=", "creDential", "beaRer", "\u017fecret", "to\u212aen", "\u0130", "a"]
    )
    | st.sampled_from([" ", "\n", "\r\n", "\x0b", "\u2028", "x"]),
    max_size=12,
).map("".join)


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_the_first_search_passes_over_no_text_with_a_personal_number(text: str):
    exact = (personal_text._CARD, personal_text._SSN, personal_text._IBAN)
    if any(pattern.search(text) for pattern in exact):
        assert personal_text._LIKELY.search(text)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("text", ["{}", "x: {}", "a\n{}\n", "é {} ü", '{{"number":"{}"}}'])
def test_a_personal_number_is_found_wherever_it_stands(number: str, text: str):
    assert personal_number(text.format(number))


@given(WORDS)
@settings(max_examples=300, deadline=None)
def test_the_lines_that_tell_are_those_that_a_search_of_each_line_would_give(text: str):
    each = [line for line in text.splitlines() if config_text._HINT.search(line)]
    assert list(config_text._telling_lines(text)) == each


HOSTILE = {
    "blanks in a value": "password: x" + " " * 100_000 + "y",
    "blanks before a name": " " * 100_000 + "password",
    "blanks between attributes": 'key="password"' + " " * 100_000 + "value",
    "one name after the other": "password:" * 20_000,
    "open quotes": 'password="' * 20_000,
    "open tags": "<password>" * 20_000,
    "open properties": "<name>password</name><value>" * 5_000,
    "beginnings of tokens": "eyJ" * 50_000,
    "tokens without an end": "eyJhbGciOiJIUzI1NiJ9aaaa." * 5_000,
    "half addresses": "a" * 50_000 + "://" + "a:" * 50_000,
    "bearers of blanks": "Bearer " + " " * 100_000,
    "beginnings of keys": "-----BEGIN " * 20_000 + "PRIVATE KEY",
    "digits": "4111" * 50_000,
    "digits apart": "1 " * 100_000,
    "groups of an account": "GB29 " + "NWBK " * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_for_ever(name: str):
    begin = time.process_time()
    config_text.secret_in("settings.yaml", HOSTILE[name])
    personal_number(HOSTILE[name])
    # It takes a tenth of that; what grows with the square of the text took minutes.
    assert time.process_time() - begin < 3


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("eyJhbGciOiJIUzI1NiJ9aaaa.eyJzdWIiOiIxMjM0NTY3", "a signed token (JWT)"),
        ("xeyJeyJhbGciOiJIUzI1NiJ9aaaa.eyJzdWIiOiIxMjM0NTY3", "a signed token (JWT)"),
        ("eyJhbGciOiJIUzI1NiJ9aaaa eyJhbGciOiJIUzI1NiJ9aaaa.eyJzdWIiOiIxMjM0NTY3", "a signed token (JWT)"),
        ("eyJhbGciOiJIUzI1NiJ9aaaa.short eyJhbGciOiJIUzI1NiJ9aaaa", ""),
    ],
)
def test_a_token_is_told_from_its_beginning_alone(text: str, form: str):
    assert secret_form(text) == form


@pytest.mark.parametrize("end", ["", ",", ";", "  ", " ;", ",  ", "\t"])
def test_what_ends_a_pair_is_no_part_of_its_value(end: str):
    assert config_text.secret_in("a.conf", f"password = tr0ub4dor{end}\n") == "the value of password"
    assert config_text.secret_in("a.conf", f"password = none{end}\n") == ""
