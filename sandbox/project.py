"""Reads Pulumi.yaml and Pulumi.<stack>.yaml as Pulumi does: project, program folder, configuration, secrets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import ConfigurationError
from sandbox.passphrase import Passphrase


@dataclass(frozen=True)
class Project:
    """A Pulumi project.

    Attributes:
        root: the folder with Pulumi.yaml.
        name: the project's name.
        main: the program's folder inside it.
    """

    root: Path
    name: str
    main: str

    def stack_file(self, stack: str) -> Path:
        """Return where a stack's configuration stands."""
        return self.root / f"Pulumi.{stack}.yaml"

    def stacks(self) -> list[str]:
        """Return the stacks that have a configuration."""
        return sorted(path.name.split(".")[1] for path in self.root.glob("Pulumi.*.yaml"))


@dataclass(frozen=True)
class StackConfiguration:
    """A stack's configuration as the SDK reads it.

    Attributes:
        values: full keys (`<project>:<key>`) and their values as text; objects and lists are JSON.
        secret_keys: the keys whose values are secret.
    """

    values: dict[str, str] = field(default_factory=dict)
    secret_keys: list[str] = field(default_factory=list)

    def with_changes(self, project: str, changes: Mapping[str, Any]) -> StackConfiguration:
        """Return a copy with other values, by dotted path below the project (`operators.mode`).

        Raises:
            ConfigurationError: a path leads into something that is no mapping.
        """
        values = dict(self.values)
        for dotted, value in changes.items():
            _override(values, project, dotted, value)
        return StackConfiguration(values, self.secret_keys)


def load_project(root: Path) -> Project:
    """Read Pulumi.yaml.

    Raises:
        ConfigurationError: it is missing, is no YAML, or lacks its name.
    """
    path = root / "Pulumi.yaml"
    data = _read(path)
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigurationError("the project has no name", where=f"{path.name}: name", fix="set name: to a text")
    return Project(root, name, str(data.get("main", ".")))


def load_stack(
    project: Project,
    stack: str,
    *,
    environment: Mapping[str, str] = os.environ,
) -> StackConfiguration:
    """Read a stack's configuration.

    Args:
        project: the project.
        stack: the stack's name.
        environment: where the passphrase of `secure:` values is looked for.

    Raises:
        ConfigurationError: the file is missing or is no YAML, or a secure value cannot be read.
    """
    path = project.stack_file(stack)
    if not path.exists():
        known = ", ".join(project.stacks()) or "none"
        raise ConfigurationError(
            f"there is no stack {stack!r}", where=path.name, fix=f"use one of: {known}; or write that file"
        )
    data = _read(path)
    config = data.get("config") or {}
    if not isinstance(config, dict):
        raise ConfigurationError("config is not a mapping", where=f"{path.name}: config", fix="write keys and values")
    passphrase = Passphrase(path.name, data, environment)
    values: dict[str, str] = {}
    secret_keys: list[str] = []
    for key, value in config.items():
        full = key if ":" in key else f"{project.name}:{key}"
        plain, secret = passphrase.reveal(full, value)
        values[full] = plain if isinstance(plain, str) else json.dumps(plain)
        if secret:
            secret_keys.append(full)
    return StackConfiguration(values, secret_keys)


def _override(values: dict[str, str], project: str, dotted: str, value: Any) -> None:
    top, *rest = dotted.split(".")
    key = f"{project}:{top}"
    if not rest:
        values[key] = value if isinstance(value, str) else json.dumps(value)
        return
    tree = here = _mapping(values.get(key, "{}"), dotted)
    for step in rest[:-1]:
        here = _mapping(here.setdefault(step, {}), dotted)
    here[rest[-1]] = value
    values[key] = json.dumps(tree)


def _mapping(value: Any, dotted: str) -> dict[str, Any]:
    if isinstance(value, str):
        with suppress(ValueError):
            value = json.loads(value)
    if not isinstance(value, dict):
        raise ConfigurationError(
            f"{dotted} leads into a value that is no mapping", where=dotted, fix="set the whole value, or another key"
        )
    return value


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that is there twice, as the Pulumi CLI does: the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node.

        Raises:
            ConstructorError: a key is there twice.
        """
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no {path.name} here", where=str(path.parent), fix="run the command in the project's folder"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error}", where=str(path)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path.name}, line {mark.line + 1}" if mark else path.name
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise ConfigurationError(f"not valid YAML: {problem}", where=where, fix="mend that line") from error
    if not isinstance(data, dict):
        raise ConfigurationError(
            f"{path.name} is not a mapping of keys to values", where=str(path), fix="write key: value"
        )
    return data
