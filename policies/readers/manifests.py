from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from policies.errors import InputError
from policies.model import Resource
from policies.readers.yaml_shape import SwollenError, TooDeepError
from policies.readers.yaml_values import documents_of

_TEMPLATE = re.compile(rb"\{\{-|\{\{[^}\n]*(?:\.Values|\.Release|\.Chart|include )")
_TAB = re.compile(rb" *\t")


def read_yaml(text: bytes, file: str, notes: list[str] | None = None) -> Iterator[tuple[int, Any]]:
    """The documents of a YAML file, each with the line on which it begins (from 1).

    Args:
        text: The file's content.
        file: How to call the file in an error.
        notes: Takes what is no error but should be known, each with file and line.

    Raises:
        InputError: If it is not YAML; the message names file and line.
    """
    twice: list[tuple[int, str]] = []
    try:
        documents = documents_of(text, twice)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or "malformed"
        raise InputError(f"{file}:{line}: is not YAML: {problem}; {_advice(text, line)}") from error
    except yaml.reader.ReaderError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{file}:1: is not text as YAML may hold it: {reason}; save it as UTF-8") from error
    except (TooDeepError, SwollenError) as error:
        raise InputError(f"{file}:{error.line}: {error}") from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{file}:1: cannot be read as YAML: {reason}") from error
    if notes is not None:
        notes += [f"{file}:{line}: the key {key!r} stands there again; the last one counts" for line, key in twice]
    yield from documents


def _advice(text: bytes, line: int) -> str:
    """How to repair what cannot be read, from the mistakes that people make most."""
    lines = text.splitlines()
    there = lines[line - 1] if line <= len(lines) else b""
    if _TEMPLATE.search(text):
        return "it is a template: check what is rendered, as in 'helm template CHART | policies check -'"
    if _TAB.match(there):
        return "the line is indented by a tab, and YAML takes blanks only"
    return "correct that line"


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
