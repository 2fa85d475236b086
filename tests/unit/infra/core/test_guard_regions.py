import json
from importlib.resources import files

import pytest

from infra.config import load_stack_config
from infra.core.errors import ConfigurationError
from infra.core.guard_regions import REGIONS, known_region
from tests.support.pulumi_mocks import configuration


def test_the_regions_are_those_that_botocore_knows():
    partitions = json.loads(files("botocore").joinpath("data/endpoints.json").read_text("utf-8"))["partitions"]
    public = [each for each in partitions if "-iso" not in each["partition"]]
    assert {region for each in public for region in each["regions"]} == REGIONS


def test_a_region_is_returned_as_it_is():
    assert known_region("eu-central-1") == "eu-central-1"


@pytest.mark.parametrize("region", ["us-east-3", "eu-center-1", "us-eats-1"])
def test_a_misspelt_region_is_refused_with_the_closest_one(region: str):
    values = configuration("prod")
    values["aws"]["region"] = region
    with pytest.raises(ConfigurationError) as caught:
        load_stack_config(values, "prod")
    [problem] = caught.value.problems
    assert (problem.file, problem.field, problem.value) == ("Pulumi.prod.yaml", "aws.region", f'"{region}"')
    assert "Did you mean" in str(problem)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_stack_of_the_cloud_takes_whatever_cluster_happens_to_be_current(stack: str):
    with pytest.raises(ConfigurationError, match=f"cluster.context is null: required in {stack}"):
        load_stack_config(configuration(stack, cluster={"kind": "kubeconfig", "context": None}), stack)
