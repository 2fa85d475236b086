"""What the program tells each of our services is what the service reads: neither knows the other's code."""

from __future__ import annotations

import base64
import importlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from servicekit.settings import ServiceSettings, SettingsError, load_settings

from tests.support.renders import rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FOLDER = Path(__file__).parents[2] / "apps" / "services"
SERVICES = sorted(path.parent.name for path in FOLDER.glob("*/settings.py"))


def settings_class(package: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"{package}.settings")
    [found] = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, ServiceSettings) and each.__module__ == module.__name__
    ]
    return found


def wrong(package: str) -> list[str]:
    """What is wrong with the variables as they are, but for files that only the cluster has."""
    try:
        load_settings(settings_class(package))
    except SettingsError as error:
        return [line for line in str(error).splitlines()[1:] if "no such file; mount it there" not in line]
    return []


def told(stack: str, package: str) -> dict[str, dict[str, Any]]:
    """Variables of each container of a service, by workload."""
    found = {}
    for resource in rendered(stack).kubernetes():
        if resource.inputs.get("kind") in ("Deployment", "StatefulSet", "Job"):
            for container in resource.inputs["spec"]["template"]["spec"]["containers"]:
                if re.search(rf"(^|/){package.replace('_', '-')}[:@]", container["image"]):
                    found[resource.inputs["metadata"]["name"]] = {
                        each["name"]: each.get("value") for each in container.get("env") or []
                    }
    return found


@pytest.mark.parametrize("package", SERVICES)
@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_every_service_of_a_stack_can_read_what_it_is_told(
    stack: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    key = {"kty": "oct", "k": base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")}
    (tmp_path / "keys").write_text(json.dumps({"keys": [key]}))
    for name in list(os.environ):
        if name.startswith(package.upper()):
            monkeypatch.delenv(name)
    (tmp_path / "secret-arn").write_text("arn:aws:secretsmanager:us-east-1:444455556666:secret:rds!db-1-AbCdEf")
    for variables in told(stack, package).values():
        for name, value in variables.items():
            # Files and secrets are the cluster's; what stands in their place here has their form.
            file = str(tmp_path / ("secret-arn" if name.endswith("_SECRET_ARN_FILE") else "keys"))
            monkeypatch.setenv(name, file if name.endswith("_FILE") else value or "something-0")
        assert wrong(package) == []


def test_the_local_stack_runs_every_service_but_what_makes_accounts_on_aws():
    assert [package for package in SERVICES if not told("local", package)] == ["database_admin"]
    assert told("prod", "database_admin")
