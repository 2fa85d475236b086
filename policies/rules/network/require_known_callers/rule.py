from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.kong import HOLDERS, Guarded, kong_files, routes
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_KNOWING: Final = frozenset(
    {
        "basic-auth",
        "header-cert-auth",
        "hmac-auth",
        "jwt",
        "jwt-signer",
        "key-auth",
        "key-auth-enc",
        "ldap-auth",
        "ldap-auth-advanced",
        "mtls-auth",
        "oauth2",
        "oauth2-introspection",
        "openid-connect",
        "saml",
        "vault-auth",
    }
)
"""Plugins of Kong's that refuse callers whom they do not know (Kong Plugin Hub, "Authentication")."""

_COUNTING: Final = frozenset({"rate-limiting", "rate-limiting-advanced"})


@rule(
    id="NET-031",
    title="Require each route of Kong to know its caller and to count requests",
    severity=Severity.HIGH,
    topics=("security", "network", "edge", "exposure"),
    frameworks=("owasp-api-security:API2", "owasp-api-security:API4"),
    applies_to=Types(HOLDERS),
    rationale=(
        "A gateway passes on whatever no plugin refuses. One route that was added without them is open to everybody, as"
        " often as they like, and nothing else shows it: the others still ask for a token."
    ),
    remediation=(
        "Give the route, its service or the whole file a plugin that asks who calls (jwt, openid-connect, key-auth)"
        " without an anonymous consumer, a jwt that also verifies exp, and one that counts (rate-limiting)."
    ),
)
def require_known_callers(resource: Resource) -> Iterator[Violation]:
    """One violation for each route that lets somebody in unknown, for ever, or without end.

    Raises:
        UnknownValueError: The file is not shown here.
    """
    for node, content in kong_files(resource):
        for route in routes(content):
            for problem in _problems(route):
                yield Violation(node.path, f"the route {route.name!r} {problem}")


def _problems(route: Guarded) -> Iterator[str]:
    knowing = route.having(_KNOWING)
    if not knowing:
        yield "asks nobody who they are"
    for plugin in knowing:
        settings = _settings(plugin)
        if settings.get("anonymous"):
            yield f"lets callers in whom {plugin['name']} does not know, as an anonymous consumer"
        if plugin["name"] == "jwt" and "exp" not in (settings.get("claims_to_verify") or ()):
            yield "takes tokens whose time is over: claims_to_verify of jwt lacks exp"
    if not route.having(_COUNTING):
        yield "counts no requests"


def _settings(plugin: Mapping[str, Any]) -> Mapping[str, Any]:
    found = plugin.get("config")
    return found if isinstance(found, dict) else {}
