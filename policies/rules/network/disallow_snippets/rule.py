from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.kinds import group_kind, kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_INGRESS: Final = ("networking.k8s.io", "Ingress")
_OLD_INGRESS: Final = ("extensions", "Ingress")
_CONFIG_MAP: Final = ("core", "ConfigMap")
_KONG: Final = (("configuration.konghq.com", "KongPlugin"), ("configuration.konghq.com", "KongClusterPlugin"))
_CODE_PLUGINS: Final = frozenset({"pre-function", "post-function"})

_SNIPPET = re.compile(r".*/(?:[a-z-]+-)?snippets?\Z")
_DIRECTIVE = re.compile(
    r"\b(?:alias|root)\b[^;]*;|_by_lua|/etc/(?:passwd|shadow|group|nginx|ingress-controller)|/var/run/secrets"
)
_PLACE = re.compile(r"/(?:etc|root|var/run/(?:secrets|kubernetes)|proc)(?:/|\Z)")


@rule(
    id="NET-012",
    title="Disallow code and configuration that is smuggled into the edge proxy",
    severity=Severity.CRITICAL,
    topics=("security", "network", "edge"),
    applies_to=kinds(_INGRESS, _OLD_INGRESS, _CONFIG_MAP, *_KONG),
    rationale=(
        "What stands in a snippet annotation, in an nginx directive or in a Lua function runs in the proxy of all"
        " tenants, and reads its service account's token with every secret that it may read (CVE-2021-25742,"
        " CVE-2021-25745)."
    ),
    remediation=(
        "Use the annotations and plugins made for the purpose; leave allow-snippet-annotations off; let paths begin"
        " with a slash and name no directory of the proxy."
    ),
)
def disallow_snippets(resource: Resource) -> Iterator[Violation]:
    """One violation for each annotation, setting, path or plugin that changes the proxy itself."""
    kind = group_kind(resource)
    root = resource.root
    if kind in _KONG:
        if root["plugin"].text() in _CODE_PLUGINS:
            yield Violation(root["plugin"].path, f"the plugin {root['plugin'].text()} runs code in the gateway")
    elif kind == _CONFIG_MAP:
        setting = root.at("data", "allow-snippet-annotations")
        if setting.text() == "true":
            yield Violation(setting.path, "the controller takes snippets from annotations of every Ingress")
    else:
        yield from _ingress(resource)


def _ingress(resource: Resource) -> Iterator[Violation]:
    for key, item in resource.root.at("metadata", "annotations").entries():
        if _SNIPPET.match(key):
            yield Violation(item.path, f"the annotation {key} writes configuration into the proxy")
        elif _DIRECTIVE.search(item.text() or ""):
            yield Violation(item.path, f"the annotation {key} holds a directive of the proxy")
    for rule_ in resource.root.at("spec", "rules").items():
        for entry in rule_.at("http", "paths").items():
            path = entry["path"]
            text = path.text()
            if text is None:
                continue
            if not text.startswith("/") and entry["pathType"].text() != "ImplementationSpecific":
                yield Violation(path.path, f"the path {text!r} does not begin with a slash")
            elif _PLACE.match(text):
                yield Violation(path.path, f"the path {text!r} names a directory of the proxy")
