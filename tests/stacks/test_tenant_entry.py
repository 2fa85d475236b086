"""What follows from one tenant's entry, and what becomes of it without: over the whole of prod."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from infra.core.catalog.catalog import Catalog
from infra.stacks import platform
from tests.support.pulumi_mocks import Registered, Rendered, configuration, run_program
from tests.support.renders import defaults, rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TENANT = "external-partner"
SHARED = {
    "cluster-on-demand": "the share of the quota that tenants leave",
    "cluster-spot": "the share of the quota that tenants have",
    "feature-job-job": "whose online stores it fills",
    "governance-artifact-opa-data": "who may read what",
    "governance-opa-config": "where that is found",
    "governance-opa-deployment": "which is rolled out",
    "mesh-platform-streaming-kafka-callers": "who may call the brokers",
    "stream-gateway-deployment": "who may read which streams",
}
"""What is everybody's and says something about each tenant, by name, with what it says."""


def changed(change: Mapping[str, Any]) -> Rendered:
    catalog: Catalog = platform.read_catalog()
    tenants = {**catalog.tenants, TENANT: catalog.tenants[TENANT].model_copy(update=change)}
    with mock.patch.object(platform, "read_catalog", return_value=replace(catalog, tenants=tenants)):
        return run_program("prod", **defaults("prod"))


def with_it() -> Rendered:
    return rendered("prod")


def without() -> Rendered:
    return rendered("prod", tenants=[name for name in configuration("prod")["tenants"] if name != TENANT])


def resources(found: Rendered) -> Mapping[tuple[str, str], Registered]:
    return {(one.type, one.name): one for one in found.resources}


def test_a_tenants_entry_adds_only_what_is_its_own():
    more, less = resources(with_it()), resources(without())
    assert set(less) <= set(more)
    own = set(more) - set(less)
    assert len(own) > 25
    assert [name for _, name in own if TENANT not in name] == []


def test_nothing_of_a_tenant_stays_without_its_entry_but_what_holds_its_records():
    left = [one for one in without().resources if TENANT in one.name]
    assert {one.type.rpartition(":")[2] for one in left} <= {"KafkaTopic"}
    assert all(one.request.protect and one.request.retainOnDelete for one in left)


def test_everybody_elses_objects_are_the_same_with_and_without_a_tenant():
    more, less = resources(with_it()), resources(without())
    changed = {key[1] for key in set(more) & set(less) if more[key].inputs != less[key].inputs}
    assert changed <= set(SHARED), "these change with a tenant that they are not about"


def test_an_entry_says_everything_there_is_to_a_tenant():
    own = {one.type.rpartition(":")[2] for one in with_it().resources if TENANT in one.name}
    assert own >= {
        "Namespace",
        "ResourceQuota",
        "LimitRange",
        "Role",
        "RoleBinding",
        "NetworkPolicy",
        "PeerAuthentication",
        "AuthorizationPolicy",
        "ServiceAccount",
        "KafkaUser",
        "KafkaTopic",
        "Secret",
        "Policy",
        "PodIdentityAssociation",
        "Budget",
    }


def test_no_update_deletes_a_tenant_that_is_not_said_to_leave():
    def namespace(found: Rendered) -> Registered:
        return found.named(f"tenancy-tenant-{TENANT}")

    assert namespace(with_it()).request.protect
    leaving = changed({"leaving": True})
    assert not namespace(leaving).request.protect
    assert not namespace(leaving).request.retainOnDelete
    assert [one.name for one in leaving.of_type(":Namespace") if not one.request.protect] == [
        f"tenancy-tenant-{TENANT}"
    ]
