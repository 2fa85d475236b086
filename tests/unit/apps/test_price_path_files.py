"""The files beside the code of the price path's services say what the code does."""

import importlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

ROOT = Path(__file__).parents[3]
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
SERVICES = {
    "price_feed": "PriceFeedSettings",
    "prediction_consumer": "PredictionConsumerSettings",
    "feature_job": "FeatureJobSettings",
    "feature_server": "FeatureServerSettings",
    "stream_analytics": "StreamAnalyticsSettings",
}

JOBS = {"feature_job"}
"""They end, and serve nothing."""

all_of_them = pytest.mark.parametrize("package", SERVICES)
servers = pytest.mark.parametrize("package", [name for name in SERVICES if name not in JOBS])


def folder(package: str) -> Path:
    return ROOT / "apps" / "services" / package


def command(package: str) -> Any:
    return importlib.import_module(f"{package}.__main__")


@servers
def test_the_committed_openapi_document_is_what_the_service_serves(package: str):
    assert (folder(package) / "openapi.json").read_text() == command(package).openapi(), (
        f"renew it: python -m {package} --openapi > apps/services/{package}/openapi.json"
    )


@servers
def test_the_openapi_document_can_be_printed_without_any_setting(package: str, capsys: pytest.CaptureFixture[str]):
    assert command(package).main(["--openapi"]) == 0
    assert json.loads(capsys.readouterr().out)["info"]["title"] == package.replace("_", "-")


@servers
def test_every_path_of_the_openapi_document_is_in_the_readme_and_no_other(package: str):
    listed = set(re.findall(r"^\| `(/[\w/{}]+)` \|", (folder(package) / "README.md").read_text(), re.MULTILINE))
    assert listed == set(json.loads((folder(package) / "openapi.json").read_text())["paths"])


@all_of_them
def test_every_setting_is_in_the_readme_with_its_default_and_no_other(package: str):
    settings = getattr(importlib.import_module(f"{package}.settings"), SERVICES[package])
    expected = {}
    for name, field in settings.model_fields.items():
        leaves = {name: field}
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            leaves = {f"{name}_{inner}": leaf for inner, leaf in field.annotation.model_fields.items()}
        for leaf, described in leaves.items():
            default = "required" if described.is_required() else f"`{described.default}`"
            expected[f"{package}_{leaf}".upper()] = default
    readme = (folder(package) / "README.md").read_text()
    assert dict(re.findall(rf"^\| `({package.upper()}_\w+)` \| (\S+) \|", readme, re.MULTILINE)) == expected


@all_of_them
def test_the_image_installs_exactly_the_versions_that_the_tests_run_with(package: str):
    lock = set(LOCKED.findall((folder(package) / "requirements.lock").read_text()))
    tested = set(LOCKED.findall((ROOT / "locks" / "dev.txt").read_text()))
    assert lock
    assert lock <= tested


@all_of_them
def test_what_the_image_installs_is_what_pyproject_declares(package: str):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = {*declared["dependencies"], *declared["optional-dependencies"]["apps"]}
    wanted = {line for line in (folder(package) / "requirements.in").read_text().splitlines() if line[0] != "#"}
    assert wanted <= known
    locked = dict(LOCKED.findall((folder(package) / "requirements.lock").read_text()))
    assert {name.partition("[")[0] for name in wanted} <= set(locked)


@all_of_them
def test_the_lock_carries_hashes_and_no_address(package: str):
    text = (folder(package) / "requirements.lock").read_text()
    for requirement in re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in requirement, requirement
    assert "://" not in text


@all_of_them
def test_the_image_is_built_from_exact_tags_and_runs_as_a_numeric_user_that_is_not_root(package: str):
    text = (folder(package) / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"docker\.io/library/python:\d+\.\d+\.\d+-slim-\w+", bases[0])
    assert int(re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE)[-1][0]) > 0


@all_of_them
def test_every_library_of_ours_that_the_service_imports_is_copied_into_its_image(package: str):
    libraries = {path.name for path in (ROOT / "apps" / "libs").iterdir() if (path / "__init__.py").is_file()}
    imported = set()
    for source in folder(package).rglob("*.py"):
        imported |= set(re.findall(r"^(?:from|import) (\w+)", source.read_text(), re.MULTILINE))
    text = (folder(package) / "Dockerfile").read_text()
    ignored = (folder(package) / "Dockerfile.dockerignore").read_text()
    for library in imported & libraries:
        assert f"COPY libs/{library} /app/{library}\n" in text
        assert f"!libs/{library}\n" in ignored
