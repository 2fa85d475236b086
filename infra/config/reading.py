"""The only reader of Pulumi's configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, get_args

import pulumi
from pulumi.runtime import config as runtime_config

from infra.config.rules import rule_problems
from infra.config.stack import StackConfig
from infra.core.errors import ConfigurationError, Problem
from infra.core.labels import Environment
from infra.core.names import PROJECT
from infra.core.validation import validate

SECRET_KEYS = frozenset({"credentials"})
"""Keys whose values are secrets, whatever the file says."""


def load_stack_config(values: Mapping[str, Any], stack: str, *, secret: Collection[str] = ()) -> StackConfig:
    """Check the configuration of a stack, without Pulumi.

    Args:
        values: value of each key of the project, as plain JSON-shaped values. A key such as ``operators.mode``
            overrides that one field.
        stack: the stack's name: the environment, unless ``environment`` is given.
        secret: further top-level keys whose values no error may show.

    Raises:
        ConfigurationError: naming file, field, value, limit and fix of every problem.
    """
    file = f"Pulumi.{stack}.yaml"
    document = _with_overrides(values)
    if "environment" not in document:
        if stack not in get_args(Environment):
            limit = f"a stack of another name than {', '.join(get_args(Environment))} must say which environment it is"
            fix = f"Add {PROJECT}:environment: dev"
            raise ConfigurationError([Problem(file, "environment", "missing", limit, fix)])
        document["environment"] = stack
    config = validate(StackConfig, document, file=file, secret=SECRET_KEYS | set(secret))
    problems = rule_problems(config, file)
    if problems:
        raise ConfigurationError(problems)
    return config


def read_stack_config() -> StackConfig:
    """Read and check the configuration of the running stack.

    Raises:
        ConfigurationError: as ``load_stack_config``.
    """
    prefix = f"{PROJECT}:"
    keys = {*runtime_config.get_config_env(), *runtime_config.CONFIG.get()}
    own = sorted(key.removeprefix(prefix) for key in keys if key.startswith(prefix))
    source = pulumi.Config(PROJECT)
    values = {key: _parsed(key, source.require(key)) for key in own}
    secret = [key.split(".")[0] for key in own if pulumi.runtime.is_config_secret(prefix + key)]
    return load_stack_config(values, pulumi.get_stack(), secret=secret)


def _parsed(key: str, text: str) -> Any:
    """Pulumi hands objects and lists over as JSON, and everything else as the text that was written."""
    number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) and not key.endswith(
        ("accountId", "cpu", "memory", "storage", "version")
    )
    if not (text[:1] in ("{", "[") or text in ("true", "false", "null") or number):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _with_overrides(values: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps({k: v for k, v in values.items() if "." not in k}, default=str))
    for key in sorted(key for key in values if "." in key):
        *path, last = key.split(".")
        place = document
        for part in path:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[last] = values[key]
    return document
