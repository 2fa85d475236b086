from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from prediction_consumer.isolation import Refused, isolating, refusal


def problem(*locations: str) -> dict[str, object]:
    return {"detail": "not valid", "errors": [{"location": each, "message": "is wrong"} for each in locations]}


def test_a_refusal_names_the_items_that_the_problem_document_names():
    refused = refusal("model-server", 422, "no", problem("body.inputs.3.price", "body.inputs.7", "query.x"), "inputs")
    assert refused.named == {3: "price: is wrong", 7: "is wrong"}


def test_a_refusal_of_another_form_names_nothing_and_is_a_refusal_all_the_same():
    for document in (None, [], {"errors": "none"}, {"errors": [1, {"location": 5}]}):
        refused = refusal("model-server", 422, "no", document, "inputs")
        assert refused.named == {}
        assert str(refused) == "model-server answers 422: no"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.booleans())
async def test_each_item_is_answered_or_refused_by_itself_whether_named_or_not(bad: list[bool], named: bool):
    items = list(enumerate(bad))

    async def ask(some: Sequence[tuple[int, bool]]) -> list[int]:
        wrong = {place: "is bad" for place, (_, bad) in enumerate(some) if bad}
        if wrong:
            raise Refused("model-server", 422, "some are bad", wrong if named else None)
        return [number for number, _ in some]

    results = await isolating(items, ask)
    assert [isinstance(result, Refused) for result in results] == bad
    assert [result for result in results if not isinstance(result, Refused)] == [n for n, bad in items if not bad]


async def test_a_place_beyond_the_request_is_not_believed():
    async def ask(some: Sequence[str]) -> list[str]:
        if "bad" in some:
            raise Refused("model-server", 422, "bad", {99: "is bad"})
        return list(some)

    results = await isolating(["a", "bad", "c"], ask)
    assert [isinstance(result, Refused) for result in results] == [False, True, False]


async def test_named_items_cost_one_more_question_and_not_a_search():
    asked = []

    async def ask(some: Sequence[int]) -> list[int]:
        asked.append(len(some))
        if 250 in some:
            raise Refused("model-server", 422, "bad", {some.index(250): "is bad"})
        return list(some)

    await isolating(range(500), ask)
    assert asked == [500, 499]
