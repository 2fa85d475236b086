from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from infra.core.errors import ConfigurationError
from policies.model import Resource
from policies.runtime import load_packs
from tests.support.environments import BrokenEnvironment, Environment, broken_environments, valid_environments
from tests.support.pulumi_mocks import configuration, run_program

pytestmark = pytest.mark.soak

FULL = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
PACKS = load_packs()


def _everything(stack: str, values: dict) -> dict:  # type: ignore[type-arg]
    return dict.fromkeys(configuration(stack)) | values


def _whole(value: Any) -> Any:
    """The mocks hand every number over as a float, as the wire does."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@FULL
@given(valid_environments())
def test_every_valid_environment_renders_and_passes_the_policies(environment: Environment) -> None:
    rendered = run_program(environment.stack, **_everything(environment.stack, environment.values))

    assert len(rendered.kubernetes()) > 30
    assert len({resource.urn for resource in rendered.resources}) == len(rendered.resources)
    views = [
        Resource(resource.urn, resource.type, resource.name, _whole(dict(resource.inputs)))
        for resource in rendered.kubernetes()
        if resource.custom
    ]
    for view in views:
        assert PACKS.check_resource(view, stack=environment.stack) == []
    assert PACKS.check_stack(views, stack=environment.stack) == []


@FULL
@given(broken_environments())
def test_every_broken_environment_is_refused_with_the_name_of_its_key(environment: BrokenEnvironment) -> None:
    with pytest.raises(Exception, match="in the configuration; nothing was changed") as caught:
        run_program(environment.stack, **_everything(environment.stack, environment.values))

    assert not isinstance(caught.value, ConfigurationError), "the program ends with a message, not with an exception"
    assert environment.key.split(".")[0] in str(caught.value)
