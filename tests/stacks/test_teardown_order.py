"""The teardown of what the program declares: from the dependencies of the registrations, operators installed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.deploy.teardown.ledger import ledger
from sandbox.deploy.teardown.order import CHART, STAGES, prerequisites, stage, violations
from sandbox.engine.events import StepPlanned
from tests.support.renders import rendered
from tests.support.teardown_steps import steps


@pytest.fixture(scope="module", params=["dev", "prod"])
def declared(request: pytest.FixtureRequest) -> list[StepPlanned]:
    return steps(rendered(request.param, operators={"mode": "install"}))


def test_what_controllers_answer_for_goes_before_them_they_before_the_nodes_and_those_before_the_network(
    declared: list[StepPlanned],
):
    assert [each for each in declared if each.type == CHART]
    assert violations(declared) == []


def test_no_stage_needs_something_that_an_earlier_stage_deletes(declared: list[StepPlanned]):
    by_urn = {each.urn: each for each in declared}
    # A certificate is made by cert-manager for a controller; it goes after that controller, and before cert-manager.
    for urn, needs in prerequisites(declared).items():
        own = stage(by_urn[urn])
        if own is None or own in (0, 1, 2):
            continue
        early = {needed for needed in needs if (other := stage(by_urn[needed])) is not None and other in (0, 1, 2)}
        assert not early, f"{urn} ({STAGES[own]}) needs {early}"


def test_a_custom_resource_that_forgets_its_controller_is_found(declared: list[StepPlanned]):
    topic = next(each for each in declared if each.type.endswith(":KafkaTopic"))
    others = [each for each in declared if each is not topic]
    found = violations([*others, replace(topic, dependencies=[])])
    assert any("strimzi" in line for line in found)
    assert all(line.startswith(topic.urn) for line in found)


def test_an_object_that_does_not_go_through_the_cluster_is_found(declared: list[StepPlanned]):
    cluster = next(each for each in declared if each.type == "pulumi:providers:kubernetes")
    free = [replace(each, dependencies=[]) if each is cluster else each for each in declared]
    assert any("NodeGroup" in line for line in violations(free))


def made() -> Iterator[str]:
    yield from ("EBS volume", "log group /aws/eks/", "objects and their versions", "images", "network interfaces")


def test_the_ledger_names_what_nobody_declared(declared: list[StepPlanned]):
    things = [entry.thing for entry in ledger(declared)]
    for word in made():
        assert any(word in thing for thing in things), word
