import pytest

from policies.label_selectors import is_empty, keys_of, meet, selects, shown_selector
from policies.node import Node

WEB = {"app": "web", "tier": "front"}


def _expression(key: str, operator: str, *values: str) -> Node:
    return Node({"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]})


@pytest.mark.parametrize(
    "selector",
    [
        Node({}),
        Node(None),
        Node({"matchLabels": {}}),
        Node({"matchLabels": {"app": "web"}}),
        Node({"matchLabels": WEB}),
        _expression("app", "In", "web", "api"),
        _expression("app", "NotIn", "api"),
        _expression("zone", "NotIn", "a"),
        _expression("app", "Exists"),
        _expression("zone", "DoesNotExist"),
    ],
)
def test_a_selector_selects_labels_that_fulfil_all_that_it_asks(selector: Node):
    assert selects(selector, WEB)


@pytest.mark.parametrize(
    "selector",
    [
        Node({"matchLabels": {"app": "api"}}),
        Node({"matchLabels": {"app": "web", "zone": "a"}}),
        Node({"matchLabels": {"app": 1}}),
        _expression("app", "In", "api"),
        _expression("zone", "In", "a"),
        _expression("app", "NotIn", "web"),
        _expression("zone", "Exists"),
        _expression("app", "DoesNotExist"),
        _expression("app", "Gt", "1"),
        Node({"matchExpressions": [{"operator": "Exists"}]}),
    ],
)
def test_a_selector_selects_nothing_that_lacks_one_of_them(selector: Node):
    assert not selects(selector, WEB)


def test_only_a_selector_that_asks_for_nothing_is_empty():
    assert is_empty(Node({"matchLabels": {}, "matchExpressions": []}))
    assert not is_empty(Node({"matchLabels": {"app": "web"}}))
    assert not is_empty(_expression("app", "DoesNotExist"))


def test_two_selectors_meet_in_pods_that_are_known_or_if_one_is_the_other_and_more():
    app, tier, both = (Node({"matchLabels": it}) for it in ({"app": "web"}, {"tier": "front"}, WEB))
    assert meet(app, both, ())
    assert meet(both, app, ())
    assert not meet(app, tier, ())
    assert meet(app, tier, [WEB])


def test_a_selector_is_shown_as_people_write_it():
    selector = Node({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]})
    assert shown_selector(selector) == "app=web, tier Exists"
    assert shown_selector(_expression("app", "In", "a", "b")) == "app In (a, b)"
    assert shown_selector(Node({})) == "everything"
    assert keys_of(selector) == {"app", "tier"}
    assert keys_of(_expression("app", "NotIn", "a")) == set()
