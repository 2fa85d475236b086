from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from policies.kinds import name_of, of_kinds
from policies.label_selectors import Labels, labels_at, selects
from policies.model import Resource
from policies.node import Node

_NAMESPACE: Final = ("core", "Namespace")
_NAME: Final = "kubernetes.io/metadata.name"
"""The label by which Kubernetes itself names each namespace."""


class Namespaces:
    """The namespaces that a stack declares, with their labels.

    Args:
        resources: The stack's resources.

    Raises:
        UnknownValueError: If the name or a label of one is not known yet.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._labels: dict[str, Labels] = {
            name_of(each): {_NAME: name_of(each), **labels_at(each.root.at("metadata", "labels"))}
            for each in of_kinds(resources, _NAMESPACE)
        }
        self._named: dict[str | None, list[str]] = {}
        for name, labels in self._labels.items():
            self._named.setdefault(labels[_NAME], []).append(name)

    def __contains__(self, name: str) -> bool:
        """Whether a namespace is declared."""
        return name in self._labels

    def is_selected(self, name: str, selector: Node) -> bool:
        """Whether a label selector selects a namespace; one that is not declared has no labels."""
        return selects(selector, self._labels.get(name, {}))

    def selected(self, selector: Node) -> list[str]:
        """The names of the namespaces that a label selector selects, in the order of their declaration."""
        return [name for name in self._candidates(selector["matchLabels"]) if selects(selector, self._labels[name])]

    def _candidates(self, wanted: Node) -> Iterable[str]:
        # A selector mostly names the namespace first. With a hundred tenants there are hundreds of others to pass over.
        if wanted.known():
            key, node = next(wanted.entries(), ("", wanted))
            if key == _NAME and node.known():
                return self._named.get(node.text(), ())
        return self._labels
