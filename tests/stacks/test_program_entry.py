"""The program as Pulumi starts it: what it says when it refuses, and how it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
import yaml

from tests.support.pulumi_mocks import ROOT, run_program

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SOURCES = sorted((ROOT / "infra").rglob("*.py"))


def test_a_refused_configuration_ends_the_program_with_its_problems_and_exit_code_2():
    with pytest.raises(pulumi.RunError) as caught:
        run_program("prod", tenents=[], quota={"cpu": "lots", "memory": "400Gi"})
    assert caught.value.exit_code == 2  # type: ignore[attr-defined]
    text = str(caught.value)
    assert text.startswith("2 problems in the configuration; nothing was changed:")
    assert "Pulumi.prod.yaml: tenents is []: unknown key. Did you mean tenants?" in text
    assert "Pulumi.prod.yaml: quota.cpu is" in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_value_that_was_set_as_a_secret_is_not_in_the_refusal():
    with pytest.raises(pulumi.RunError) as caught:
        run_program("prod", secret_keys=("owner",), owner="canary with spaces")
    assert "owner is [secret]" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_misspelt_stack_is_told_what_it_must_say():
    with pytest.raises(pulumi.RunError, match=r"Pulumi\.review\.yaml: environment is missing"):
        run_program("review", file_of="dev")


def test_a_stack_of_any_name_can_say_which_environment_it_is():
    assert run_program("review", file_of="dev", environment="dev", operators={"mode": "crds-only"}).resources


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_default_providers_are_disabled(stack: str):
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    assert config["pulumi:disable-default-providers"] == ["*"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_constructors_stay_short(path: Path):
    text = path.read_text()
    assert text.count("\n") < (80 if path.name == "__main__.py" else 400)
    for name, length in constructors(text):
        assert length < 60, name


def constructors(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    yield node.name, (item.end_lineno or 0) - item.lineno + 1


def test_only_the_stacks_make_providers_and_read_files():
    for path in SOURCES:
        text = path.read_text()
        place = path.relative_to(ROOT / "infra").as_posix()
        if not place.startswith("stacks/"):
            assert ".Provider(" not in text, place
            assert "read_text(" not in text, place
            assert "open(" not in text, place


def test_only_the_configuration_module_reads_pulumis_configuration():
    for path in SOURCES:
        if path.relative_to(ROOT / "infra").as_posix() != "config/reading.py":
            assert "pulumi.Config(" not in path.read_text(), path
