import base64
import string
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engine.diff import diff
from sandbox.engine.provider import Created, Operation, Target
from sandbox.engine.providers.random import SPECIAL, RandomProvider
from sandbox.engine.values import UNKNOWN

PASSWORD = "random:index/randomPassword:RandomPassword"
STRING = "random:index/randomString:RandomString"
ID = "random:index/randomId:RandomId"
BYTES = "random:index/randomBytes:RandomBytes"
UUID = "random:index/randomUuid:RandomUuid"
INTEGER = "random:index/randomInteger:RandomInteger"
SHUFFLE = "random:index/randomShuffle:RandomShuffle"

provider = RandomProvider()


def target(type: str) -> Target:
    return Target(f"urn:pulumi:s::p::{type}::x", type, "x")


def create(type: str, inputs: dict[str, Any]) -> Created:
    checked = provider.check(target(type), inputs, None)
    assert list(checked.failures) == []
    return provider.create(target(type), checked.inputs, Operation(nonce="n"))


@settings(max_examples=60)
@given(st.data())
def test_a_password_has_its_length_and_as_many_of_each_class_as_asked(data: st.DataObject) -> None:
    classes = {"Upper": string.ascii_uppercase, "Lower": string.ascii_lowercase, "Numeric": string.digits}
    least = {name: data.draw(st.integers(0, 5), name) for name in (*classes, "Special")}
    length = data.draw(st.integers(max(1, sum(least.values())), 40))
    special = data.draw(st.sampled_from([None, "#_"]))
    inputs = {"length": length, **{f"min{name}": count for name, count in least.items()}}
    result = create(PASSWORD, {**inputs, "overrideSpecial": special}).outputs["result"]
    assert len(result) == length
    for name, characters in {**classes, "Special": special or SPECIAL}.items():
        assert sum(character in characters for character in result) >= least[name]


@pytest.mark.parametrize(
    ("inputs", "allowed"),
    [
        ({"special": False}, string.ascii_letters + string.digits),
        ({"special": False, "upper": False, "numeric": False}, string.ascii_lowercase),
        ({"lower": False, "upper": False, "special": False}, string.digits),
        ({"lower": False, "upper": False, "numeric": False, "overrideSpecial": "-"}, "-"),
        ({"special": False, "number": False}, string.ascii_letters),
    ],
)
def test_only_allowed_characters_occur(inputs: dict[str, Any], allowed: str) -> None:
    assert set(create(STRING, {"length": 200, **inputs}).outputs["result"]) <= set(allowed)


def test_a_passwords_result_is_secret_and_its_hash_is_said_to_be_absent() -> None:
    created = create(PASSWORD, {"length": 12})
    assert provider.secret_outputs(PASSWORD) == {"result", "bcryptHash"}
    assert created.id == "none"
    assert "bcryptHash" not in created.outputs
    assert "no bcrypt" in provider.absent_outputs(PASSWORD)["bcryptHash"]
    assert provider.secret_outputs(STRING) == frozenset()


@pytest.mark.parametrize(
    ("type", "inputs", "where", "reason"),
    [
        (PASSWORD, {}, "length", "it is required"),
        (PASSWORD, {"length": 0}, "length", "0 is too small; the smallest allowed is 1"),
        (PASSWORD, {"length": 3, "minUpper": 2, "minLower": 2}, "length", "3 is less than the 4 characters"),
        (PASSWORD, {"length": 3, "wrong": 1}, "wrong", "does not support it"),
        (PASSWORD, {"length": 3, "numeric": True, "number": False}, "number", "it contradicts numeric"),
        (
            STRING,
            {"length": 3, "upper": False, "lower": False, "numeric": False, "special": False},
            "lower",
            "all false",
        ),
        (INTEGER, {"min": 5, "max": 4}, "max", "4 is less than min, which is 5"),
        (INTEGER, {"min": 1, "max": 4, "seed": "s"}, "seed", "does not support it"),
        (ID, {"byteLength": 0}, "byteLength", "too small"),
    ],
)
def test_impossible_inputs_are_refused(type: str, inputs: dict[str, Any], where: str, reason: str) -> None:
    (failure,) = provider.check(target(type), inputs, None).failures
    assert failure.property == where
    assert reason in failure.reason


def test_an_id_comes_in_every_form_with_its_prefix() -> None:
    created = create(ID, {"byteLength": 6, "prefix": "lake-"})
    value = bytes.fromhex(created.outputs["hex"].removeprefix("lake-"))
    assert len(value) == 6
    assert created.outputs["b64Std"] == "lake-" + base64.b64encode(value).decode()
    assert created.outputs["dec"] == f"lake-{int.from_bytes(value, 'big')}"
    assert created.outputs["b64Url"] == f"lake-{created.id}"


def test_bytes_are_secret_and_agree_in_both_forms() -> None:
    outputs = create(BYTES, {"length": 9}).outputs
    assert base64.b64decode(outputs["base64"]) == bytes.fromhex(outputs["hex"])
    assert provider.secret_outputs(BYTES) == {"base64", "hex"}


def test_a_uuid_is_one_and_is_the_id() -> None:
    created = create(UUID, {})
    assert uuid.UUID(created.outputs["result"]).version == 4
    assert created.id == created.outputs["result"]


def test_an_integer_stays_in_its_range_and_reaches_both_ends() -> None:
    results = {create(INTEGER, {"min": -1, "max": 1}).outputs["result"] for _ in range(200)}
    assert results == {-1, 0, 1}


@pytest.mark.parametrize(("count", "length"), [(None, 3), (2, 2), (7, 7), (0, 0)])
def test_a_shuffle_repeats_its_inputs_evenly(count: int | None, length: int) -> None:
    results = create(SHUFFLE, {"inputs": ["a", "b", "c"], "resultCount": count}).outputs["results"]
    assert len(results) == length
    assert all(results.count(item) <= -(-length // 3) for item in results)


def test_a_changed_keeper_replaces_and_an_unchanged_one_keeps_the_value() -> None:
    inputs = provider.check(target(PASSWORD), {"length": 8, "keepers": {"a": "1"}}, None).inputs
    other = provider.check(target(PASSWORD), {"length": 8, "keepers": {"a": "2"}}, None).inputs
    assert provider.replaces(target(PASSWORD), diff(inputs, other), inputs, other) == {"keepers.a"}
    assert provider.replaces(target(PASSWORD), diff(inputs, dict(inputs)), inputs, inputs) == set()
    assert provider.delete_before_replace(target(PASSWORD), inputs, other) is False


def test_two_values_differ_and_reading_keeps_them() -> None:
    one, two = create(PASSWORD, {"length": 32}), create(PASSWORD, {"length": 32})
    assert one.outputs["result"] != two.outputs["result"]
    live = provider.read(target(PASSWORD), one.id, {"length": 32}, one.outputs)
    assert live.outputs == one.outputs


def test_a_preview_does_not_generate() -> None:
    inputs = provider.check(target(PASSWORD), {"length": UNKNOWN}, None)
    assert list(inputs.failures) == []
    assert provider.preview_create(target(PASSWORD), inputs.inputs).outputs["result"] is UNKNOWN


def test_types_that_need_the_real_providers_word_lists_are_not_supported() -> None:
    assert provider.supports(UUID)
    assert not provider.supports("random:index/randomPet:RandomPet")
