"""The files beside the code of each service say what the code does: OpenAPI document, README, requirements, lock."""

import importlib
import json
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

pytestmark = pytest.mark.filterwarnings("ignore:(read|open)_text is deprecated")  # by kafka-python, of its own files

ROOT = Path(__file__).parents[3]
LIBRARIES, SERVICES = ROOT / "apps" / "libs", ROOT / "apps" / "services"
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
IMPORTED = re.compile(r"^ *(?:from|import) ([\w.]+)(?: import \(?(.*))?", re.MULTILINE)

PACKAGES = sorted(dockerfile.parent.name for dockerfile in SERVICES.glob("*/Dockerfile"))
SETTINGS = {
    "database_admin": "DatabaseAdminSettings",
    "feature_job": "FeatureJobSettings",
    "feature_server": "FeatureServerSettings",
    "model_server": "ModelServerSettings",
    "model_training": "ModelTrainingSettings",
    "prediction_consumer": "PredictionConsumerSettings",
    "price_feed": "PriceFeedSettings",
    "stream_analytics": "StreamAnalyticsSettings",
    "stream_gateway": "StreamGatewaySettings",
}
SERVERS = sorted(document.parent.name for document in SERVICES.glob("*/openapi.json"))
OURS = [package for package in PACKAGES if package != "mlflow_server"]
"""All but the server of others that only starts here."""

BESIDE_THE_DOCUMENT = {"stream_gateway": {"/", "/ws/stream"}}
"""Routes that OpenAPI has no words for: the page and the WebSocket."""

MODULES = {"pyjwt": "jwt", "kafka-python": "kafka", "mlflow-skinny": "mlflow"}
"""Modules that are not named like their distribution."""

BROUGHT_ALONG = {"starlette", "pydantic_core"}
"""By FastAPI and pydantic, whose types they are."""

NEVER_IMPORTED = {"arch"}
"""Installed for the file of prices in it."""

every_image = pytest.mark.parametrize("package", PACKAGES)
every_program = pytest.mark.parametrize("package", OURS)
every_server = pytest.mark.parametrize("package", SERVERS)


def readme(package: str) -> str:
    return (SERVICES / package / "README.md").read_text()


def document(package: str) -> dict[str, Any]:
    return json.loads((SERVICES / package / "openapi.json").read_text())  # type: ignore[no-any-return]


def main(package: str, *arguments: str) -> int:
    return importlib.import_module(f"{package}.__main__").main(arguments)  # type: ignore[no-any-return]


def wanted(package: str) -> set[str]:
    lines = (SERVICES / package / "requirements.in").read_text().splitlines()
    return {line for line in lines if not line.startswith("#")}


@every_server
def test_the_committed_openapi_document_is_what_the_service_prints_without_any_setting(
    package: str, capsys: pytest.CaptureFixture[str]
):
    assert main(package, "--openapi") == 0
    assert capsys.readouterr().out == (SERVICES / package / "openapi.json").read_text(), (
        f"renew it: python -m {package} --openapi > apps/services/{package}/openapi.json"
    )


@every_program
def test_the_version_can_be_asked_for_and_is_the_documents(package: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        main(package, "--version")
    name, version = package.replace("_", "-"), importlib.import_module(package).__version__
    assert capsys.readouterr().out == f"{name} {version}\n"
    if package in SERVERS:
        info = document(package)["info"]
        assert (info["title"], info["version"]) == (name, version)
        assert info["description"]


@every_program
def test_a_wrong_setting_ends_it_with_2_and_is_named_with_its_value_and_what_is_right(
    package: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(f"{package.upper()}_LOG_LEVEL", "loud")
    assert main(package) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{package.replace('_', '-')}: the settings are not valid:\n")
    assert f"{package.upper()}_LOG_LEVEL = 'loud': Input should be 'debug', 'info', 'warning' or 'error'" in told


@every_server
def test_every_path_of_the_openapi_document_is_in_the_readme_and_no_other(package: str):
    listed = set(re.findall(r"^\| `(/[\w/{}-]*)` \|", readme(package), re.MULTILINE))
    assert listed == BESIDE_THE_DOCUMENT.get(package, set()) | set(document(package)["paths"])


@pytest.mark.parametrize("package", SETTINGS)
def test_every_setting_is_in_the_readme_with_its_default_and_no_other(package: str):
    settings = getattr(importlib.import_module(f"{package}.settings"), SETTINGS[package])
    expected = {}
    for name, field in settings.model_fields.items():
        leaves = {name: field}
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            leaves = {f"{name}_{inner}": leaf for inner, leaf in field.annotation.model_fields.items()}
        for leaf, described in leaves.items():
            default = "required" if described.is_required() else f"`{described.default}`"
            expected[f"{package}_{leaf}".upper()] = default
    assert dict(re.findall(rf"^\| `({package.upper()}_\w+)` \| (\S+) \|", readme(package), re.MULTILINE)) == expected


@every_program
def test_the_image_installs_exactly_the_versions_that_the_tests_run_with(package: str):
    locked = set(LOCKED.findall((SERVICES / package / "requirements.lock").read_text()))
    assert locked
    assert locked <= set(LOCKED.findall((ROOT / "locks" / "dev.txt").read_text()))


@every_program
def test_what_the_image_installs_is_what_pyproject_declares(package: str):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert wanted(package) <= {*declared["dependencies"], *declared["optional-dependencies"]["apps"]}
    locked = dict(LOCKED.findall((SERVICES / package / "requirements.lock").read_text()))
    assert {name.partition("[")[0] for name in wanted(package)} <= set(locked)


@every_program
def test_the_image_installs_what_the_program_and_the_libraries_that_it_reaches_import_and_no_more(package: str):
    names = {name.partition("[")[0] for name in wanted(package)} - NEVER_IMPORTED
    installed = {MODULES.get(name, name.replace("-", "_")) for name in names}
    imported = set().union(*(others_of(file) for file in reached(package))) - BROUGHT_ALONG
    assert {module for module in imported if not any(is_of(module, one) for one in installed)} == set()
    assert {one for one in installed if not any(is_of(module, one) for module in imported)} == set()


def is_of(module: str, installed: str) -> bool:
    """Distributions of one project share a namespace, such as ``opentelemetry``."""
    return installed == module or installed.startswith(f"{module}_")


def reached(package: str) -> set[Path]:
    """The files of ours that a service is, or imports, or its libraries import."""
    found, waiting = set(), set((SERVICES / package).rglob("*.py"))
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting |= ours_of(file) - found
    return found


@cache
def imports_of(file: Path) -> list[tuple[str, str]]:
    return IMPORTED.findall(file.read_text())


def ours_of(file: Path) -> set[Path]:
    found = set()
    for module, names in imports_of(file):
        parts = module.split(".")
        found |= {source(".".join(parts[:length])) for length in range(1, len(parts) + 1)}
        found |= {source(f"{module}.{name.split(' as ')[0].strip()}") for name in names.split(",")}
    return {one for one in found if one is not None}


def others_of(file: Path) -> set[str]:
    modules = {module.partition(".")[0] for module, _ in imports_of(file)}
    return {one for one in modules if one not in sys.stdlib_module_names and source(one) is None}


@cache
def source(module: str) -> Path | None:
    for folder in (LIBRARIES, SERVICES):
        path = folder.joinpath(*module.split("."))
        for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


@every_image
def test_the_lock_carries_hashes_and_no_address(package: str):
    text = (SERVICES / package / "requirements.lock").read_text()
    for requirement in re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in requirement, requirement
    assert "://" not in text
