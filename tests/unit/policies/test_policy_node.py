import pytest

from policies.node import Node
from policies.unknown import UNKNOWN, UnknownValueError


def test_a_path_reads_as_people_write_it():
    root = Node({"spec": {"containers": [{"image": "a"}]}, "metadata": {"labels": {"platform/owner": "x"}}})
    assert root.at("spec", "containers").items()[0]["image"].path == "spec.containers[0].image"
    assert root.at("metadata", "labels", "platform/owner").path == 'metadata.labels["platform/owner"]'
    assert root.path == ""


@pytest.mark.parametrize("value", [None, 1, "text", [], {"a": 1}, True])
def test_a_wrong_type_reads_as_absent(value: object):
    node = Node({"field": value})["field"]
    assert node["child"].exists() is False
    assert node.text() == (value if isinstance(value, str) else None)
    assert node.boolean() == (value if isinstance(value, bool) else None)
    assert node.items() == []


def test_an_explicit_null_is_absent():
    assert not Node({"field": None})["field"].exists()


def test_a_boolean_is_no_number_and_a_whole_float_is_one():
    assert Node({"x": False})["x"].integer() is None
    assert Node({"x": 0.0})["x"].integer() == 0
    assert Node({"x": 0.5})["x"].integer() is None
    assert Node({"x": 7})["x"].integer() == 7


def test_a_message_shows_scalars_and_names_the_type_of_the_rest():
    root = Node({"a": "x", "b": [1], "c": {}})
    assert (root["a"].shown(), root["b"].shown(), root["c"].shown()) == ("'x'", "a list", "a mapping")


def test_entries_leave_out_keys_that_are_not_text():
    assert [key for key, _ in Node({"a": 1, 2: 3}).entries()] == ["a"]


@pytest.mark.parametrize("read", ["value", "exists", "text", "boolean", "integer", "items"])
def test_reading_what_is_not_known_raises_with_the_path(read: str):
    node = Node({"spec": UNKNOWN}).at("spec", "replicas")
    assert not node.known()
    with pytest.raises(UnknownValueError, match=r"^spec\.replicas$"):
        getattr(node, read)()
