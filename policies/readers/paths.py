from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from policies.errors import InputError
from policies.model import Resource
from policies.readers.manifests import read_yaml, resources_of
from policies.readers.state import holds_state, resources_of_state
from policies.readers.unknowns import RENDERED, lists_unknowns, with_unknowns

_SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """What was read.

    Attributes:
        resources: The resources, in the order of reading.
        skipped: `file:line` of documents in folders that are no Kubernetes objects and no Pulumi state.
        files: The files that were read.
        notes: What is no error but should be known, each with file and line.
    """

    resources: list[Resource] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_paths(paths: Iterable[str]) -> Input:
    """Read manifests and state files.

    Args:
        paths: Files, folders (searched for .yaml, .yml and .json, hidden folders left out), or `-` for standard input.

    Raises:
        InputError: If a path cannot be read, is not YAML or JSON, or there is nothing to check in what was named.
    """
    found = Input()
    empty = True
    for path in paths:
        if not path:
            raise InputError("a path is empty; is a variable not set?")
        if path == STDIN:
            empty &= _read(sys.stdin.buffer.read(), "standard input", found, named=True)
        elif Path(path).is_dir():
            for file in _files_in(path):
                empty &= _read(_bytes_of(file), file, found, named=False)
        else:
            empty &= _read(_bytes_of(path), path, found, named=True)
    named = ", ".join("standard input" if path == STDIN else path for path in paths)
    if not found.files:
        raise InputError(f"{named}: holds no .yaml, .yml or .json file; name the folder of the manifests")
    if empty:
        raise InputError(f"{named}: holds no Kubernetes object and no Pulumi state, so nothing was checked")
    return found


def _files_in(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(Path(folder), onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        prefix = "" if parent == os.curdir else parent if parent.endswith(os.sep) else parent + os.sep
        for name in sorted(files):
            if name.endswith(_SUFFIXES):
                yield prefix + name


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot be read: {error.strerror or error}") from error


def _bytes_of(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from error


def _read(text: bytes, file: str, found: Input, *, named: bool) -> bool:
    """Take what a file holds; the answer is whether that is nothing at all, not even an empty list or state."""
    found.files.append(file)
    before = len(found.resources)
    skipped: list[str] = []
    empty = False
    marked = RENDERED.encode() in text
    for source, document in _documents(text, file, found.notes):
        if document is None or lists_unknowns(document):
            continue
        resources = _resources(document, source, file, marked=marked)
        if resources is None:
            skipped.append(source)
        else:
            empty = empty or not resources
            found.resources.extend(resources)
    if named and skipped and len(found.resources) == before and not empty:
        raise InputError(
            f"{skipped[0]}: is no Kubernetes object (apiVersion and kind) and no Pulumi state; check the path"
        )
    found.skipped.extend(skipped)
    return len(found.resources) == before and not empty


def _resources(document: object, source: str, file: str, *, marked: bool) -> list[Resource] | None:
    try:
        # Most files have no such mark, and walking through each document would cost more than checking it.
        document = with_unknowns(document) if marked else document
        return resources_of_state(document, file) if holds_state(document) else resources_of(document, source)
    except RecursionError as error:
        raise InputError(f"{source}: is nested too deeply, or an alias refers to itself; write it out") from error


def _documents(text: bytes, file: str, notes: list[str]) -> Iterator[tuple[str, object]]:
    if file.endswith(".json") and text.lstrip()[:1] == b"{":
        try:
            yield f"{file}:1", json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"{file}:{error.lineno}: is not JSON: {error.msg}; correct that line") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file}:1: cannot be read as JSON: {error}") from error
        return
    for line, document in read_yaml(text, file, notes):
        yield f"{file}:{line}", document
