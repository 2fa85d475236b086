"""The quick searches that let most texts pass must let nothing pass that the exact ones would find."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import config_text, personal_text
from policies.personal_text import personal_number

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
