"""Label selectors, by the rules of `k8s.io/apimachinery/pkg/apis/meta/v1`."""

from __future__ import annotations

from collections.abc import Mapping

from policies.node import Node


def labels_at(node: Node) -> dict[str, str]:
    """The labels (or a map of labels) that stand here.

    Raises:
        UnknownValueError: If one is not known yet.
    """
    return {key: text for key, value in node.entries() if (text := value.text()) is not None}


def matches_map(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether the labels have all that is wanted; nothing wanted is found in any labels."""
    return all(labels.get(key) == value for key, value in wanted.items())


def selects(selector: Node, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects an object with these labels.

    Args:
        selector: The place of the selector. An absent one selects nothing, an empty one everything.
        labels: The labels of the object.

    Raises:
        UnknownValueError: If a part of the selector is not known yet.
    """
    if not selector.exists():
        return False
    if not matches_map(labels_at(selector["matchLabels"]), labels):
        return False
    return all(_holds(expression, labels) for expression in selector["matchExpressions"].items())


def _holds(expression: Node, labels: Mapping[str, str]) -> bool:
    key, operator = expression["key"].text() or "", expression["operator"].text()
    values = {item.text() for item in expression["values"].items()}
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
