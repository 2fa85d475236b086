"""The runbook of the database names what the program declares, in commands that the AWS command line has."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

from tests.support.renders import rendered

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbooks" / "restore-the-database.md"
COMMAND_LINE_ONLY = {"wait"}


def commands() -> Iterator[list[str]]:
    for block in re.findall(r"```console\n(.*?)```", RUNBOOK.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.split(line.replace("<", "'<").replace(">", ">'"))


def aws_commands() -> list[list[str]]:
    return [command for command in commands() if command[0] == "aws" and command[2] not in COMMAND_LINE_ONLY]


def test_every_option_is_one_that_aws_knows():
    session = botocore.session.get_session()
    assert len(aws_commands()) >= 4
    for _, service, operation, *rest in aws_commands():
        model = session.get_service_model(service)
        names = {xform_name(name, "-"): name for name in model.operation_names}
        members = model.operation_model(names[operation]).input_shape.members
        known = {f"--{xform_name(member, '-')}" for member in members}
        assert {word for word in rest if word.startswith("--")} <= known, operation


def test_every_name_is_one_that_the_program_gives():
    found, text = rendered("prod"), RUNBOOK.read_text()
    declared = {
        found.named("database-instance").inputs["identifier"],
        found.named("database-instance").inputs["finalSnapshotIdentifier"],
        found.named("database-subnets").inputs["name"],
        found.named("database-parameters").inputs["name"],
        found.named("database-alias").inputs["name"].removeprefix("alias/"),
        found.named("backup-vault").inputs["name"],
    }
    made_here = {"analytics-platform-prod-restored", "analytics-platform-prod-before"}
    assert set(re.findall(r"analytics-platform-prod[a-z0-9-]*", text)) == declared | made_here
    (urn,) = set(re.findall(r"urn:pulumi:\S+::database-instance", text))
    assert urn == found.named("database-instance").urn
