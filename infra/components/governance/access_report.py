"""What the policy engine decides by, and what is delivered to the engines, as a page that a reviewer reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from infra.components.governance.artifacts import Artifact
from infra.core.data.classes import LEVELS
from infra.core.markdown import table


def access_report(document: Mapping[str, Any], artifacts: Iterable[Artifact]) -> str:
    """Markdown: roles by purpose and action, each role's view of each class, tenants' clearances, artifacts.

    Args:
        document: what the policy engine decides by; see ``access_document``.
        artifacts: what is delivered to the engines.
    """
    sections = (_roles(document), _classes(document), _tenants(document), _artifacts(artifacts))
    return "\n".join(line for section in sections for line in section).rstrip() + "\n"


def _ordered(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted(document["roles"].items(), key=lambda entry: int(entry[1]["order"]))


def _roles(document: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Who may do what, for which purpose", "")
    yield from ("Of several roles the first one counts that may do what is asked for the purpose that is given.", "")
    rows = [
        (name, ", ".join(_actions(role)), ", ".join(role["purposes"]), role["rows"])
        for name, role in _ordered(document)
    ]
    yield from table(("role", "may", "for", "rows"), rows)


def _actions(role: Mapping[str, Any]) -> Iterator[str]:
    yield "read"
    if role["writes"]:
        yield "write"
    if role["detokenizes"]:
        yield "detokenize"


def _classes(document: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## How each role sees each class", "")
    roles = _ordered(document)
    rows = [(name, *(role["treatments"].get(name, "hidden") for _, role in roles)) for name in document["classes"]]
    yield from table(("class", *(name for name, _ in roles)), rows)


def _tenants(document: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Up to which level each tenant's readers see clear content", "")
    rows = [
        (name, *("clear" if each in tenant["clearance"] else "hidden" for each in LEVELS))
        for name, tenant in sorted(document["tenants"].items())
    ]
    yield from table(("tenant", *LEVELS), rows)


def _artifacts(artifacts: Iterable[Artifact]) -> Iterator[str]:
    yield from ("## Delivered to the engines", "")
    rows = [(each.kind, f"`{each.name}`", str(len(each.files)), str(each.size)) for each in artifacts]
    yield from table(("kind", "ConfigMap", "files", "bytes"), rows)
