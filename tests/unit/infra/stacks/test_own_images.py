import json

import pytest

from infra.stacks.files import ROOT, read_catalog, service_tag
from infra.stacks.images import main, own_images

from tests.support.pulumi_mocks import configuration


def test_what_is_built_is_what_the_stack_runs():
    [image] = [each for each in own_images("prod") if each.service == "stream-gateway"]
    aws = configuration("prod")["aws"]
    host = f"{aws['accountId']}.dkr.ecr.{aws['region']}.amazonaws.com"
    assert image.reference == f"{host}/analytics-platform/stream-gateway:{service_tag('stream_gateway')}"
    assert (ROOT / image.dockerfile).is_file()
    assert image.service in read_catalog().images


def test_the_list_is_json_for_a_workflow(capsys: pytest.CaptureFixture[str]):
    assert main(["--stack", "dev"]) == 0
    assert {each["context"] for each in json.loads(capsys.readouterr().out)} == {"apps"}


@pytest.mark.parametrize(("stack", "words"), [("local", "aws is missing"), ("moon", "must be a stack")])
def test_a_stack_without_a_registry_has_nothing_to_build_for(
    stack: str, words: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["--stack", stack]) == 2
    assert words in capsys.readouterr().err
