"""What the program registered, as the steps of a plan that a teardown is judged by."""

from __future__ import annotations

from sandbox.engine.events import StepPlanned
from tests.support.pulumi_mocks import Registered, Rendered


def planned(found: Registered) -> StepPlanned:
    """One registration, with everything that it waits for."""
    request = found.request
    dependencies = {
        *request.dependencies,
        *(urn for each in request.propertyDependencies.values() for urn in each.urns),
    }
    return StepPlanned(
        op="create",
        urn=found.urn,
        type=found.type,
        parent=request.parent,
        custom=found.custom,
        provider=found.provider,
        dependencies=sorted(dependencies),
        inputs=dict(found.inputs),
    )


def steps(found: Rendered) -> list[StepPlanned]:
    """Everything that a run registered."""
    return [planned(each) for each in found.resources]
