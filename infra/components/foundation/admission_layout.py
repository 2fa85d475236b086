"""The policies that the API server asks about every object, read from the files that the rules are written to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import Field

from infra.core.errors import ConfigurationError, Problem
from infra.core.labels import Environment, Ownership, object_labels
from infra.core.models import Args

Manifest = dict[str, Any]

FOLDER = "infra/catalog/admission"
POLICY = "ValidatingAdmissionPolicy"
BINDING = "ValidatingAdmissionPolicyBinding"
_RENEW = "Run `policies admission --out infra/catalog/admission`"


class AdmissionArgs(Args):
    """What is asked at admission, and where it holds."""

    ownership: Ownership
    policies: tuple[Manifest, ...] = Field(min_length=1, description="the policies, as manifests")
    bindings: tuple[Manifest, ...] = Field(min_length=1, description="where they hold in this environment")


def parse_admission(files: Mapping[str, str], ownership: Ownership) -> AdmissionArgs:
    """Take the policies, and the bindings of one environment, from the files of ``infra/catalog/admission``.

    Args:
        files: text of every file, by file name.
        ownership: who answers for them, and in which environment.

    Raises:
        ConfigurationError: a file is no YAML, holds something else, or a binding and a policy have no counterpart.
    """
    own = _bindings_file(ownership.environment)
    if own not in files:
        raise ConfigurationError([Problem(f"{FOLDER}/{own}", "file", "missing", "every environment has one", _RENEW)])
    policies: list[Manifest] = []
    bindings: list[Manifest] = []
    for name, text in sorted(files.items()):
        if name == own:
            bindings += _documents(name, text, BINDING)
        elif not name.startswith("bindings-"):
            policies += _documents(name, text, POLICY)
    problems = [*_unpaired(own, policies, bindings)]
    if problems:
        raise ConfigurationError(problems)
    return AdmissionArgs(ownership=ownership, policies=tuple(policies), bindings=tuple(bindings))


def labelled(manifest: Manifest, ownership: Ownership) -> Manifest:
    """The manifest with the labels that every object carries."""
    name = manifest["metadata"]["name"]
    return {**manifest, "metadata": {"name": name, "labels": object_labels(name, "admission", ownership)}}


def _bindings_file(environment: Environment) -> str:
    return f"bindings-{environment}.yaml"


def _documents(name: str, text: str, kind: str) -> Iterator[Manifest]:
    try:
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        problem = Problem(f"{FOLDER}/{name}", "file", str(error).splitlines()[0], "must be YAML", _RENEW)
        raise ConfigurationError([problem]) from error
    for number, document in enumerate(documents):
        found = document.get("kind") if isinstance(document, dict) else type(document).__name__
        if found != kind:
            limit = f"must be a {kind}"
            raise ConfigurationError([Problem(f"{FOLDER}/{name}", f"[{number}].kind", str(found), limit, _RENEW)])
        yield document


def _unpaired(file: str, policies: list[Manifest], bindings: list[Manifest]) -> Iterator[Problem]:
    there = {policy["metadata"]["name"] for policy in policies}
    bound = {binding["spec"]["policyName"] for binding in bindings}
    for name in sorted(there - bound):
        yield Problem(f"{FOLDER}/{file}", "spec.policyName", "missing", f"nothing binds the policy {name}", _RENEW)
    for name in sorted(bound - there):
        yield Problem(f"{FOLDER}/{file}", "spec.policyName", name, f"there is no such policy in {FOLDER}", _RENEW)
