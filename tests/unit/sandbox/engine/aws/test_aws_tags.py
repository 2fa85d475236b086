import re

from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine.providers.aws.tags import all_tags, marks, own_tags, urn_mark, without_marks
from sandbox.engine.values import UNKNOWN


@given(st.text(min_size=1, max_size=600))
def test_a_urn_mark_is_always_a_valid_tag_value(urn: str) -> None:
    mark = urn_mark(urn)
    assert len(mark) <= 256
    assert re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]*", mark)


@given(st.text(max_size=300), st.text(max_size=300))
def test_two_urns_never_share_a_mark(one: str, other: str) -> None:
    assert (urn_mark(one) == urn_mark(other)) == (one == other)


def test_a_mark_keeps_the_end_of_the_urn_readable() -> None:
    assert "platform:Store_aws:s3/bucket:Bucket::lake" in urn_mark(
        "urn:pulumi:s::p::platform:Store$aws:s3/bucket:Bucket::lake"
    )


def test_marks_are_no_tags_of_the_user() -> None:
    assert without_marks({**marks("urn", "nonce"), "a": "1"}) == {"a": "1"}


def test_default_tags_yield_to_the_resources_own() -> None:
    assert all_tags({"a": "own"}, {"a": "default", "b": "default"}) == {"a": "own", "b": "default"}
    assert all_tags(None, {"b": "default"}) == {"b": "default"}
    assert all_tags(UNKNOWN, {"b": "default"}) is UNKNOWN


def test_live_tags_that_the_defaults_account_for_are_not_the_resources_own() -> None:
    live = {"a": "1", "b": "default", "hand": "made"}
    assert own_tags(live, {"a": "1"}, {"b": "default"}) == {"a": "1", "hand": "made"}
    assert own_tags(live, {"b": "default"}, {"b": "default"})["b"] == "default"
