from datetime import date
from pathlib import Path

import pytest

from tests.support.linters import Failure, problems, read_waivers

DAY = date(2026, 11, 21)
WAIVED = read_waivers("waivers: [{checks: [A1, A2], until: 2026-11-21, reason: it is so}]")
BOTH = [Failure("A1", "web"), Failure("A2", "web")]


def test_what_is_waived_may_fail_until_its_last_day():
    assert problems(BOTH, WAIVED, DAY) == []
    assert problems(BOTH, WAIVED, date(2026, 11, 22)) == [
        "the waiver of A1, A2 ended on 2026-11-21; look at it again",
    ]


def test_what_is_not_waived_is_named_with_what_it_fails_for():
    [told] = problems([*BOTH, Failure("B1", "web"), Failure("B1", "api")], WAIVED, DAY)
    assert told == "B1 fails for api, web; mend it, or waive it with a reason"


def test_a_waiver_for_nothing_is_told():
    assert problems(BOTH[:1], WAIVED, DAY) == ["A2 is waived and fails for nothing; delete it"]


@pytest.mark.parametrize(
    "row", ["checks: [], reason: it is so", 'checks: [A1], reason: "one\\ntwo"', 'checks: [A1], reason: " "']
)
def test_a_waiver_says_what_and_why_in_one_line(row: str):
    with pytest.raises(ValueError, match="the reason in one line"):
        read_waivers(f"waivers: [{{{row}, until: 2026-11-21}}]")


def test_the_committed_waivers_can_be_read_and_are_ten_at_most():
    committed = read_waivers((Path(__file__).parents[2] / "stacks" / "waivers.yaml").read_text("utf-8"))
    assert 0 < len(committed) <= 10
