from collections.abc import Iterator
from typing import Any

import pytest

from policies.memo import found_once
from policies.model import Resource
from policies.namespaces import Namespaces
from policies.node import Node
from policies.unknown import UNKNOWN, UnknownValueError

NAME = "kubernetes.io/metadata.name"


def _resource(props: dict[str, Any], kind: str = "core/v1:ConfigMap") -> Resource:
    return Resource("urn", f"kubernetes:{kind}", "name", props)


def _namespaces(**labels: dict[str, Any]) -> Namespaces:
    return Namespaces(
        [_resource({"metadata": {"name": name, "labels": own}}, "core/v1:Namespace") for name, own in labels.items()]
    )


def test_what_was_found_is_not_searched_for_again():
    searched: list[str] = []

    def find(resource: Resource) -> Iterator[str]:
        searched.append(resource.name)
        yield from ("a", "b")

    resource = _resource({})
    assert [list(found_once(resource, "letters", find)) for _ in range(2)] == [["a", "b"], ["a", "b"]]
    assert searched == ["name"]


def test_an_unknown_value_ends_each_search_after_what_stands_before_it():
    resource = _resource({"items": ["a", UNKNOWN, "c"]})
    for _ in range(2):
        found = found_once(resource, "texts", lambda it: (item.text() for item in it.root["items"].items()))
        assert next(found) == "a"
        with pytest.raises(UnknownValueError, match=r"^items\[1\]$"):
            next(found)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ({}, ["one", "two", "three"]),
        ({"matchLabels": {NAME: "two"}}, ["two"]),
        ({"matchLabels": {NAME: "two", "team": "a"}}, []),
        ({"matchLabels": {"team": "a", NAME: "one"}}, ["one"]),
        ({"matchLabels": {NAME: "two"}, "matchExpressions": [{"key": "team", "operator": "Exists"}]}, ["two"]),
        ({"matchLabels": {NAME: 2}}, []),
        ({"matchLabels": {NAME: "elsewhere", "team": UNKNOWN}}, []),
        ({"matchExpressions": [{"key": NAME, "operator": "In", "values": ["one", "two"]}]}, ["one", "two"]),
        ({"matchLabels": {NAME: "renamed"}}, ["three"]),
        ({"matchLabels": {NAME: "three"}}, []),
    ],
)
def test_a_selector_picks_the_namespaces_that_carry_its_labels(selector: dict[str, Any], names: list[str]):
    namespaces = _namespaces(one={"team": "a"}, two={"team": "b"}, three={NAME: "renamed"})
    assert namespaces.selected(Node(selector)) == names
    assert [name for name in ("one", "two", "three") if namespaces.is_selected(name, Node(selector))] == names


def test_a_selector_that_is_not_known_says_so():
    for selector in (UNKNOWN, {"matchLabels": UNKNOWN}, {"matchLabels": {NAME: UNKNOWN}}):
        with pytest.raises(UnknownValueError):
            _namespaces(one={}).selected(Node(selector))
    assert _namespaces().selected(Node(UNKNOWN)) == []
