"""Each adapted type lives its whole life against a real moto server."""

import typing
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.engine.diff import diff
from sandbox.engine.providers.aws.registry import ADAPTERS
from sandbox.engine.providers.recorded.outputs import declared, optional
from tests.support.aws_cases import BY_TYPE, CASES, KEY, Case
from tests.support.aws_hand import Hand, Made

pytestmark = pytest.mark.integration


def word() -> str:
    return f"w{uuid.uuid4().hex[:16]}"


def needs_of(hand: Hand, case: Case) -> dict[str, Made]:
    made = {}
    for type in case.needs:
        name = word()
        made[type] = hand.create(type, name, BY_TYPE[type].inputs(name, made))
    if KEY in made:
        made["other"] = hand.create(KEY, word(), {"description": "another key"})
    return made


def assert_typed(value: Any, annotation: Any, where: str) -> None:
    """Fail when a value is not of the type that the SDK's class declares for the output."""
    if optional(annotation):
        annotation = typing.get_args(annotation)[0]
        if value is None:
            return
    origin = typing.get_origin(annotation)
    if annotation in (str, int, bool, float):
        assert type(value) is annotation, f"{where} is {value!r}, not {annotation.__name__}"
    elif origin is not None and "Sequence" in str(annotation):
        assert isinstance(value, list), f"{where} is {value!r}, not a list"
        for item in value:
            assert_typed(item, typing.get_args(annotation)[0], where)
    else:
        assert isinstance(value, dict), f"{where} is {value!r}, not a map"


GO_WITH_THEIR_OWNER = {
    "aws:secretsmanager/secretVersion:SecretVersion",  # the label of the current version cannot be removed
    "aws:s3/bucketVersioning:BucketVersioning",  # versioning can be suspended, not removed
}


by_type = pytest.mark.parametrize("case", CASES, ids=lambda case: case.type.rpartition(":")[2])


def test_every_adapted_type_has_a_case() -> None:
    assert set(BY_TYPE) == set(ADAPTERS)


@by_type
def test_a_type_lives_its_whole_life(hand: Hand, case: Case) -> None:
    made = needs_of(hand, case)
    name = word()
    thing = hand.create(case.type, name, case.inputs(name, made))

    for output, annotation in declared(case.type).items():
        if output in ADAPTERS[case.type].absent:
            assert output not in thing.outputs
        elif not optional(annotation):
            assert output in thing.outputs, f"{output} is missing"
        if output in thing.outputs:
            assert_typed(thing.outputs[output], annotation, output)
    assert set(thing.outputs) <= set(declared(case.type))
    for given, value in thing.inputs.items():
        assert thing.outputs[given] == value, given

    live = thing.read()
    assert live is not None
    assert diff(live.inputs, thing.inputs) == []
    assert live.outputs == thing.outputs

    if case.changed:
        before = thing.outputs
        outputs = thing.update(case.changed(name, made))
        for given, value in thing.inputs.items():
            assert outputs[given] == value, given
        assert outputs != before
        live = thing.read()
        assert live is not None
        assert diff(live.inputs, thing.inputs) == []

    thing.delete()
    if case.type in GO_WITH_THEIR_OWNER:
        made[case.needs[0]].delete()
    assert thing.read() is None
    thing.delete()


drifting = [case for case in CASES if case.break_it]


@pytest.mark.parametrize("case", drifting, ids=lambda case: case.type.rpartition(":")[2])
def test_a_change_by_hand_is_seen_and_repaired(hand: Hand, direct: Callable[[str], Any], case: Case) -> None:
    made = needs_of(hand, case)
    name = word()
    thing = hand.create(case.type, name, case.inputs(name, made))
    assert case.break_it
    case.break_it(direct, thing.id, thing.outputs)

    live = thing.read()
    assert live is not None
    seen = {str(change.path[0]) for change in diff(live.inputs, thing.inputs)}
    assert seen == set(case.drifted)

    wanted = thing.inputs
    thing.inputs = live.inputs
    thing.update({key: value for key, value in wanted.items() if key != "tagsAll"})
    live = thing.read()
    assert live is not None
    assert diff(live.inputs, wanted) == []
