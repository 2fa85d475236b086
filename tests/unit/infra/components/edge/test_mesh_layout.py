"""What is rendered for the mesh, against the schemas of Istio's own definitions."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema
import pytest

from infra.components.edge.mesh_layout import DEFINITIONS, namespace_manifests, wiring_manifests
from infra.core.labels import OWNER_LABEL
from infra.core.wiring import External
from infra.stacks.files import read_definitions
from tests.support.strict_schemas import strict
from tests.support.wirings import HTTP, OWNERSHIP, client, server, wired

GRAPH = wired(server(), client("feed", "two", HTTP, External(host="api.example.org")))
MANIFESTS = dict([*namespace_manifests("two", OWNERSHIP), *wiring_manifests(GRAPH, OWNERSHIP)])


@cache
def definitions() -> dict[str, dict[str, Any]]:
    return {definition["spec"]["names"]["kind"]: definition for definition in read_definitions(DEFINITIONS)}


def check(manifest: dict[str, Any]) -> None:
    definition = definitions()[manifest["kind"]]
    group, version = manifest["apiVersion"].split("/")
    (schema,) = [v["schema"]["openAPIV3Schema"] for v in definition["spec"]["versions"] if v["name"] == version]
    assert group == definition["spec"]["group"]
    jsonschema.validate(manifest["spec"], strict(schema["properties"]["spec"]))


@pytest.mark.parametrize("role", sorted(MANIFESTS))
def test_every_object_is_one_that_istio_knows(role: str):
    check(MANIFESTS[role])


def test_the_check_refuses_an_unknown_field():
    manifest = MANIFESTS["two-strict-mtls"]
    with pytest.raises(jsonschema.ValidationError, match="mtlz"):
        check({**manifest, "spec": {"mtlz": {}}})


def test_roles_are_named_after_the_namespace_and_the_server_or_the_host():
    assert sorted(MANIFESTS) == [
        "one-server-callers",
        "two-default-deny",
        "two-outside-api.example.org",
        "two-strict-mtls",
    ]


def test_every_object_says_who_owns_it():
    assert {manifest["metadata"]["labels"][OWNER_LABEL] for manifest in MANIFESTS.values()} == {"me"}


def test_the_definitions_are_those_of_the_kinds_that_are_used():
    assert set(definitions()) == {"AuthorizationPolicy", "PeerAuthentication", "ServiceEntry"}
    assert {d["metadata"]["name"].partition(".")[2] for d in definitions().values()} == {
        "security.istio.io",
        "networking.istio.io",
    }
