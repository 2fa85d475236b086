from __future__ import annotations

from collections.abc import Iterable, Mapping

from policies.node import Node

Labels = Mapping[str, str]


def labels_at(node: Node) -> dict[str, str]:
    """The labels at a place, such as `metadata.labels`; entries that are no text are left out."""
    return {key: value for key, item in node.entries() if (value := item.text()) is not None}


def is_empty(selector: Node) -> bool:
    """Whether a label selector that is there restricts nothing, which selects everything."""
    return not selector["matchLabels"].value() and not selector["matchExpressions"].value()


def selects(selector: Node, labels: Labels) -> bool:
    """Whether a label selector selects something with these labels (Kubernetes, Labels and Selectors).

    An operator that Kubernetes does not know selects nothing.
    """
    if any(labels.get(key) != item.text() for key, item in selector["matchLabels"].entries()):
        return False
    return all(_holds(expression, labels) for expression in selector["matchExpressions"].items())


def keys_of(selector: Node) -> set[str]:
    """The label keys that a selector asks to be there."""
    keys = {key for key, _ in selector["matchLabels"].entries()}
    for expression in selector["matchExpressions"].items():
        key = expression["key"].text()
        if key is not None and expression["operator"].text() in {"In", "Exists"}:
            keys.add(key)
    return keys


def meet(selector: Node, other: Node, known: Iterable[Labels]) -> bool:
    """Whether two selectors are about the same things, as far as can be known.

    Args:
        selector: One label selector.
        other: The other one.
        known: Labels of the things that are known; operators may make more.

    Returns:
        Whether something known is selected by both, or one selects what has exactly the labels that the other asks for.
    """
    if any(selects(selector, labels) and selects(other, labels) for labels in known):
        return True
    return selects(selector, labels_at(other["matchLabels"])) or selects(other, labels_at(selector["matchLabels"]))


def shown_selector(selector: Node) -> str:
    """The selector as a message shows it, such as `app=web, tier in (a, b)`."""
    parts = [f"{key}={item.shown().strip(chr(39))}" for key, item in selector["matchLabels"].entries()]
    for expression in selector["matchExpressions"].items():
        values = ", ".join(value.text() or "?" for value in expression["values"].items())
        operator = expression["operator"].text() or "?"
        parts.append(f"{expression['key'].text()} {operator}" + (f" ({values})" if values else ""))
    return ", ".join(parts) or "everything"


def _holds(expression: Node, labels: Labels) -> bool:
    key = expression["key"].text()
    if key is None:
        return False
    values = {item.text() for item in expression["values"].items()}
    match expression["operator"].text():
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
