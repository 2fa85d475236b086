"""Kong's declarative configuration, wherever an object carries it, and what guards each of its routes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.model import Resource
from policies.node import Node
from policies.unknown import UnknownValueError

_ENCODING: Final = "kubernetes:core/v1:Secret"
HOLDERS: Final = frozenset({"kubernetes:core/v1:ConfigMap", _ENCODING})
"""What files are mounted from."""

_FILE: Final = re.compile(r"kong(\.[a-z-]+)?\.(json|ya?ml)")
_MARK: Final = "_format_version"
"""The first field of every such file (Kong Gateway, "Declarative configuration")."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """One route with the plugins that act on its requests.

    Attributes:
        name: The route's name, or its first path.
        plugins: The plugins that are turned on for it: its own, its service's, and those of everything.
    """

    name: str
    plugins: tuple[Mapping[str, Any], ...]

    def having(self, names: Collection[str]) -> list[Mapping[str, Any]]:
        """Those of the plugins that have one of the names."""
        return [plugin for plugin in self.plugins if plugin.get("name") in names]


def kong_files(resource: Resource) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    """Each entry of a ConfigMap or Secret that is such a file, with its content.

    Raises:
        UnknownValueError: The entry is called like one, but what it says is not shown here.
    """
    encoded = resource.type == _ENCODING
    for field in ("data", "stringData") if encoded else ("data",):
        for name, node in resource.root[field].entries():
            called = _FILE.fullmatch(name) is not None
            if not (called or node.known()):
                continue
            text = _decoded(node.text() or "") if encoded and field == "data" else node.text()
            if text is None and called:
                raise UnknownValueError(node.path)
            if text is not None and _MARK in text and (content := _parsed(text)) is not None:
                yield node, content


def routes(content: Mapping[str, Any]) -> Iterator[Guarded]:
    """Every route of a file, with what guards it."""
    everywhere = [*_sections(content, "plugins")]
    services = {service.get("name"): service for service in _sections(content, "services")}
    # Not of the dictionary: services may have no name, or the same.
    placed = [(route, service) for service in _sections(content, "services") for route in _sections(service, "routes")]
    placed += [(route, services.get(_name(route.get("service")), {})) for route in _sections(content, "routes")]
    for route, service in placed:
        found = [*_sections(route, "plugins"), *_sections(service, "plugins")]
        found += [plugin for plugin in everywhere if _acts_on(plugin, route, service)]
        on = tuple(
            plugin
            for plugin in found
            if plugin.get("enabled", True) is not False
            # What acts for some callers only leaves the route open to the others.
            and not plugin.get("consumer")
            and not plugin.get("consumer_group")
        )
        paths = route.get("paths")
        yield Guarded(
            str(route.get("name") or (paths[0] if isinstance(paths, list) and paths else "without a name")), on
        )


def _acts_on(plugin: Mapping[str, Any], route: Mapping[str, Any], service: Mapping[str, Any]) -> bool:
    if "route" in plugin:
        return bool(_name(plugin["route"]) == route.get("name"))
    return "service" not in plugin or bool(_name(plugin["service"]) == service.get("name"))


def _name(reference: Any) -> Any:
    return reference.get("name") if isinstance(reference, dict) else reference


def _sections(holder: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = holder.get(key)
    yield from (item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _parsed(text: str) -> Mapping[str, Any] | None:
    import yaml  # noqa: PLC0415 - only a stack with such a file pays for it

    try:
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None
    return content if isinstance(content, dict) and _MARK in content else None
