from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from functools import partial
from typing import Any, ClassVar, Final

import yaml

from policies.errors import InputError
from policies.model import Resource

_DEEPEST: Final = 1000
"""Levels of nesting that are read. LibYAML's composer recurses on the C stack and ends the process far above this."""

_BRACKET = re.compile(rb"[\[\]{}]")
_COMPACT = re.compile(rb"(?:[-?] +){%d}" % _DEEPEST)


_TEXT: Final = "tag:yaml.org,2002:str"
_LIST: Final = "tag:yaml.org,2002:seq"
_MAPPING: Final = "tag:yaml.org,2002:map"
_MOST_REMEMBERED: Final = 10_000
_SHARED = re.compile(rb"&|<<")


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: a bare date and a bare `=` are text.

    It finds out once for each bare word what it means, since manifests repeat the same words.
    """

    _meanings: ClassVar[dict[str, str]] = {}

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        """The tag of a node; PyYAML asks for each node that has none of its own."""
        if kind is yaml.ScalarNode and implicit[0]:
            known = self._meanings.get(value)
            if known is None:
                known = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
                if len(self._meanings) < _MOST_REMEMBERED:
                    self._meanings[value] = known
            return known
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(text: bytes, file: str) -> Iterator[tuple[int, Any]]:
    """The documents of a YAML file, each with the line on which it begins (from 1).

    Args:
        text: The file's content.
        file: How to call the file in an error.

    Raises:
        InputError: If it is not YAML; the message names file and line.
    """
    try:
        if _may_be_deep(text):
            _refuse_deep(text, file)
        loader = _Loader(text)
        # Without anchors and merge keys each node is built once, and PyYAML's care for those would cost half the time.
        build = loader.construct_document if _SHARED.search(text) else partial(_built, loader)
        try:
            while loader.check_node():
                if (node := loader.get_node()) is not None:
                    yield node.start_mark.line + 1, build(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or "malformed"
        raise InputError(f"{file}:{line}: is not YAML: {problem}; correct that line") from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{file}:1: cannot be read as YAML: {reason}") from error


def resources_of(document: Any, source: str) -> list[Resource] | None:
    """The Kubernetes objects in a document; the items of a List kind are taken one by one.

    Args:
        document: What the YAML or JSON holds.
        source: `file:line` of the document.

    Returns:
        The objects, or None if the document is no Kubernetes object (a values file, say).
    """
    if not isinstance(document, dict):
        return None
    kind, version = document.get("kind"), document.get("apiVersion")
    if not (isinstance(kind, str) and kind and isinstance(version, str) and version):
        return None
    items = document.get("items")
    if kind.endswith("List") and isinstance(items, list):
        member = {"apiVersion": version, "kind": kind.removesuffix("List")} if kind != "List" else {}
        found: list[Resource] = []
        for item in items:
            # Items of a typed list, such as PodList, need not repeat what they are.
            found.extend(resources_of({**member, **item} if isinstance(item, dict) else item, source) or ())
        return found
    return [_resource(document, kind, version, source)]


def _built(loader: _Loader, node: yaml.Node) -> Any:
    tag = node.tag
    if tag == _TEXT:
        if type(node) is yaml.ScalarNode:
            return node.value
    elif tag == _MAPPING:
        if type(node) is yaml.MappingNode:
            return {_key(loader, key): _built(loader, value) for key, value in node.value}
    elif tag == _LIST and type(node) is yaml.SequenceNode:
        return [_built(loader, item) for item in node.value]
    return loader.construct_document(node)


def _key(loader: _Loader, node: yaml.Node) -> Any:
    if node.tag == _TEXT and type(node) is yaml.ScalarNode:
        return node.value
    key = _built(loader, node)
    if not isinstance(key, Hashable):
        raise yaml.constructor.ConstructorError(None, None, "found unhashable key", node.start_mark)
    return key


def _may_be_deep(text: bytes) -> bool:
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match[0] in b"[{" else -1
        if depth > _DEEPEST:
            return True
    return _COMPACT.search(text) is not None


def _refuse_deep(text: bytes, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise InputError(f"{file}:{line}: is nested more than {_DEEPEST} levels deep, the most that is read")


def _resource(document: dict[str, Any], kind: str, version: str, source: str) -> Resource:
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = _text(metadata.get("name")) or _text(metadata.get("generateName")) or "(unnamed)"
    namespace = _text(metadata.get("namespace"))
    full_name = f"{namespace}/{name}" if namespace else name
    token = f"kubernetes:{version if '/' in version else f'core/{version}'}:{kind}"
    return Resource(f"urn:pulumi:files::manifests::{token}::{full_name}", token, full_name, document, source)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
