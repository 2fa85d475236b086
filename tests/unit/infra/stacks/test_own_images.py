import json

import pytest

from infra.config import load_stack_config
from infra.stacks.files import ROOT, read_catalog, read_policies, service_tag
from infra.stacks.images import main, own_images
from infra.stacks.own_images import own_services
from infra.stacks.plan import make_plan
from infra.stacks.platform import PROFILES
from tests.support.pulumi_mocks import configuration


def test_what_is_built_is_what_the_stack_runs():
    [image] = [each for each in own_images("prod") if each.service == "stream-gateway"]
    aws = configuration("prod")["aws"]
    host = f"{aws['accountId']}.dkr.ecr.{aws['region']}.amazonaws.com"
    assert image.reference == f"{host}/analytics-platform/stream-gateway:{service_tag('stream_gateway')}"
    assert (ROOT / image.dockerfile).is_file()
    assert image.service in read_catalog().images


def test_what_a_stack_runs_of_ours_is_what_its_registry_has_room_for_and_what_is_built():
    config = load_stack_config(configuration("local"), "local")
    plan = make_plan(
        config,
        read_catalog(),
        PROFILES["local"],
        tag_of=lambda _: "0123456789ab",
        policies=read_policies(),
        file="Pulumi.local.yaml",
    )
    run = {spec.image.repository for spec in plan.workloads if spec.image.tag == "0123456789ab"}
    assert run == set(own_services(config, PROFILES["local"].kafka))


def test_aws_databases_have_a_job_that_makes_accounts_and_production_has_no_feed():
    built = {stack: {each.service for each in own_images(stack)} for stack in ("dev", "prod")}
    assert built["dev"] - built["prod"] == {"price-feed"}
    assert {"stream-gateway", "database-admin", "prediction-consumer", "mlflow-server"} <= built["prod"]
    local = load_stack_config(configuration("local"), "local")
    assert "database-admin" not in own_services(local, "single-broker")
    none = load_stack_config(configuration("prod", applications=None), "prod")
    assert own_services(none) == ("stream-gateway",)


def test_the_list_is_json_for_a_workflow(capsys: pytest.CaptureFixture[str]):
    assert main(["--stack", "dev"]) == 0
    assert {each["context"] for each in json.loads(capsys.readouterr().out)} == {"apps"}


@pytest.mark.parametrize(("stack", "words"), [("local", "aws is missing"), ("moon", "must be a stack")])
def test_a_stack_without_a_registry_has_nothing_to_build_for(
    stack: str, words: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["--stack", stack]) == 2
    assert words in capsys.readouterr().err
